import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Group } from '../spec/index.ts';

/** Which place of a location belongs to which group. A place gives both the address and the network. */
export interface SlotBook {
  /**
   * The group's place: the one it has, else the preferred one if that is free, else the lowest free one; one transaction.
   * A number of `slotCount` or more says that the location is full; nothing is taken then.
   */
  take(location: string, key: GroupKey, slotCount: number, preferred?: number): Promise<number>;
  release(key: GroupKey): Promise<void>;
}

/** The addresses and networks of a location, counted in places. */
export interface Pools {
  readonly slotCount: number;
  readonly addresses: Block;
  readonly firstNetwork: number;
}

/** Addresses that are handed out: all but the first and the last of every `size`. */
interface Block {
  readonly first: number;
  readonly size: number;
  readonly usable: number;
}

/** Every group's own network: 14 addresses are enough for a sandbox and its gateway. */
const NETWORK_BITS = 28;
const NETWORK_SIZE = 2 ** (32 - NETWORK_BITS);

/** Some clients take an address that ends in 0 or 255 for a network or a broadcast, whatever the range says. */
const LARGEST_BLOCK = 256;

/**
 * Reads the two ranges of a location (IPv4, CIDR). `addresses` are owned by the host and published on; `networks` exist
 * on the host only. Throws a Failure `range-invalid`, also for ranges that overlap or hold nothing.
 */
export function poolsFrom({ addresses, networks }: { addresses: string; networks: string }): Pools {
  const published = rangeOf(addresses, 'addresses');
  const inner = rangeOf(networks, 'networks');
  if (inner.size < NETWORK_SIZE) throw invalid('networks', networks, `is smaller than one /${NETWORK_BITS}`);
  if (published.first < inner.first + inner.size && inner.first < published.first + published.size) {
    throw invalid('networks', networks, `overlaps with the addresses ${addresses}`);
  }
  const block = blockOf(published);
  const addressCount = Math.floor(published.size / block.size) * block.usable;
  return {
    slotCount: Math.min(addressCount, Math.floor(inner.size / NETWORK_SIZE)),
    addresses: block,
    firstNetwork: inner.first,
  };
}

/** A range of one or two addresses has none to spare: a host with a single public address serves one group. */
function blockOf({ first, size }: { first: number; size: number }): Block {
  if (size <= 2) return { first, size, usable: size };
  const blockSize = Math.min(size, LARGEST_BLOCK);
  return { first, size: blockSize, usable: blockSize - 2 };
}

export function placeOf(
  { addresses, firstNetwork }: Pools,
  slot: number,
): { address: string; subnet: string } {
  const { first, size, usable } = addresses;
  const skipped = usable < size ? 1 : 0;
  return {
    address: dotted(first + Math.floor(slot / usable) * size + (slot % usable) + skipped),
    subnet: `${dotted(firstNetwork + slot * NETWORK_SIZE)}/${NETWORK_BITS}`,
  };
}

/** The place that an address belongs to; undefined for an address that no place has. */
export function slotOf(pools: Pools, address: string): number | undefined {
  const { first, size, usable } = pools.addresses;
  const offset = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) - first;
  const slot = Math.floor(offset / size) * usable + (offset % size) - (usable < size ? 1 : 0);
  return slot >= 0 && slot < pools.slotCount && placeOf(pools, slot).address === address ? slot : undefined;
}

function rangeOf(text: string, setting: string): { first: number; size: number } {
  const [, address = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
  const parts = address.split('.').map(Number);
  const prefix = Number(bits);
  if (!address || parts.some((part) => part > 255) || prefix > 32)
    throw invalid(setting, text, 'is no IPv4 range');
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  const size = 2 ** (32 - prefix);
  if (value % size !== 0)
    throw invalid(
      setting,
      text,
      `does not begin at a multiple of its size (${dotted(value - (value % size))}/${prefix} does)`,
    );
  return { first: value, size };
}

function invalid(setting: string, text: string, why: string): Failure {
  return new Failure('range-invalid', `${setting}: ${text} ${why}.`, {
    advice: 'Write a range such as 127.20.0.0/16.',
  });
}

function dotted(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** The port that HTTP by name goes to: 80, else 8080, else the first TCP port; undefined when there is none. */
export function edgePort(group: Group): number | undefined {
  const ports = (group.ipAddress?.ports ?? [])
    .filter(({ protocol }) => protocol === 'TCP')
    .map(({ port }) => port);
  return [80, 8080].find((port) => ports.includes(port)) ?? ports[0];
}
