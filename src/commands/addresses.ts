import type { Published } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import {
  type Allocation,
  allocate,
  allocatePrivate,
  bookOf,
  type Decide,
  type PrivateNetwork,
  parseAddress,
  rangesOf,
  slotOf,
  subnetOf,
} from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import { type Group, joinedNetwork, type Problem } from '../spec/index.ts';
import type { Ground, Host } from './ground.ts';
import { problemAt } from './locate.ts';
import { networkOf } from './private.ts';
import { takeWaiting, withoutWaiting } from './standby.ts';
import { nameFor } from './visible.ts';

// Where a group is reached, and the network that it lives in.

/** A group that is to have a place. */
export interface Settler {
  readonly key: GroupKey;
  readonly group: Group;
  readonly host: Host;
  /** What the engine shows of it, for a bot that has lost its books. */
  readonly existing: {
    readonly published: readonly Published[];
    readonly subnet: string;
    readonly address: string;
  };
}

export interface Settled {
  /** -1, with '' for a subnet, for a group that joins a network. */
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
  if (settler.group.ipAddress?.ip === undefined || isLost(ground, settler)) return [];
  const { book, decide } = askingFor(ground, settler);
  const allocation = decide(withoutWaiting(await ground.addresses.all(book)));
  const refusal = await refusalOf(ground, allocation, settler, caller);
  if (!refusal || refusal.code === 'no-address') return [];
  const { code, message, advice } = refusal;
  return [problemAt(file, { code, own: true, path: 'properties.ipAddress.ip', message, advice })];
}

/** Takes network and address; what a group has already stays its own. Throws a Failure where nothing can be had. */
export async function settle(ground: Ground, settler: Settler, caller: Caller): Promise<Settled> {
  const { network, book, decide } = askingFor(ground, settler);
  if (isLost(ground, settler)) throw lostNetwork(settler);
  if (!network) await takeWaiting(ground, settler);
  const { slot, subnet } = network ? { slot: -1, subnet: '' } : await ownNetwork(ground, settler);
  const allocation = await ground.addresses.take(book, settler.key, decide);
  const refusal = await refusalOf(ground, allocation, settler, caller);
  if (refusal || !allocation.ok) throw refusal;
  const { published } = allocation;
  return { slot, subnet, address: published[0]?.address ?? '', published };
}

/** A group that joins a network which is not, or no longer, in the settings gets no public address in its place. */
function isLost({ locations }: Ground, { group, host }: Settler): boolean {
  return joinedNetwork(group) !== undefined && !networkOf(locations[host.location], group);
}

function lostNetwork({ group, host }: Settler): Failure {
  const name = joinedNetwork(group)?.name ?? '';
  return new Failure('network-unknown', `The network ${name} is no longer in the settings.`, {
    advice: `Put it back at locations.${host.location}.networks, or have the group join another one.`,
  });
}

async function ownNetwork({ slots }: Ground, { key, host, existing }: Settler) {
  const { networkCount } = host.pools;
  const slot = await slots.take(host.name, key, networkCount, slotOf(host.pools, existing.subnet));
  if (slot >= networkCount) throw noAddress(host, 'network', `${host.setting}.bridges`);
  return { slot, subnet: subnetOf(host.pools, slot) };
}

/** Whether the host has an address for the group, and a network. Takes nothing. */
export async function hasAddressFor(ground: Ground, settler: Settler): Promise<boolean> {
  const { name, pools } = settler.host;
  const { network, book, decide } = askingFor(ground, settler);
  const allocation = decide(withoutWaiting(await ground.addresses.all(book)));
  const hasAddress = allocation.ok || allocation.why === 'taken';
  if (network) return hasAddress;
  const there = (await ground.desired.list()).filter(({ host }) => host === name);
  const networks = there.length + there.filter(({ beside }) => beside).length;
  return networks < pools.networkCount && hasAddress;
}

/** What the group asks for, in which book that stands, and how it is decided. */
function askingFor({ locations }: Ground, { key, group, host, existing }: Settler) {
  const network = networkOf(locations[host.location], group);
  const ports = group.ipAddress?.ports ?? [];
  const asked = { key, ports, ip: group.ipAddress?.ip };
  if (network) {
    const found = existing.address
      ? [{ address: existing.address, protocol: 'TCP', port: 0, hostPort: 0 } as const]
      : [];
    const decide: Decide = (taken) => allocatePrivate(network, { ...asked, found }, taken);
    return { network, book: bookOf(network), decide };
  }
  const decide: Decide = (taken) => allocate(host.pools, { ...asked, found: existing.published }, taken);
  return { network, book: host.name, decide };
}

async function refusalOf(
  ground: Ground,
  allocation: Allocation,
  { group, host }: Settler,
  caller: Caller,
): Promise<Failure | undefined> {
  if (allocation.ok) return undefined;
  const network = networkOf(ground.locations[host.location], group);
  const ip = group.ipAddress?.ip ?? '';
  switch (allocation.why) {
    case 'full':
      if (network) return fullNetwork(network);
      return noAddress(host, host.pools.shared ? 'port' : 'address', `${host.setting}.addresses`);
    case 'foreign': {
      const what = parseAddress(ip)
        ? `${ip} is no address of the ${network ? `network ${network.name}` : `location ${host.location}`}`
        : `"${ip}" is no address`;
      const ranges = network
        ? rangesOf(network)
        : host.pools.families.flatMap(({ blocks }) => blocks.map(({ range }) => range.text));
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

function noAddress({ name, location }: Host, what: string, setting: string): Failure {
  const where = name === location ? `The location ${location}` : `The host ${name}`;
  return new Failure('no-address', `${where} has no free ${what} left.`, {
    advice: `Delete a group that is no longer needed, or widen ${setting} in the settings.`,
  });
}

function fullNetwork({ name, location }: PrivateNetwork): Failure {
  return new Failure('no-address', `The network ${name} has no free address left.`, {
    advice: `Delete a group that is in it and no longer needed, or widen locations.${location}.networks.${name} in the settings.`,
  });
}
