import { inTurn, type Wish } from '../reconciler/index.ts';
import { isSpot, returns, wasEvicted } from './evictions.ts';
import type { Ground } from './ground.ts';
import { shortagesFor } from './here-problems.ts';
import { ENGINE_TIMEOUT_MS, factsOf } from './locations.ts';

/** Starts Spot groups again that were evicted, when there is room for them. */
export interface SpotReturns {
  start(): void;
  /** Looks now, besides. */
  look(): Promise<void>;
  close(): void;
}

/** Room that came without a word of it is found this late. */
const LOOK_EVERY_MS = 60_000;
const NEWEST_EVENTS = 50;

export function createSpotReturns(ground: Ground, reportInternal: (error: unknown) => void): SpotReturns {
  const { clock, feed, desired } = ground;
  const closing = new AbortController();
  let cancel = () => {};
  const look = async () => {
    const stopped = (await desired.list()).filter(
      ({ wanted, host, revision: { group } }) =>
        wanted === 'stopped' && host && isSpot(group) && returns(group),
    );
    for (const wish of stopped.toSorted((a, b) => a.revision.acceptedAtMs - b.revision.acceptedAtMs))
      if (!closing.signal.aborted) await inTurn(ground.turns, wish.location, () => comeBack(ground, wish));
  };
  const lookSoon = (delayMs: number) => {
    cancel();
    if (closing.signal.aborted) return;
    cancel = clock.after(delayMs, () => {
      void look()
        .catch((error: unknown) => closing.signal.aborted || reportInternal(error))
        .finally(() => lookSoon(LOOK_EVERY_MS));
    });
  };
  const unlisten = feed.listen(({ fact }) => {
    if (['removed', 'stopped', 'finished'].includes(fact.kind)) lookSoon(0);
  });
  return {
    start: () => lookSoon(0),
    look,
    close() {
      closing.abort(new Error('the bot is stopping'));
      unlisten();
      cancel();
    },
  };
}

/** Groups that wait for room go first: of them each may be a Regular one. */
async function comeBack(ground: Ground, { key }: Wish): Promise<void> {
  const wishes = await ground.desired.list();
  const wish = wishes.find((each) => each.key === key);
  if (wish?.wanted !== 'stopped') return;
  if (!wasEvicted(await ground.events.events({ group: key, last: NEWEST_EVENTS }))) return;
  if (wishes.some((each) => each.location === wish.location && !each.host && each.wanted === 'running'))
    return;
  if ((await ground.drains.all()).some(({ host }) => host === wish.host)) return;
  const facts = await factsOf(ground, wish, AbortSignal.timeout(ENGINE_TIMEOUT_MS)).catch(() => undefined);
  if (!facts || (await shortagesFor(ground, wish, facts)).length) return;
  await ground.desired.change(key, { wanted: 'running' });
  ground.feed.tell(key, wish.revision.number, { kind: 'starting', by: 'room' });
  ground.wake(key);
}
