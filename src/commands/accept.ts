import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { besideKey, domainTaken, labelTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import { inTurn, triedOf, type Wish } from '../reconciler/index.ts';
import { missingText } from '../replies/index.ts';
import { settle } from './addresses.ts';
import { updateOf } from './beside.ts';
import { evict } from './evictions.ts';
import type { Followed } from './follow.ts';
import { giveBack, namesOf, namesWith } from './give-back.ts';
import { holdGpus } from './gpu-problems.ts';
import type { Ground } from './ground.ts';
import { tellQueued, waitingSince } from './line.ts';
import { NOTHING, type Spot } from './placing.ts';
import { type Accepted, mayWait } from './plan-files.ts';
import { nameFor } from './visible.ts';

/** Of a group that waits for room. */
const NOWHERE = { slot: -1, subnet: '', address: '', published: [] };

/** Where a revision comes from, and what people said about it. */
export interface Origin {
  readonly commit: string;
  readonly caller: Caller;
  readonly reason?: string;
  /** The revision that is gone back to. */
  readonly rollbackOf?: number;
  /** When the group is to go by itself; what was wished before stays when nothing is said. */
  readonly expiresAtMs?: number | null;
}

/**
 * Writes the wish. From here on the deploy happens, whether anybody watches or not. Throws a Failure `no-capacity` when the
 * room that was seen has gone to somebody else meanwhile.
 */
export function accept(
  ground: Ground,
  accepted: Accepted,
  plan: Followed['plan'],
  origin: Origin,
): Promise<Followed> {
  return inTurn(ground.turns, accepted.locationName, async () => {
    try {
      return await acceptNow(ground, accepted, plan, origin);
    } catch (error) {
      // What was tried beside the group has come to its end in this very moment; now it is known which place is which.
      if (error instanceof Failure && error.code === 'place-changed')
        return acceptNow(ground, accepted, plan, origin);
      throw error;
    }
  });
}

async function acceptNow(
  ground: Ground,
  accepted: Accepted,
  plan: Followed['plan'],
  origin: Origin,
): Promise<Followed> {
  const { key, location, effect } = accepted;
  const { commit, caller } = origin;
  const before = await ground.desired.get(key);
  const spot = await spotOf(accepted, before);
  const { host, facts, placement, missing } = spot;
  const isTrial = (await updateOf(ground, { ...accepted, host, facts, before })).kind === 'beside';
  const wish = await put(ground, accepted, { ...origin, path: plan.path }, { spot, before, isTrial });
  const { number } = wish.revision;
  for (const old of supersededBy(before, isTrial))
    ground.feed.tell(key, old, { kind: 'superseded', by: number });
  const how = isTrial ? { beside: true } : {};
  ground.feed.tell(key, number, { kind: 'accepted', by: caller.name, commit, change: effect, ...how });
  if (placement && location.hosts.length > 1) ground.feed.tell(key, number, { kind: 'placed', ...placement });
  if (missing.size) await tellQueued(ground, wish, missingText(missing));
  ground.wake(key);
  return { wish, facts, plan };
}

/** Where a revision goes, and what it takes the place of. */
interface Arrival {
  readonly spot: Spot;
  readonly before: Wish | undefined;
  readonly isTrial: boolean;
}

/** Takes all that the revision needs, and writes its wish; or leaves the books as they were. */
async function put(
  ground: Ground,
  accepted: Accepted,
  origin: Origin & { readonly path: string },
  { spot, before, isTrial }: Arrival,
): Promise<Wish> {
  const { key, group, repository, locationName, fqdn } = accepted;
  const { caller, commit, path, reason, rollbackOf, expiresAtMs } = origin;
  const { host, existing, missing, evicts = [] } = spot;
  const settler = host && { key, group, host, existing };
  try {
    const second = { key: besideKey(key), existing: NOTHING };
    const place = settler
      ? await settle(ground, isTrial ? { ...settler, ...second } : settler, caller)
      : NOWHERE;
    const names = namesWith(key, { fqdn, group });
    await claim(ground, key, caller, [...names, ...namesOf(before)]);
    // One that waits for room holds up nobody who has it.
    if (host && !missing.size)
      await holdGpus(ground, { key, group, host }, { caller, queue: accepted.queue });
    await claim(ground, key, caller, names); // what it had, and has no more, goes once nothing can fail
    await evict(ground, evicts);
    return await ground.desired.put({
      key,
      location: locationName,
      host: host?.name ?? '',
      repository,
      ...place,
      fqdn,
      isTrial,
      after: existing.revision,
      expiresAtMs: expiresAtMs === undefined ? (before?.expiresAtMs ?? null) : expiresAtMs,
      // Who has waited for a while keeps its place in the line.
      ...(missing.size ? { waitsSinceMs: waitingSince(before) ?? ground.clock.now() } : {}),
      revision: {
        commit,
        path,
        group,
        acceptedBy: caller.name,
        acceptedAtMs: ground.clock.now(),
        ...(reason === undefined ? {} : { reason }),
        ...(rollbackOf === undefined ? {} : { rollbackOf }),
      },
    });
  } catch (error) {
    // Books that cannot be written now are put right by the next deploy of the group: it takes the same again.
    if (settler) await giveBack(ground, settler, { before, isTrial, caller }).catch(() => {});
    throw error;
  }
}

/** What was tried goes in any case; what serves goes on until the new one is healthy, where that is tried beside it. */
function supersededBy(before: Wish | undefined, isTrial: boolean): number[] {
  if (!before || before.wanted === 'deleted') return [];
  const tried = triedOf(before)?.revision.number ?? [];
  return [isTrial ? [] : before.revision.number, tried].flat();
}

/** Throws a Failure where another group has one of the names. */
async function claim(ground: Ground, key: GroupKey, caller: Caller, names: readonly string[]): Promise<void> {
  const claimed = await ground.labels.claim(names, key);
  if (claimed.ok) return;
  const holder = await nameFor(ground, caller, claimed.holder);
  // The first name is the group's own.
  throw claimed.name === names[0] ? labelTaken(claimed.name, holder) : domainTaken(claimed.name, holder);
}

/**
 * A group goes where there is room now, not where there was when it was planned. Throws a Failure `no-capacity` where there is
 * none, and it may not wait.
 */
async function spotOf({ group, queue, again }: Accepted, before: Wish | undefined): Promise<Spot> {
  const spot = await again();
  const waits = mayWait(spot, before);
  if (!spot.missing.size || (queue && waits)) return spot;
  throw new Failure('no-capacity', `No room is left for ${group.name}: ${missingText(spot.missing)}.`, {
    advice: `Ask for less, or delete a group that is no longer needed (katabot status)${waits ? '; or let it wait with --queue' : ''}.`,
  });
}
