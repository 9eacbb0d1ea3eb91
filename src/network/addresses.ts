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
  readonly firstAddress: number;
  readonly firstNetwork: number;
}

/** Every group's own network: 14 addresses are enough for a sandbox and its gateway. */
const NETWORK_BITS = 28;
const NETWORK_SIZE = 2 ** (32 - NETWORK_BITS);

/**
 * Reads the two ranges of a location (IPv4, CIDR). `addresses` are owned by the host and published on; `networks` exist
 * on the host only. Throws a Failure `range-invalid`.
 */
export function poolsFrom({ addresses, networks }: { addresses: string; networks: string }): Pools {
  const published = rangeOf(addresses, 'addresses');
  const inner = rangeOf(networks, 'networks');
  return {
    // The first and the last address of a range look like network and broadcast; nobody should get them.
    slotCount: Math.max(0, Math.min(published.size - 2, Math.floor(inner.size / NETWORK_SIZE))),
    firstAddress: published.first + 1,
    firstNetwork: inner.first,
  };
}

export function placeOf(pools: Pools, slot: number): { address: string; subnet: string } {
  return {
    address: dotted(pools.firstAddress + slot),
    subnet: `${dotted(pools.firstNetwork + slot * NETWORK_SIZE)}/${NETWORK_BITS}`,
  };
}

/** The place that an address belongs to; undefined for an address outside the pool. */
export function slotOf(pools: Pools, address: string): number | undefined {
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const slot = value - pools.firstAddress;
  return Number.isInteger(slot) && slot >= 0 && slot < pools.slotCount ? slot : undefined;
}

function rangeOf(text: string, setting: string): { first: number; size: number } {
  const [, address = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
  const parts = address.split('.').map(Number);
  const prefix = Number(bits);
  const invalid = (why: string) =>
    new Failure('range-invalid', `${setting}: ${text} ${why}.`, {
      advice: 'Write a range such as 127.20.0.0/16.',
    });
  if (!address || parts.some((part) => part > 255) || prefix > 32) throw invalid('is no IPv4 range');
  const value = parts.reduce((sum, part) => sum * 256 + part, 0);
  const size = 2 ** (32 - prefix);
  if (value % size !== 0)
    throw invalid(
      `does not begin at a multiple of its size (${dotted(value - (value % size))}/${prefix} does)`,
    );
  return { first: value, size };
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
