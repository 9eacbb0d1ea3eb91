import type { Published } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { type Allocation, allocate, parseAddress, slotOf, subnetOf } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import type { Ground, Host } from './ground.ts';
import { problemAt } from './locate.ts';
import { nameFor } from './visible.ts';

// Where a group is reached, and the network that it lives in.

/** A group that is to have a place. */
export interface Settler {
  readonly key: GroupKey;
  readonly group: Group;
  readonly host: Host;
  /** What the engine shows of it, for a bot that has lost its books. */
  readonly existing: { readonly published: readonly Published[]; readonly subnet: string };
}

export interface Settled {
  readonly slot: number;
  readonly subnet: string;
  /** '' for a group without an address. */
  readonly address: string;
  readonly published: readonly Published[];
}

/** What is wrong with the `ip` that a file asks for. Changes nothing. */
export async function addressProblems(
  ground: Ground,
  file: { path: string; text: string },
  settler: Settler,
  caller: Caller,
): Promise<Problem[]> {
  if (settler.group.ipAddress?.ip === undefined) return [];
  const allocation = allocationFor(settler)(await ground.addresses.all(settler.host.name));
  const refusal = await refusalOf(ground, allocation, settler, caller);
  if (!refusal || refusal.code === 'no-address') return [];
  const { code, message, advice } = refusal;
  return [problemAt(file, { code, own: true, path: 'properties.ipAddress.ip', message, advice })];
}

/** Takes network and address; what a group has already stays its own. Throws a Failure where nothing can be had. */
export async function settle(ground: Ground, settler: Settler, caller: Caller): Promise<Settled> {
  const { key, host, existing } = settler;
  const { networkCount } = host.pools;
  const slot = await ground.slots.take(host.name, key, networkCount, slotOf(host.pools, existing.subnet));
  if (slot >= networkCount) throw noAddress(host, 'network', 'networks');
  const allocation = await ground.addresses.take(host.name, key, allocationFor(settler));
  const refusal = await refusalOf(ground, allocation, settler, caller);
  if (refusal || !allocation.ok) throw refusal;
  const { published } = allocation;
  return { slot, subnet: subnetOf(host.pools, slot), address: published[0]?.address ?? '', published };
}

/** Whether the host has an address for the group, and a network. Takes nothing. */
export async function hasAddressFor(ground: Ground, settler: Settler): Promise<boolean> {
  const { name, pools } = settler.host;
  const networks = (await ground.desired.list()).filter(({ host }) => host === name).length;
  const allocation = allocationFor(settler)(await ground.addresses.all(name));
  return networks < pools.networkCount && (allocation.ok || allocation.why === 'taken');
}

function allocationFor({ key, group, host, existing }: Settler) {
  const asked = {
    key,
    ports: group.ipAddress?.ports ?? [],
    ip: group.ipAddress?.ip,
    found: existing.published,
  };
  return (taken: Parameters<typeof allocate>[2]) => allocate(host.pools, asked, taken);
}

async function refusalOf(
  ground: Ground,
  allocation: Allocation,
  { group, host }: Settler,
  caller: Caller,
): Promise<Failure | undefined> {
  if (allocation.ok) return undefined;
  const ip = group.ipAddress?.ip ?? '';
  switch (allocation.why) {
    case 'full':
      return noAddress(host, host.pools.shared ? 'port' : 'address', 'addresses');
    case 'foreign': {
      const what = parseAddress(ip)
        ? `${ip} is no address of the location ${host.location}`
        : `"${ip}" is no address`;
      const ranges = host.pools.families.flatMap(({ blocks }) => blocks.map(({ range }) => range.text));
      return new Failure('address-foreign', `${what}.`, {
        advice: `Remove \`ip\`, or write one of ${ranges.join(', ')}.`,
      });
    }
    case 'taken':
      return new Failure(
        'address-taken',
        `${ip} is taken by ${await nameFor(ground, caller, allocation.holder)}.`,
        {
          advice: 'Remove `ip` for the first free address, or name another one.',
        },
      );
  }
}

function noAddress({ name, location, setting }: Host, what: string, range: string): Failure {
  const where = name === location ? `The location ${location}` : `The host ${name}`;
  return new Failure('no-address', `${where} has no free ${what} left.`, {
    advice: `Delete a group that is no longer needed, or widen ${setting}.${range} in the settings.`,
  });
}
