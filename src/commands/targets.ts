import { type GroupKey, groupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Target } from './verb.ts';

/** The key of a verb's group; the parser has made sure that a required one is there. */
export function targetKey(target: Target | undefined): GroupKey {
  if (!target) throw new Failure('usage', 'Which group?', { advice: 'katabot status lists the groups.' });
  return groupKey(target.environment, target.name);
}
