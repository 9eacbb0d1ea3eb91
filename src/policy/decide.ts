/** From least to most: read, deploy, operate, administer. */
export const RIGHTS = ['reader', 'deployer', 'operator', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

/** The person (or machine) behind a request, on whatever surface. */
export interface Caller {
  readonly name: string;
  readonly right: Right;
}

/** Policy's answer. A refusal has a stable code and a way forward. */
export type Decision = { allowed: true } | { allowed: false; code: string; message: string; advice: string };

/** Whether a caller has at least the right that a deed needs. */
export function decide(caller: Caller, needed: Right, deed: string): Decision {
  if (RIGHTS.indexOf(caller.right) >= RIGHTS.indexOf(needed)) return { allowed: true };
  return {
    allowed: false,
    code: 'right-missing',
    message: `${caller.name} is ${withArticle(caller.right)} and may not ${deed}; that takes ${withArticle(needed)}.`,
    advice: `Whoever runs the bot can give the right: katabot token create ${caller.name} --right ${needed}`,
  };
}

function withArticle(right: Right): string {
  return /^[aeiou]/.test(right) ? `an ${right}` : `a ${right}`;
}

/** The right of that name, or undefined. */
export function rightNamed(text: string): Right | undefined {
  return RIGHTS.find((right) => right === text);
}
