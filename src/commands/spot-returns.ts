import type { Fact } from '../event.ts';
import { createQueue, inTurn, type Wish } from '../reconciler/index.ts';
import { isSpot, returns, wasEvicted } from './evictions.ts';
import type { Ground } from './ground.ts';
import { shortagesFor } from './here-problems.ts';
import { ENGINE_TIMEOUT_MS, factsOf } from './locations.ts';

/** Starts Spot groups again that were evicted, when there is room for them. */
export interface SpotReturns {
  start(): void;
  close(): Promise<void>;
}

/** Room that came without a word of it is found this late. */
const LOOK_EVERY_MS = 60_000;
const NEWEST_EVENTS = 50;
const FREEING: ReadonlySet<Fact['kind']> = new Set(['removed', 'stopped', 'finished']);

export function createSpotReturns(ground: Ground, reportInternal: (error: unknown) => void): SpotReturns {
  const { clock, feed, desired } = ground;
  const closing = new AbortController();
  const look = async () => {
    const stopped = (await desired.list()).filter(
      ({ wanted, host, revision: { group } }) =>
        wanted === 'stopped' && host && isSpot(group) && returns(group),
    );
    for (const wish of stopped.toSorted((a, b) => a.revision.acceptedAtMs - b.revision.acceptedAtMs))
      if (!closing.signal.aborted)
        await inTurn(ground.turns, wish.location, () => comeBack(ground, wish, closing.signal));
  };
  const queue = createQueue<'spot'>({
    clock,
    workers: 1,
    async run(name) {
      await look().catch((error: unknown) => closing.signal.aborted || reportInternal(error));
      queue.addAfter(name, LOOK_EVERY_MS);
    },
  });
  const unlisten = feed.listen(({ fact }) => {
    if (FREEING.has(fact.kind)) queue.add('spot');
  });
  return {
    start: () => queue.add('spot'),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      unlisten();
      await queue.close();
    },
  };
}

/** Groups that wait for room go first: of them each may be a Regular one. */
async function comeBack(ground: Ground, { key }: Wish, closing: AbortSignal): Promise<void> {
  const wishes = await ground.desired.list();
  const wish = wishes.find((each) => each.key === key);
  if (wish?.wanted !== 'stopped') return;
  if (!wasEvicted(await ground.events.events({ group: key, last: NEWEST_EVENTS }))) return;
  if (wishes.some((each) => each.location === wish.location && !each.host && each.wanted === 'running'))
    return;
  if ((await ground.drains.all()).some(({ host }) => host === wish.host)) return;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const facts = await factsOf(ground, wish, signal).catch(() => undefined);
  if (!facts || (await shortagesFor(ground, wish, facts)).length) return;
  await ground.desired.change(key, { wanted: 'running' });
  ground.feed.tell(key, wish.revision.number, { kind: 'starting', by: 'room' });
  ground.wake(key);
}
