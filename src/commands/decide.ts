import type { Decision, Right } from '../policy/index.ts';
import type { KnownPlace } from './about.ts';
import type { Ground } from './ground.ts';
import type { Command, Said, Verb } from './verb.ts';

/** Who asks about much, or about what is not there, is told as much of it as they may see. */
export function decideOn(
  { policy }: Ground,
  { caller }: Said,
  { verb, target }: Command,
  right: Right | 'anybody',
  { place, whole, looks }: KnownPlace,
): Decision {
  if (right === 'anybody') return { allowed: true, rule: 'anybody' };
  const deed = verb.takesSecret ? 'keep secrets' : target ? `${verb.name} ${target.name}` : verb.name;
  const decision =
    (right === 'reader' || looks) && !whole
      ? policy.somewhere(caller, right, deed, place)
      : policy.decide(caller, right, deed, place);
  const outdated = caller.asOfMs !== undefined && !isReading(verb) && !verb.retreats;
  return decision.allowed && outdated ? RIGHTS_UNKNOWN : decision;
}

/** Whether a verb takes no more than to look. */
export function isReading({ right }: Verb): boolean {
  return right === 'reader' || right === 'anybody';
}

/** What a role was a while ago is enough to look, and to take something back. */
const RIGHTS_UNKNOWN: Decision = {
  allowed: false,
  code: 'github-away',
  message: 'GitHub does not answer, so nobody can know that you still may do this.',
  advice: 'Looking, stop and rollback go on for a quarter of an hour; say it again when GitHub answers.',
};
