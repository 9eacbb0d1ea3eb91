import type { ObservedGroup } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Ground } from './ground.ts';
import { type GroupView, viewOf } from './view.ts';

/** How many events of a group that has not settled are searched for its failure. */
const LAST_EVENTS = 50;

/** Many groups as people look at them, with one look at each engine and one at each book, however many there are. */
export async function glance(
  ground: Ground,
  wishes: readonly Wish[],
  signal: AbortSignal,
): Promise<GroupView[]> {
  const keys = wishes.map(({ key }) => key);
  const [observed, runs, intervals] = await Promise.all([
    observedAt(ground, new Set(wishes.map(({ location }) => location)), keys, signal),
    ground.runs.runsOf(keys),
    ground.ledger.intervals({ groups: keys }),
  ]);
  const runsBy = Map.groupBy(runs, ({ key }) => key);
  const intervalsBy = Map.groupBy(intervals, ({ group }) => group);
  const nowMs = ground.clock.now();
  return Promise.all(
    wishes.map(async (wish) =>
      viewOf({
        wish,
        observed: observed.get(wish.location)?.get(wish.key),
        runs: runsBy.get(wish.key) ?? [],
        intervals: intervalsBy.get(wish.key) ?? [],
        // A group that runs has no failure to tell.
        events:
          wish.settled === null ? await ground.events.events({ group: wish.key, last: LAST_EVENTS }) : [],
        prices: ground.locations[wish.location]?.prices ?? ground.defaultPrices,
        urlOf: ground.edge.urlOf,
        nowMs,
      }),
    ),
  );
}

type Observed = { get(key: GroupKey): ObservedGroup | undefined | 'unknown' };

/** What each location shows; of one whose engine does not answer, everything is unknown. */
async function observedAt(
  { locations }: Ground,
  names: ReadonlySet<string>,
  keys: readonly GroupKey[],
  signal: AbortSignal,
): Promise<Map<string, Observed>> {
  const [only] = keys;
  const key = keys.length === 1 ? only : undefined;
  const looks = [...names].map(async (name): Promise<[string, Observed]> => {
    try {
      return [name, (await locations[name]?.engine.observe(signal, key)) ?? new Map()];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return [name, { get: () => 'unknown' }];
    }
  });
  return new Map(await Promise.all(looks));
}
