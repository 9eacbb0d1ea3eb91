/** From least to most: read, deploy, operate, administer. */
export const RIGHTS = ['reader', 'deployer', 'operator', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

/** The person (or machine) behind a request, on whatever surface. */
export interface Caller {
  readonly name: string;
  /** The most that the caller's token allows. */
  readonly right: Right;
  /** When the token stops working; absent when it never does. */
  readonly expiresAtMs?: number;
}

/** The right of that name, or undefined. */
export function rightNamed(text: string): Right | undefined {
  return RIGHTS.find((right) => right === text);
}

/** Whether a right holds for what takes `needed`: each holds for itself and for all that is less. */
export function isEnough(right: Right, needed: Right): boolean {
  return RIGHTS.indexOf(right) >= RIGHTS.indexOf(needed);
}

/** The lesser of two rights. */
export function lesserOf(one: Right, other: Right): Right {
  return isEnough(one, other) ? other : one;
}
