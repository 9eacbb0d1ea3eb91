import { ANYBODY, givenTo, heldBy, highest, isRuled, namedIn, type Rules } from './grants.ts';
import { type Area, covers, EVERYTHING, holds, type Place, touches } from './places.ts';
import {
  barred,
  callerUnknown,
  type Refusal,
  repositoryRefused,
  rightMissing,
  roleTooLittle,
  tokenLimited,
  tokenTooLittle,
  type Wanted,
} from './refusals.ts';
import { type Caller, type Grant, isEnough, type Right } from './rights.ts';

/** Policy's answer: the rule that allows it, or a refusal with a stable code and a way forward. */
export type Decision = { readonly allowed: true; readonly rule: string } | Refusal;

/** May this caller do this there, and if not, why and what to do. Pure: the same settings give the same answers. */
export interface Policy {
  /** An absent part of the place has to be allowed whole; without any place the question is whether there is one. */
  decide(caller: Caller, needed: Right, deed: string, place?: Place): Decision;
  /** The same for something of the place at least; which part of it, `rightOf` says. */
  somewhere(caller: Caller, needed: Right, deed: string, place: Place): Decision;
  /** The right that a caller has there, and the rule that gives it. */
  rightOf(caller: Caller, place: Place): { right: Right | undefined; rule: string };
  /** Every grant of a caller, for whoami. */
  grantsOf(caller: Caller): readonly Grant[];
  /** What the settings give to a name, for a caller whose grants come from several sides. */
  named(name: string): readonly Grant[];
  /** Whether an environment asks for confirmation. */
  isProtected(environment: string): boolean;
}

export function createPolicy(rules: Rules): Policy {
  return {
    decide: (caller, needed, deed, place = {}) =>
      judge(rules, { caller, needed, deed, place }, wholeOf(place)),
    somewhere: (caller, needed, deed, place) =>
      judge(rules, { caller, needed, deed, place }, (area) => touches(area, place)),
    rightOf(caller, place) {
      const best = highest(heldBy(rules, caller).filter(wholeOf(place)));
      return { right: best?.right, rule: best?.rule ?? 'no rule' };
    },
    grantsOf: (caller) => heldBy(rules, caller).map(({ given: _, ...grant }) => grant),
    named: (name) => namedIn(rules, name),
    isProtected: (environment) => holds(rules.protected, environment),
  };
}

/** Which grants count for a place. */
type Applies = (area: Area) => boolean;

function wholeOf(place: Place): Applies {
  const anywhere = place.environment === undefined && place.repository === undefined;
  return (area) => anywhere || covers(area, place);
}

function judge(rules: Rules, wanted: Wanted, applies: Applies): Decision {
  const best = highest(heldBy(rules, wanted.caller).filter(applies));
  if (best && isEnough(best.right, wanted.needed)) return { allowed: true, rule: best.rule };
  return refusalFor(rules, wanted, applies);
}

function refusalFor(rules: Rules, wanted: Wanted, applies: Applies): Refusal {
  const { caller, needed, place } = wanted;
  if (caller.bar) return barred(wanted, caller.bar);
  if (caller.grants) return roleTooLittle(wanted, roleIn(caller.grants));
  if (!isRuled(rules, caller)) return tokenTooLittle(wanted);
  const held = heldBy(rules, caller);
  const ways = { own: givenTo(rules, caller.name), able: ableCallers(rules, needed, applies) };
  if (!held.length) return callerUnknown(wanted, ways);
  const { repository } = place;
  const isOne = repository !== undefined && repository !== EVERYTHING;
  if (isOne && !held.some((grant) => touches(grant, { repository })))
    return repositoryRefused(wanted, { ...ways, repository });
  const there = held.filter(applies);
  const given = there.find((grant) => isEnough(grant.given, needed));
  if (given) return tokenLimited(wanted, given.given);
  return rightMissing(wanted, ways, highest(there)?.right);
}

/** Of all that somebody has, the role at the code host. */
function roleIn(grants: readonly Grant[]): string | undefined {
  const chat = /^(subscription|callers)\b/;
  return grants.find(({ rule }) => !chat.test(rule))?.rule;
}

/** Who has the right there, by name. */
function ableCallers(rules: Rules, needed: Right, applies: Applies): string[] {
  return Object.keys(rules.callers ?? {}).filter(
    (name) =>
      name !== ANYBODY &&
      givenTo(rules, name).some((grant) => isEnough(grant.right, needed) && applies(grant)),
  );
}
