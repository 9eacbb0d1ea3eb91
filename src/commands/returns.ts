import type { EngineFacts } from '../engines/index.ts';
import type { Fact, GroupKey } from '../event.ts';
import { createQueue, inTurn, type Wish, waitsForRoom } from '../reconciler/index.ts';
import { missingText } from '../replies/index.ts';
import { evict, isSpot } from './evictions.ts';
import type { Ground } from './ground.ts';
import { roomFor } from './here-problems.ts';
import { aheadOf, compare, tellQueued } from './line.ts';
import { ENGINE_TIMEOUT_MS, factsOf } from './locations.ts';

/** Starts stopped groups that wait for room on their hosts, when there is some: Spot groups that were evicted, and who waits in line. */
export interface Returns {
  start(): void;
  close(): Promise<void>;
}

/** Room that came without a word of it is found this late. */
const LOOK_EVERY_MS = 60_000;
/** What makes room, or has taken some and is no longer before them. */
const FREEING: ReadonlySet<Fact['kind']> = new Set(['removed', 'stopped', 'finished', 'placed']);

export function createReturns(ground: Ground, reportInternal: (error: unknown) => void): Returns {
  const { clock, feed, desired } = ground;
  const closing = new AbortController();
  const look = async () => {
    const waiting = (await desired.list()).filter((wish) => wish.host && waitsForRoom(wish));
    for (const wish of waiting.toSorted(compare))
      if (!closing.signal.aborted)
        await inTurn(ground.turns, wish.location, () => comeBack(ground, wish, closing.signal));
  };
  const queue = createQueue<'look'>({
    clock,
    workers: 1,
    async run(name) {
      await look().catch((error: unknown) => closing.signal.aborted || reportInternal(error));
      queue.addAfter(name, LOOK_EVERY_MS);
    },
  });
  const unlisten = feed.listen(({ fact }) => {
    if (FREEING.has(fact.kind)) queue.add('look');
  });
  return {
    start: () => queue.add('look'),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      unlisten();
      await queue.close();
    },
  };
}

/** One group, if it is its turn. */
async function comeBack(ground: Ground, { key }: Wish, closing: AbortSignal): Promise<void> {
  const wishes = await ground.desired.list();
  const wish = wishes.find((each) => each.key === key);
  if (!wish?.host || !waitsForRoom(wish)) return;
  if (aheadOf(wishes, wish, ground.locations).length) return tellQueued(ground, wish);
  // Whoever said that it is to start knew of the drain; who was evicted is not to run there all the same.
  if (isSpot(wish.revision.group) && (await ground.drains.all()).some(({ host }) => host === wish.host))
    return;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const facts = await factsOf(ground, wish, signal).catch(() => undefined);
  if (!facts) return tellQueued(ground, wish, missingText(new Map([[wish.host, [{ kind: 'away' }]]])));
  const { shortages, evicts } = await roomFor(ground, wish, facts);
  if (shortages.length) return tellQueued(ground, wish, missingText(new Map([[wish.host, shortages]])));
  if (!(await startInRoom(ground, wish, { facts, evicts }))) return;
  ground.feed.tell(key, wish.revision.number, { kind: 'starting', by: 'room' });
  ground.wake(key);
}

/**
 * Starts a group in the room that was seen for it, in its turn. Gives false where it is wanted no more: a deletion waits for no
 * turn. Runs of before are over, also those that have ended by themselves: containers are compared by the engine's clock.
 */
export async function startInRoom(
  ground: Ground,
  { key }: Pick<Wish, 'key'>,
  { facts, evicts }: { readonly facts: Pick<EngineFacts, 'skewMs'>; readonly evicts: readonly GroupKey[] },
): Promise<boolean> {
  const { desired, clock } = ground;
  const now = await desired.get(key);
  if (!now || now.wanted === 'deleted') return false;
  await evict(ground, evicts);
  return desired.change(key, { wanted: 'running', restartBeforeMs: clock.now() + facts.skewMs });
}
