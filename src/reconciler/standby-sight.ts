import { type Engine, type ObservedStandby, type StandbyWish, standbyName } from '../engines/index.ts';
import { type Pools, type SlotBook, subnetOf } from '../network/index.ts';
import { promisedTo } from './promised.ts';
import type { StandbySight } from './standby-step.ts';
import { type DesiredState, type DrainBook, waitsForRoom } from './wish.ts';

/** A host, as far as sandboxes wait on it. */
export interface StandbyPlace {
  readonly location: string;
  readonly engine: Pick<Engine, 'standby' | 'describe'>;
  readonly pools: Pools;
}

/** Where it is looked at. */
export interface SightParts {
  /** What the settings of a location ask for, on each of its hosts. */
  readonly wanted: (location: string) => readonly StandbyWish[];
  readonly slots: SlotBook;
  readonly drains: Pick<DrainBook, 'all'>;
  readonly desired: Pick<DesiredState, 'list'>;
}

/** What is to be known before a step is taken, apart from what the engine shows. */
export async function sightOf(
  parts: SightParts,
  {
    host,
    place: { location, engine, pools },
    seen,
  }: {
    readonly host: string;
    readonly place: StandbyPlace;
    readonly seen: readonly ObservedStandby[];
  },
  signal: AbortSignal,
): Promise<StandbySight> {
  const isDrained = (await parts.drains.all()).some((each) => each.host === host);
  const wanted = isDrained ? [] : parts.wanted(location);
  const places = await parts.slots.all(host);
  const wishes = await parts.desired.list();
  const facts = wanted.length ? await engine.describe(signal) : { memoryBytes: 0, overheadBytes: 0 };
  const { memoryBytes } = promisedTo(wishes, host, facts.overheadBytes);
  return {
    wanted,
    seen,
    placed: new Set(places.flatMap(({ key }) => standbyName(key) ?? [])),
    taken: new Set(
      places.flatMap(({ key, slot }) => (standbyName(key) === undefined ? [subnetOf(pools, slot)] : [])),
    ),
    freeBytes: facts.memoryBytes - memoryBytes,
    overheadBytes: facts.overheadBytes,
    groupWaits: wishes.some(
      (wish) => wish.location === location && (!wish.host || wish.host === host) && waitsForRoom(wish),
    ),
  };
}
