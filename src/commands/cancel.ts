import * as say from '../replies/index.ts';
import { runDelete } from './delete.ts';
import { lastGood } from './release.ts';
import { goBack } from './rollback.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Gives up a deploy that has not come up: back to what ran before it, or nothing at all when nothing did. */
export const runCancel: RunVerb = async function* (ground, asked, signal) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
  if (wish.settled !== null || wish.wanted !== 'running') {
    return say.alreadySo('cancel', key, 'no deploy of it is under way');
  }
  const before = lastGood(await ground.desired.revisions(key), wish);
  return before
    ? yield* goBack(ground, asked, wish, before, signal)
    : yield* runDelete(ground, asked, signal);
};
