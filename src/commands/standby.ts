import {
  classFrom,
  classText,
  type ObservedStandby,
  type SizeClass,
  standbyKey,
  standbyName,
  unfitFor,
} from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { allocate, type Endpoint } from '../network/index.ts';
import type { Group } from '../spec/index.ts';
import type { Ground, Host } from './ground.ts';

/** A group that is to have a place on a host. */
interface Newcomer {
  readonly key: GroupKey;
  readonly group: Group;
  readonly host: Host;
  /** What the engine shows of it already, for a bot that has lost its books. */
  readonly existing: { readonly subnet: string };
}

/**
 * Gives a group that has no place yet the one of a sandbox that waits and fits it; the engine then makes the sandbox its own.
 * Where the host has no other place for it, it gets that of one that does not fit, which the engine replaces. Changes nothing
 * where none waits.
 */
export async function takeWaiting(ground: Ground, newcomer: Newcomer): Promise<void> {
  const { key, host, existing } = newcomer;
  const { waiting } = ground.standby.of(host.name);
  if (!waiting.length || existing.subnet) return;
  for (const { id } of await candidates(ground, newcomer, waiting)) {
    // Others may have taken it since it was seen: the books decide.
    if (await ground.places.handOver(standbyKey(id), key)) return;
  }
}

/** Whether a sandbox waits on a host that the group would take over. Changes nothing. */
export async function hasWaiting(
  ground: Ground,
  newcomer: Pick<Newcomer, 'group' | 'host'>,
): Promise<boolean> {
  const { name } = newcomer.host;
  const fitting = fittingOf(ground, newcomer, ground.standby.of(name).waiting);
  if (!fitting.length) return false;
  const places = new Set((await ground.slots.all(name)).map(({ key }) => key));
  return fitting.some(({ id }) => places.has(standbyKey(id)));
}

function fittingOf(
  { locations }: Ground,
  { group, host }: Pick<Newcomer, 'group' | 'host'>,
  waiting: readonly ObservedStandby[],
): readonly ObservedStandby[] {
  const exact = locations[host.location]?.isolation === 'hypervisor';
  return waiting.filter(({ size }) => unfitFor(group, classFrom(size), { exact }) === undefined);
}

/** The places that the group would take, the best one first. */
async function candidates(
  ground: Ground,
  { key, group, host }: Newcomer,
  waiting: readonly ObservedStandby[],
): Promise<readonly ObservedStandby[]> {
  const fitting = fittingOf(ground, { group, host }, waiting);
  if (fitting.length) return fitting;
  const { ip, ports = [] } = group.ipAddress ?? {};
  if (ip !== undefined)
    return waiting.filter(({ published }) => published.some(({ address }) => address === ip));
  const allocation = allocate(host.pools, { key, ports }, await ground.addresses.all(host.name));
  if (!allocation.ok) return waiting.filter(({ published }) => published.length > 0);
  const networks = await ground.slots.all(host.name);
  return networks.length >= host.pools.networkCount ? waiting : [];
}

/** What is taken for good: sandboxes that wait give way to groups. */
export function withoutWaiting(taken: readonly Endpoint[]): Endpoint[] {
  return taken.filter(({ key }) => standbyName(key) === undefined);
}

/** How many sandboxes of one class wait on a host. */
interface PoolView {
  readonly host: string;
  readonly size: SizeClass;
  readonly waiting: number;
  readonly wanted: number;
  /** Why it is fewer than wanted; '' where it is not, or where they are on their way. */
  readonly why: string;
}

/** Of each class that is to wait on a host, in the order of the settings. */
export function poolViews({ standby }: Pick<Ground, 'standby'>, host: string): PoolView[] {
  const { waiting, wanted, why } = standby.of(host);
  return wanted.map(({ size, count }) => {
    const there = waiting.filter((each) => each.size === classText(size)).length;
    return { host, size, waiting: there, wanted: count, why: there < count ? why : '' };
  });
}
