import { type EngineFacts, needOf, shortagesOn } from '../engines/index.ts';
import type { Effect, GroupKey } from '../event.ts';
import { besideKey, customDomainsOf } from '../network/index.ts';
import { gpuClaims, type Wish } from '../reconciler/index.ts';
import type { InPlaceBecause } from '../replies/index.ts';
import { type Group, groupSize, joinedNetwork, updatesOf, type Volume } from '../spec/index.ts';
import { hasAddressFor } from './addresses.ts';
import type { Ground, Host, Location } from './ground.ts';
import { NOTHING, promisedOn } from './placing.ts';

// Whether a revision is tried beside the one that serves, or takes its place at once.

/** How a revision is brought up. */
export type Update =
  /** `serving` goes on until the new one is healthy. */
  | { readonly kind: 'beside'; readonly serving: number }
  /** `because`: it was to be beside. */
  | { readonly kind: 'in-place'; readonly because?: InPlaceBecause };

/** A change of a group, as far as it is known before it is accepted. */
export interface Updating {
  readonly key: GroupKey;
  readonly group: Group;
  readonly fqdn: string;
  readonly locationName: string;
  readonly location: Location;
  /** Undefined for a group that waits for room. */
  readonly host: Host | undefined;
  readonly facts: EngineFacts;
  readonly effect: Effect;
  readonly before: Wish | undefined;
}

const IN_PLACE: Update = { kind: 'in-place' };

/** Looks whether there is room for both, and decides. Changes nothing. */
export async function updateOf(ground: Ground, updating: Updating): Promise<Update> {
  const { group, location, effect, before } = updating;
  const wanted = updatesOf(group) ?? location.updates;
  // Where nothing restarts, or nothing is there, nobody has to be kept serving.
  if (wanted !== 'beside' || !before || (effect !== 'restart' && effect !== 'replace')) return IN_PLACE;
  const because = inPlaceBecause(updating, before) ?? (await lackFor(ground, updating, before));
  return because ? { kind: 'in-place', because } : { kind: 'beside', serving: before.revision.number };
}

/** Why two revisions of a group cannot stand beside one another, whatever room there is; undefined when they can. Pure. */
export function inPlaceBecause(
  {
    key,
    group,
    fqdn,
    locationName,
    host,
  }: Pick<Updating, 'key' | 'group' | 'fqdn' | 'locationName' | 'host'>,
  before: Wish,
): InPlaceBecause | undefined {
  const old = before.revision.group;
  const both = [old, group];
  if (before.wanted !== 'running' || before.settled !== 'Running') return 'nothing-serves';
  if (before.location !== locationName || before.host !== host?.name) return 'elsewhere';
  if (both.some((each) => joinedNetwork(each))) return 'private';
  if (!before.fqdn || !before.published.length || !group.ipAddress?.ports.length) return 'no-name';
  if (before.fqdn !== fqdn || !isSameSet(customDomainsOf(key, old), customDomainsOf(key, group)))
    return 'names-change';
  if (both.some(({ ipAddress }) => ipAddress?.ip !== undefined)) return 'fixed-address';
  if (both.some((each) => gpuClaims(each).length)) return 'gpu';
  if (both.some(({ volumes }) => volumes.some(isWritten))) return 'share';
  return undefined;
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}

/** Two revisions would write to the same files, and nobody knows whether they may. */
function isWritten({ azureFile, nfs }: Volume): boolean {
  return azureFile?.readOnly === false || nfs?.readOnly === false;
}

/** Of what there is too little for both. */
async function lackFor(
  ground: Ground,
  { key, group, location, host, facts }: Updating,
  before: Wish,
): Promise<InPlaceBecause | undefined> {
  if (!host) return 'elsewhere';
  const others = promisedOn(await ground.desired.list(), key, { host, facts });
  const serving = groupSize(before.revision.group);
  const promised = {
    memoryBytes: others.promised.memoryBytes + serving.memoryBytes + facts.overheadBytes,
    vcpuMilli: others.promised.vcpuMilli + serving.vcpuMilli,
  };
  const need = { ...needOf(group, location.isolation), zone: '' };
  if (shortagesOn(need, { ...others, promised, drained: false, hasAddress: true }).length) return 'room';
  const second = { key: besideKey(key), group, host, existing: NOTHING };
  return (await hasAddressFor(ground, second)) ? undefined : 'address';
}
