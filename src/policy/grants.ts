import { type Area, EVERYTHING } from './places.ts';
import { type Caller, type GivenGrant, type Grant, lesserOf, RIGHTS, type Right } from './rights.ts';

/** What the settings say of callers and places. */
export interface Rules {
  /** Environments that ask before they are changed: names, or patterns with `*`. */
  readonly protected: readonly string[];
  /** By name, or `*` for anybody with a token. Absent: the right of a token holds everywhere. */
  readonly callers?: Readonly<Record<string, Right | readonly GivenGrant[]>> | undefined;
}

/** A grant under the ceiling of a token, with the right as the settings give it. */
interface Held extends Grant {
  readonly given: Right;
}

/** The bot's own callers: the command line on its machine, its catching up, and `watch:NAME`. The settings say nothing of them. */
export const OWN_CALLERS: readonly string[] = ['local', 'katabot'];

export const ANYBODY = '*';

const EVERYWHERE: Area = { environments: [EVERYTHING], repositories: [EVERYTHING] };

/** Whether the settings' callers have a say in what this caller may do. */
export function isRuled(rules: Rules, { name, grants }: Caller): boolean {
  return (
    rules.callers !== undefined &&
    grants === undefined &&
    !OWN_CALLERS.includes(name) &&
    !name.startsWith('watch:')
  );
}

/** All that a caller has: what the settings give, but never more than the token allows. */
export function heldBy(rules: Rules, caller: Caller): Held[] {
  if (caller.grants) return caller.grants.map((grant) => ({ ...grant, given: grant.right }));
  if (!isRuled(rules, caller)) {
    const rule = rules.callers === undefined ? 'token' : 'own caller';
    return [{ ...EVERYWHERE, right: caller.right, given: caller.right, rule }];
  }
  return [caller.name, ANYBODY].flatMap((name) =>
    givenTo(rules, name).map(({ right, environments, repositories }, index, all) => {
      const rule = ruleOf(name, index, all);
      const capped = lesserOf(right, caller.right);
      const under = capped === right ? rule : `${rule}, token`;
      return { right: capped, given: right, environments, repositories, rule: under };
    }),
  );
}

/** What the settings give to a name. */
export function givenTo({ callers = {} }: Rules, name: string): readonly GivenGrant[] {
  const given = Object.hasOwn(callers, name) ? callers[name] : undefined;
  return typeof given === 'string' ? [{ ...EVERYWHERE, right: given }] : (given ?? []);
}

/** The same as grants. */
export function namedIn(rules: Rules, name: string): Grant[] {
  return givenTo(rules, name).map((grant, index, all) => ({ ...grant, rule: ruleOf(name, index, all) }));
}

function ruleOf(name: string, index: number, { length }: readonly unknown[]): string {
  return `callers.${name}${length > 1 ? `[${index}]` : ''}`;
}

/** The first of the highest: a caller's own grants stand before those of anybody. */
export function highest<G extends GivenGrant>(grants: readonly G[]): G | undefined {
  return RIGHTS.toReversed()
    .map((right) => grants.find((grant) => grant.right === right))
    .find((grant) => grant !== undefined);
}
