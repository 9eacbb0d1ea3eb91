import { Failure } from '../failure.ts';
import { inTurn, type Wish } from '../reconciler/index.ts';
import { missingText } from '../replies/index.ts';
import { settle } from './addresses.ts';
import { evict } from './evictions.ts';
import type { Ground } from './ground.ts';
import { aheadOf, tellQueued } from './line.ts';
import { ENGINE_TIMEOUT_MS } from './locations.ts';
import { type Spot, spotFor } from './placing.ts';

/** Puts a group that waits for room on a host that has it; whoever has waited longer goes first. Gives false while there is none. */
export async function findRoom(ground: Ground, wish: Wish, signal: AbortSignal): Promise<boolean> {
  const { key, revision } = wish;
  const { group } = revision;
  const location = ground.locations[wish.location];
  if (!location) {
    throw new Failure('location-unknown', `The location ${wish.location} is no longer in the settings.`, {
      advice: 'Put it back into the settings, or delete the group.',
    });
  }
  if (aheadOf(await ground.desired.list(), wish, ground.locations).length) {
    await tellQueued(ground, wish);
    return false;
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const { again } = await spotFor(ground, { key, group, location, before: undefined }, limit);
  return inTurn(ground.turns, wish.location, async () => putOn(ground, wish, await again()));
}

async function putOn(
  ground: Ground,
  wish: Wish,
  { host, existing, placement, missing, evicts = [] }: Spot,
): Promise<boolean> {
  const { key, revision } = wish;
  const { number, group, acceptedBy } = revision;
  const now = await ground.desired.get(key);
  // A word about it that came meanwhile: it is looked at anew, and nobody has to go for it.
  if (now?.wanted !== 'running' || now.host || now.revision.number !== number) return true;
  if (!host) {
    await tellQueued(ground, wish, missingText(missing));
    return false;
  }
  try {
    const place = await settle(ground, { key, group, host, existing }, { name: acceptedBy, right: 'reader' });
    await evict(ground, evicts);
    const isPut = await ground.desired.assign(key, number, { host: host.name, ...place });
    if (isPut && placement) ground.feed.tell(key, number, { kind: 'placed', ...placement });
    return true; // it is looked at anew, whoever has put it there
  } catch (error) {
    if (error instanceof Failure && error.code === 'no-address') return false;
    throw error;
  }
}
