import type { Published } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { addressAt, type Family, isHandedOut, type Pools, placeOfAddress } from './addresses.ts';
import { addressText, parseAddress } from './ranges.ts';

/** Which network of a host belongs to which group. */
export interface SlotBook {
  /**
   * The group's network: the one it has, else the preferred one if that is free, else the lowest free one; one transaction.
   * A number of `slotCount` or more says that the host is full; nothing is taken then.
   */
  take(host: string, key: GroupKey, slotCount: number, preferred?: number): Promise<number>;
  /** Every network of a host that is taken, and by whom. */
  all(host: string): Promise<{ readonly slot: number; readonly key: GroupKey }[]>;
  release(key: GroupKey): Promise<void>;
}

/** Network and addresses of a sandbox that waits, which change hands together. */
export interface PlaceBook {
  /** One transaction. Gives false when there is nothing to hand over, or `to` has a network already. */
  handOver(from: GroupKey, to: GroupKey): Promise<boolean>;
}

/** One port at one address, and the group that it belongs to. */
export interface Endpoint extends Published {
  readonly key: GroupKey;
}

/** Which address and port belongs to which group: (host, address, protocol, port) is there once. */
export interface AddressBook {
  /** One transaction: `decide` sees what is taken at the host, and what it gives is the group's from then on. */
  take(host: string, key: GroupKey, decide: Decide): Promise<Allocation>;
  all(host: string): Promise<Endpoint[]>;
  release(key: GroupKey): Promise<void>;
}

/** Under which name a group's second place stands in the books; no environment and no group has a plus in its name. */
export function besideKey(key: GroupKey): GroupKey {
  return `${key}+`;
}

export type Decide = (taken: readonly Endpoint[]) => Allocation;

export type Allocation =
  | { readonly ok: true; readonly published: readonly Published[] }
  /** Nothing is free; the `ip` that was asked for is none of the location's, or another group's. */
  | { readonly ok: false; readonly why: 'full' }
  | { readonly ok: false; readonly why: 'foreign' }
  | { readonly ok: false; readonly why: 'taken'; readonly holder: GroupKey };

/** What a group wants to be reached at. */
export interface Asked {
  readonly key: GroupKey;
  readonly ports: readonly { readonly port: number; readonly protocol: 'TCP' | 'UDP' }[];
  /** `ip` of the spec. */
  readonly ip?: string | undefined;
  /** Where the group is reached already, as far as the engine shows it. */
  readonly found?: readonly Published[];
  /** Where the engine refused it: the search goes on behind that. */
  readonly refused?: { readonly address: string; readonly hostPort?: number | undefined } | undefined;
}

/**
 * Where a group is reached: what it has already, else the first that is free. With a range every group has an address of its
 * own and its ports are published as they are; a single address is shared and each port gets a free one there. Pure.
 */
export function allocate(pools: Pools, asked: Asked, taken: readonly Endpoint[]): Allocation {
  if (!asked.ports.length) return { ok: true, published: [] };
  const own = taken.filter(({ key }) => key === asked.key);
  const others = taken.filter(({ key }) => key !== asked.key);
  const held = own.length ? own : (asked.found ?? []);
  return pools.shared ? shareOf(pools, asked, held, others) : ownAddresses(pools, asked, held, others);
}

/** The address that the spec asks for, as addresses are written; '' without one. */
export function wantedAddress({ ip }: Asked): string {
  const parsed = ip === undefined ? undefined : parseAddress(ip);
  return parsed ? addressText(parsed.family, parsed.value) : (ip ?? '');
}

function ownAddresses(
  pools: Pools,
  asked: Asked,
  held: readonly Published[],
  others: readonly Endpoint[],
): Allocation {
  const wanted = wantedAddress(asked);
  const holders = new Map(others.map(({ address, key }) => [address, key]));
  const has = new Set(held.map(({ address }) => address));
  if (wanted && !has.has(wanted) && !isHandedOut(pools, wanted)) return { ok: false, why: 'foreign' };
  const holder = holders.get(wanted);
  if (holder !== undefined) return { ok: false, why: 'taken', holder };
  const addresses: string[] = [];
  for (const family of pools.families) {
    const isOfFamily = (address: string) => parseAddress(address)?.family === family.name;
    const kept = [wanted, ...has].find(
      (address) =>
        address && isOfFamily(address) && !holders.has(address) && address !== asked.refused?.address,
    );
    const address = kept ?? freeAddress(family, holders, asked.refused?.address);
    if (address === undefined) return { ok: false, why: 'full' };
    addresses.push(address);
  }
  return { ok: true, published: published(asked, addresses, ({ port }) => port) };
}

/** The first free address, or the first one behind that which was refused. */
export function freeAddress(
  family: Family,
  holders: ReadonlyMap<string, GroupKey>,
  refused: string | undefined,
): string | undefined {
  const after = refused === undefined ? undefined : placeOfAddress(family, refused);
  const start = after === undefined ? 0 : after + 1;
  for (let count = 0; count < family.count; count++) {
    const address = addressAt(family, (start + count) % family.count);
    if (!holders.has(address) && address !== refused) return address;
  }
  return undefined;
}

function shareOf(
  { families, ports }: Pools,
  asked: Asked,
  held: readonly Published[],
  others: readonly Endpoint[],
): Allocation {
  const addresses = families.map((family) => addressAt(family, 0));
  const wanted = wantedAddress(asked);
  if (wanted && !addresses.includes(wanted)) return { ok: false, why: 'foreign' };
  const used = new Set(others.map(({ protocol, hostPort }) => `${protocol} ${hostPort}`));
  const given = new Map<number, number>();
  for (const { port, protocol } of asked.ports) {
    const before = held.find(
      (each) => each.port === port && each.protocol === protocol && addresses.includes(each.address),
    )?.hostPort;
    const refused = before !== undefined && before === asked.refused?.hostPort;
    const kept = before !== undefined && !refused && !used.has(`${protocol} ${before}`) ? before : undefined;
    const hostPort = kept ?? freePort(ports, protocol, used, refused ? before : undefined);
    if (hostPort === undefined) return { ok: false, why: 'full' };
    used.add(`${protocol} ${hostPort}`);
    given.set(port, hostPort);
  }
  return { ok: true, published: published(asked, addresses, ({ port }) => given.get(port) ?? port) };
}

function freePort(
  { first, last }: Pools['ports'],
  protocol: string,
  used: ReadonlySet<string>,
  refused: number | undefined,
): number | undefined {
  const count = last - first + 1;
  const start = refused === undefined ? 0 : refused + 1 - first;
  for (let step = 0; step < count; step++) {
    const port = first + ((((start + step) % count) + count) % count);
    if (!used.has(`${protocol} ${port}`) && port !== refused) return port;
  }
  return undefined;
}

function published(
  { ports }: Asked,
  addresses: readonly string[],
  hostPort: (port: Asked['ports'][number]) => number,
): Published[] {
  return addresses.flatMap((address) =>
    ports.map((each) => ({
      address,
      protocol: each.protocol,
      port: each.port,
      hostPort: hostPort(each),
    })),
  );
}
