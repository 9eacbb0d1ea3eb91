import { type Candidate, type Need, type Placement, place, shortagesOn } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { isUp, type Wish } from '../reconciler/index.ts';
import { type Group, groupSize } from '../spec/index.ts';
import type { Ground } from './ground.ts';

// Spot groups run while there is room. Pure, but for the last one.

/** A Spot group that runs on a host. */
export interface Evictable {
  readonly key: GroupKey;
  /** With what the host puts around it. */
  readonly memoryBytes: number;
  readonly acceptedAtMs: number;
}

/** The Spot groups of a host that a Regular one may take the room of. */
export function evictablesOn(
  wishes: readonly Wish[],
  key: GroupKey | undefined,
  { name, facts }: Pick<Candidate, 'name' | 'facts'>,
): Evictable[] {
  return wishes
    .filter((wish) => wish.host === name && wish.key !== key && isUp(wish) && isSpot(wish.revision.group))
    .map((wish) => ({
      key: wish.key,
      memoryBytes: groupSize(wish.revision.group).memoryBytes + (facts?.overheadBytes ?? 0),
      acceptedAtMs: wish.revision.acceptedAtMs,
    }));
}

export function isSpot({ priority }: Pick<Group, 'priority'>): boolean {
  return priority === 'Spot';
}

/** The newest ones that make enough room, and of those only such as are needed; undefined when even all do not. */
export function evictions(
  need: Need,
  candidate: Candidate,
  spots: readonly Evictable[],
): GroupKey[] | undefined {
  const fits = (gone: readonly Evictable[]) => !shortagesOn(need, without(candidate, gone)).length;
  const newestFirst = spots.toSorted((a, b) => b.acceptedAtMs - a.acceptedAtMs || (a.key < b.key ? -1 : 1));
  let gone: Evictable[] = [];
  for (const each of newestFirst) if (!fits(gone)) gone.push(each);
  if (!fits(gone)) return undefined;
  for (const each of gone.toReversed()) {
    const rest = gone.filter((other) => other !== each);
    if (fits(rest)) gone = rest;
  }
  return gone.map(({ key }) => key);
}

function without(candidate: Candidate, gone: readonly Evictable[]): Candidate {
  const freed = gone.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const { promised } = candidate;
  return { ...candidate, promised: { ...promised, memoryBytes: promised.memoryBytes - freed } };
}

/** Where a Regular group goes that fits nowhere as it is: to the host where the fewest Spot groups have to go. */
export function placeByEvicting(
  need: Need,
  candidates: readonly Candidate[],
  spotsOn: (candidate: Candidate) => readonly Evictable[],
):
  | { readonly placement: Extract<Placement, { host: string }>; readonly evicts: readonly GroupKey[] }
  | undefined {
  const ways = candidates.flatMap((candidate) => {
    const spots = spotsOn(candidate);
    const evicts = evictions(need, candidate, spots);
    if (!evicts?.length) return [];
    const placement = place(need, [
      without(
        candidate,
        spots.filter(({ key }) => evicts.includes(key)),
      ),
    ]);
    return 'host' in placement ? [{ placement: { ...placement, asked: candidates.length }, evicts }] : [];
  });
  return ways.toSorted((a, b) => a.evicts.length - b.evicts.length)[0];
}

/** Whether a group that was evicted comes back by itself: not one that is to run once. */
export function returns({ restartPolicy }: Pick<Group, 'restartPolicy'>): boolean {
  return restartPolicy !== 'Never';
}

/** Stops them, and lets them wait for room; one that somebody has stopped meanwhile is not to come back by itself. */
export async function evict(ground: Ground, keys: readonly GroupKey[]): Promise<void> {
  for (const key of keys) {
    const wish = await ground.desired.get(key);
    if (!wish || !isUp(wish)) continue;
    const comesBack = returns(wish.revision.group);
    const waiting = comesBack ? { waitsSinceMs: ground.clock.now() } : {};
    if (!(await ground.desired.change(key, { wanted: 'stopped', ...waiting }, 'running'))) continue;
    ground.feed.tell(key, wish.revision.number, { kind: 'evicted', returns: comesBack });
    ground.wake(key);
  }
}
