import { triedOf, type Wish, waitsForRoom } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { heldBack } from './change-group.ts';
import { runDelete } from './delete.ts';
import type { Ground } from './ground.ts';
import { lastGood } from './release.ts';
import { goBack } from './rollback.ts';
import { targetKey } from './targets.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Gives up a deploy that has not come up: back to what ran before it, or nothing at all when nothing did. */
export const runCancel: RunVerb = async function* (ground, asked, signal) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
  const tried = triedOf(wish);
  if (tried) return yield* giveUp(ground, asked, wish, tried.revision.number);
  if (wish.host && waitsForRoom(wish))
    return say.alreadySo('cancel', key, 'it waits for room: katabot stop ends that');
  if (wish.settled !== null || wish.wanted !== 'running') {
    return say.alreadySo('cancel', key, 'no deploy of it is under way');
  }
  const before = lastGood(await ground.desired.revisions(key), wish);
  return before
    ? yield* goBack(ground, asked, wish, before, signal)
    : yield* runDelete(ground, asked, signal);
};

/** What is tried beside the one that serves goes; nobody who asks the group sees anything of it. */
async function* giveUp(
  ground: Ground,
  asked: Asked,
  { key, revision: { number: serving } }: Wish,
  number: number,
): AsyncGenerator<Block, Outcome> {
  const blocks = [say.givenUpStage(number, serving)];
  const held = heldBack(asked, key, blocks);
  if (held) return held;
  if (await ground.desired.abandon(key, number))
    ground.feed.tell(key, number, { kind: 'failed', ...say.givenUp(number, asked.caller.name) });
  ground.wake(key);
  yield* blocks;
  return say.changed('cancelled', key, { revision: number, serving });
}
