import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { Failure } from '../failure.ts';

export type FamilyName = 'IPv4' | 'IPv6';

/** A range of addresses, as numbers. */
export interface Range {
  readonly family: FamilyName;
  readonly first: bigint;
  readonly size: bigint;
  /** As it was written. */
  readonly text: string;
}

const BITS = { IPv4: 32, IPv6: 128 } as const;

/** A range in CIDR, or one address. Throws a Failure `range-invalid` that names the setting. */
export function rangeFrom(text: string, setting: string): Range {
  const [address = '', prefix] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed || (prefix !== undefined && !/^\d{1,3}$/.test(prefix)))
    throw rangeInvalid(setting, text, 'is no range of addresses');
  const { family, value } = parsed;
  const bits = prefix === undefined ? BITS[family] : Number(prefix);
  if (bits > BITS[family]) throw rangeInvalid(setting, text, 'is no range of addresses');
  const size = 1n << BigInt(BITS[family] - bits);
  const first = value - (value % size);
  if (first !== value) {
    const why = `does not begin at a multiple of its size (${addressText(family, first)}/${bits} does)`;
    throw rangeInvalid(setting, text, why);
  }
  return { family, first, size, text };
}

export function rangeInvalid(setting: string, text: string, why: string): Failure {
  return new Failure('range-invalid', `${setting}: ${text} ${why}.`, {
    advice: 'Write a range such as 127.20.0.0/16 or 2001:db8:20::/64.',
  });
}

export function rangesOverlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first < b.first + b.size && b.first < a.first + a.size;
}

export function isInRange({ family, first, size }: Range, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed?.family === family && parsed.value >= first && parsed.value < first + size;
}

/** An address as a number; undefined for text that is none. */
export function parseAddress(text: string): { family: FamilyName; value: bigint } | undefined {
  if (isIPv4(text)) return { family: 'IPv4', value: joined(text.split('.').map(BigInt), 8n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ family: 'ipv6', address: text });
  const [head = '', tail] = asWords(address).split('::');
  const words = (part: string) => part.split(':').filter(Boolean);
  const [before, after] = [words(head), words(tail ?? '')];
  const middle = new Array<string>(8 - before.length - after.length).fill('0');
  return {
    family: 'IPv6',
    value: joined(
      [...before, ...middle, ...after].map((word) => BigInt(`0x${word}`)),
      16n,
    ),
  };
}

/** As people write it: of IPv6 the short form in lower case (RFC 5952). */
export function addressText(family: FamilyName, value: bigint): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_, index) => (value >> BigInt(16 * (7 - index))) & 0xffffn);
  const address = words.map((word) => word.toString(16)).join(':');
  return new SocketAddress({ family: 'ipv6', address }).address;
}

/** `127.20.0.1:80`, `[2001:db8::1]:80`; port 0 is none in particular. */
export function withPort(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `::ffff:1.2.3.4` without its dots. */
function asWords(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((word) => word.toString(16)).join(':'),
  );
}

function joined(parts: readonly bigint[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | part, 0n);
}
