import type { ObservedGroup } from '../engines/index.ts';
import type { Event, GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { type Wish, waitsForRoom } from '../reconciler/index.ts';
import { domainViews } from './domain-view.ts';
import type { Ground } from './ground.ts';
import { privatePlace } from './private.ts';
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
    observedAt(ground, new Set(wishes.map(({ host }) => host)), keys, signal),
    ground.runs.runsOf(keys),
    ground.ledger.intervals({ groups: keys }),
  ]);
  const runsBy = Map.groupBy(runs, ({ key }) => key);
  const intervalsBy = Map.groupBy(intervals, ({ group }) => group);
  const nowMs = ground.clock.now();
  const events = await newestEvents(ground, wishes);
  return wishes.map((wish) =>
    viewOf({
      wish,
      observed: observed.get(wish.host)?.get(wish.key),
      runs: runsBy.get(wish.key) ?? [],
      intervals: intervalsBy.get(wish.key) ?? [],
      health: ground.health(wish.key),
      events: events.get(wish.key) ?? [],
      prices: ground.locations[wish.location]?.prices ?? ground.defaultPrices,
      urlOf: ground.edge.urlOf,
      domains: domainViews(ground, wish),
      private: privatePlace(ground, wish),
      nowMs,
    }),
  );
}

/** The groups of a repository, as people look at them. */
export async function glanceAt(
  ground: Ground,
  repository: string,
  signal: AbortSignal,
): Promise<GroupView[]> {
  return glance(
    ground,
    (await ground.desired.list()).filter((wish) => wish.repository === repository),
    signal,
  );
}

/** The groups that these callers have brought up, wherever they came from. */
export async function glanceBy(
  ground: Ground,
  callers: readonly string[],
  signal: AbortSignal,
): Promise<GroupView[]> {
  const wishes = await ground.desired.list();
  return glance(
    ground,
    wishes.filter(({ revision }) => callers.includes(revision.acceptedBy)),
    signal,
  );
}

/** The newest events of one group, and of many those that have not come to rest: one that runs has no failure to tell. */
async function newestEvents({ events }: Ground, wishes: readonly Wish[]): Promise<Map<GroupKey, Event[]>> {
  const unsettled =
    wishes.length === 1 ? wishes : wishes.filter((wish) => wish.settled === null || waitsForRoom(wish));
  return new Map(
    await Promise.all(
      unsettled.map(
        async ({ key }): Promise<[GroupKey, Event[]]> => [
          key,
          await events.events({ group: key, last: LAST_EVENTS }),
        ],
      ),
    ),
  );
}

type Observed = { get(key: GroupKey): ObservedGroup | undefined | 'unknown' };

/** What each host shows; of one whose engine does not answer, everything is unknown. */
async function observedAt(
  { hosts }: Ground,
  names: ReadonlySet<string>,
  keys: readonly GroupKey[],
  signal: AbortSignal,
): Promise<Map<string, Observed>> {
  const [only] = keys;
  const key = keys.length === 1 ? only : undefined;
  const looks = [...names].map(async (name): Promise<[string, Observed]> => {
    try {
      return [name, (await hosts[name]?.engine.observe(signal, key)) ?? new Map()];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return [name, { get: () => 'unknown' }];
    }
  });
  return new Map(await Promise.all(looks));
}
