import type { Group } from '../spec/index.ts';
import {
  addressText,
  type FamilyName,
  isInRange,
  parseAddress,
  type Range,
  rangeFrom,
  rangeInvalid,
  rangesOverlap,
} from './ranges.ts';

/** The addresses that the host of a location owns, and the networks that exist on it alone. */
export interface Pools {
  /** One of each family that the location has, IPv4 first. Every group gets an address of each. */
  readonly families: readonly Family[];
  /** There is a single address, so that groups share it and differ by their ports. */
  readonly shared: boolean;
  /** The ports of a shared address that are handed out. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly networks: Range;
  /** How many networks there are: that many groups fit. */
  readonly networkCount: number;
}

export interface Family {
  readonly name: FamilyName;
  readonly blocks: readonly Block[];
  /** How many addresses are handed out. */
  readonly count: number;
}

/** Addresses of one range: all of it in pieces of `size`, of each piece all but the ends that are left out. */
interface Block {
  readonly range: Range;
  readonly size: bigint;
  /** Handed out of every piece, and how many are left out before them. */
  readonly usable: bigint;
  readonly skipped: bigint;
  readonly count: number;
}

/** Every group's own network: 14 addresses are enough for a sandbox and its gateway. */
const NETWORK_BITS = 28;
const NETWORK_SIZE = 2n ** BigInt(32 - NETWORK_BITS);

/** Some clients take an address that ends in 0 or 255 for a network or a broadcast, whatever the range says. */
const LARGEST_PIECE = 256n;

/** Nobody runs more groups at one location; a range of IPv6 has more addresses than can be counted. */
const MOST_ADDRESSES = 1n << 20n;

/**
 * Reads the ranges of a location. `addresses` are owned by the host and published on; `networks` (IPv4) exist on the host
 * only. Throws a Failure `range-invalid`, also for ranges that overlap.
 */
export function poolsFrom({
  addresses,
  networks,
  ports,
}: {
  readonly addresses: string | readonly string[];
  readonly networks: string;
  /** Such as `20000-29999`. */
  readonly ports: string;
}): Pools {
  const ranges = [addresses].flat().map((text) => rangeFrom(text, 'addresses'));
  const inner = rangeFrom(networks, 'bridges');
  if (inner.family !== 'IPv4') throw rangeInvalid('bridges', networks, 'is no range of IPv4');
  if (inner.size < NETWORK_SIZE)
    throw rangeInvalid('bridges', networks, `is smaller than one /${NETWORK_BITS}`);
  for (const [index, range] of ranges.entries()) {
    const other = ranges.slice(0, index).find((each) => rangesOverlap(each, range));
    if (other) throw rangeInvalid('addresses', range.text, `overlaps with ${other.text}`);
    if (rangesOverlap(range, inner))
      throw rangeInvalid('bridges', networks, `overlaps with the addresses ${range.text}`);
  }
  const families = (['IPv4', 'IPv6'] as const)
    .map((name) => familyOf(name, ranges))
    .filter(({ count }) => count > 0);
  const [first = 0, last = 0] = ports.split('-').map(Number);
  return {
    families,
    shared: families.every(({ count }) => count === 1),
    ports: { first, last },
    networks: inner,
    networkCount: Number(inner.size / NETWORK_SIZE),
  };
}

/** Whether all groups of a host share one address, of IPv4. */
export function isOneAddress({ shared, families }: Pools): boolean {
  return shared && families.length === 1 && families[0]?.name === 'IPv4';
}

/** Two locations whose hosts would own the same address, in words; undefined when there are none. */
export function poolsOverlap(locations: Readonly<Record<string, Pools>>): string | undefined {
  const all = Object.entries(locations).flatMap(([name, { families }]) =>
    families.flatMap(({ blocks }) => blocks.map(({ range }) => ({ name, range }))),
  );
  for (const [index, { name, range }] of all.entries()) {
    const other = all.slice(0, index).find((each) => each.name !== name && rangesOverlap(each.range, range));
    if (other) return `${name}: ${range.text} overlaps with ${other.range.text} of ${other.name}`;
  }
  return undefined;
}

/** All that a host has been given: its own addresses, and the networks that are on it alone. */
export function rangesOnHost({
  setting,
  pools: { families, networks },
}: {
  readonly setting: string;
  readonly pools: Pools;
}): { readonly setting: string; readonly range: Range }[] {
  const addresses = families.flatMap(({ blocks }) => blocks.map(({ range }) => range));
  return [
    ...addresses.map((range) => ({ setting: `${setting}.addresses`, range })),
    { setting: `${setting}.bridges`, range: networks },
  ];
}

/** The ranges of one family as places that are handed out. */
export function familyOf(name: FamilyName, ranges: readonly Range[]): Family {
  const blocks = ranges.filter(({ family }) => family === name).map(blockOf);
  return { name, blocks, count: blocks.reduce((sum, { count }) => sum + count, 0) };
}

/** A range of one or two addresses has none to spare. IPv6 has no broadcast; its first address is every router's. */
function blockOf(range: Range): Block {
  const { family, size: whole } = range;
  const size = family === 'IPv4' && whole > LARGEST_PIECE ? LARGEST_PIECE : whole;
  const spare = whole <= 2n ? 0n : family === 'IPv4' ? 2n : 1n;
  const usable = size - spare;
  const count = (whole / size) * usable;
  return {
    range,
    size,
    usable,
    skipped: spare > 0n ? 1n : 0n,
    count: Number(count < MOST_ADDRESSES ? count : MOST_ADDRESSES),
  };
}

/** The n-th address of a family, from 0. */
export function addressAt({ name, blocks }: Family, place: number): string {
  let rest = place;
  for (const { range, size, usable, skipped, count } of blocks) {
    if (rest < count) {
      const n = BigInt(rest);
      return addressText(name, range.first + (n / usable) * size + (n % usable) + skipped);
    }
    rest -= count;
  }
  throw new RangeError(`there are fewer than ${place + 1} addresses`);
}

/** Which place an address of a family has; undefined for one that is not handed out. */
export function placeOfAddress(family: Family, address: string): number | undefined {
  const value = parseAddress(address)?.value ?? -1n;
  let before = 0;
  for (const { range, size, usable, skipped, count } of family.blocks) {
    if (isInRange(range, address)) {
      const offset = value - range.first;
      const place = before + Number((offset / size) * usable + (offset % size) - skipped);
      return place >= before && place < before + count && addressAt(family, place) === address
        ? place
        : undefined;
    }
    before += count;
  }
  return undefined;
}

/** Whether a location hands this address out. */
export function isHandedOut({ families }: Pools, address: string): boolean {
  return families.some((family) => placeOfAddress(family, address) !== undefined);
}

/** The n-th network of a location, such as 198.18.0.16/28. */
export function subnetOf({ networks }: Pools, slot: number): string {
  return `${addressText('IPv4', networks.first + BigInt(slot) * NETWORK_SIZE)}/${NETWORK_BITS}`;
}

/** The last two networks of a location, which are handed out after all others; undefined where there are few. */
export function spareSubnets(pools: Pools): [string, string] | undefined {
  const { networkCount } = pools;
  if (networkCount < FEW_NETWORKS) return undefined;
  return [subnetOf(pools, networkCount - 2), subnetOf(pools, networkCount - 1)];
}

/** Of fewer than these the last ones are soon a group's. */
const FEW_NETWORKS = 8;

/** Which network it is; undefined for one that is not of the location. */
export function slotOf(pools: Pools, subnet: string): number | undefined {
  const address = subnet.split('/')[0] ?? '';
  if (!isInRange(pools.networks, address)) return undefined;
  const slot = Number(((parseAddress(address)?.value ?? 0n) - pools.networks.first) / NETWORK_SIZE);
  return subnetOf(pools, slot) === subnet ? slot : undefined;
}

/** The port that HTTP by name goes to: 80, else 8080, else the first TCP port; undefined when there is none. */
export function edgePort(group: Group): number | undefined {
  const ports = (group.ipAddress?.ports ?? [])
    .filter(({ protocol }) => protocol === 'TCP')
    .map(({ port }) => port);
  return [80, 8080].find((port) => ports.includes(port)) ?? ports[0];
}
