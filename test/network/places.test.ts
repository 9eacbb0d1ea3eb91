import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressAt, placeOfAddress } from '../../src/network/addresses.ts';
import { fqdnOf, poolsFrom, poolsOverlap, slotOf, subnetOf } from '../../src/network/index.ts';
import { addressText, parseAddress } from '../../src/network/ranges.ts';

const networks = '10.0.0.0/12';
const ports = '20000-29999';
const pools = (addresses: string | string[], inner = networks) =>
  poolsFrom({ addresses, networks: inner, ports });
const families = (addresses: string | string[]) =>
  pools(addresses).families.map((family) => ({ ...family, at: (place: number) => addressAt(family, place) }));

/** Ranges that begin where a range of their size may. */
const range = (firstByte: number, least: number) =>
  fc
    .tuple(fc.integer({ min: least, max: 32 }), fc.nat(255), fc.nat(255), fc.nat(255))
    .map(([prefix, b, c, d]) => {
      const value = ((firstByte * 256 + b) * 256 + c) * 256 + d;
      const first = value - (value % 2 ** (32 - prefix));
      return `${[24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join('.')}/${prefix}`;
    });

describe('whatever the range', () => {
  test('every place has an address of its own that leads back to it, and none ends in 0 or 255', () => {
    fc.assert(
      fc.property(range(203, 18), fc.nat(), (addresses, pick) => {
        const [family] = families(addresses);
        if (!family) throw new Error('no family');
        const place = pick % family.count;
        expect(placeOfAddress(family, family.at(place))).toBe(place);
        if (!/\/3[12]$/.test(addresses)) expect(family.at(place)).not.toMatch(/\.(0|255)$/);
        if (place + 1 < family.count) expect(family.at(place + 1)).not.toBe(family.at(place));
      }),
    );
  });

  test('an address of IPv6 is written as people write it, and read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
        expect(parseAddress(addressText('IPv6', value))).toEqual({ family: 'IPv6', value });
      }),
    );
    expect(parseAddress('2001:DB8:0::1')).toEqual(parseAddress('2001:db8::1'));
    expect(parseAddress('::ffff:1.2.3.4')?.value).toBe(0xffff_0102_0304n);
  });

  test('addresses that belong to no place are nobody’s', () => {
    const [family] = families('127.20.0.0/16');
    if (!family) throw new Error('no family');
    for (const address of ['127.20.0.0', '127.20.0.255', '127.19.255.255', '127.21.0.1', 'a.b.c.d', '::1'])
      expect([address, placeOfAddress(family, address)]).toEqual([address, undefined]);
    expect([family.at(0), family.at(253), family.at(254)]).toEqual([
      '127.20.0.1',
      '127.20.0.254',
      '127.20.1.1',
    ]);
  });
});

test('several ranges are one pool a family, in their order', () => {
  const [old, fresh] = families(['203.0.113.8/30', '2001:db8:1::/64', '198.51.100.7', '2001:db8::9']);
  expect([0, 1, 2].map((place) => old?.at(place))).toEqual(['203.0.113.9', '203.0.113.10', '198.51.100.7']);
  expect(fresh?.at(0)).toBe('2001:db8:1::1');
  expect(fresh && placeOfAddress(fresh, '2001:db8::9')).toBe((fresh?.count ?? 0) - 1);
});

test.each<[string | string[], boolean]>([
  ['203.0.113.7/32', true],
  ['203.0.113.7', true],
  [['203.0.113.7', '2001:db8::7'], true],
  [['203.0.113.7', '203.0.113.9'], false],
  [['203.0.113.7', '2001:db8::/64'], false],
  ['127.20.0.0/16', false],
])('addresses %j are shared by all groups: %j', (addresses, shared) => {
  expect(pools(addresses).shared).toBe(shared);
});

test('networks are counted in pieces of 16 and found again', () => {
  const all = pools('127.20.0.0/16', '198.18.0.0/15');
  expect([all.networkCount, subnetOf(all, 0), subnetOf(all, 17)]).toEqual([
    8192,
    '198.18.0.0/28',
    '198.18.1.16/28',
  ]);
  expect(slotOf(all, subnetOf(all, 4711))).toBe(4711);
  for (const subnet of ['', '10.0.0.0/28', '198.18.0.1/28']) expect(slotOf(all, subnet)).toBeUndefined();
});

describe('ranges are refused when the settings are read', () => {
  test.each([
    '127.20.0.0/33',
    '300.1.1.0/24',
    '127.20.0.1/16',
    'fe80::1/64',
    'fe80::%eth0/64',
    '1.2.3.4/',
    '',
  ])('for %j is none', (addresses) => {
    expect(() => pools(addresses)).toThrow(expect.objectContaining({ code: 'range-invalid' }));
  });

  test.each<[string, string | string[], string]>([
    ['198.18.0.0/29', '127.20.0.0/16', 'bridges: 198.18.0.0/29 is smaller than one /28.'],
    [
      '127.20.128.0/17',
      '127.20.0.0/16',
      'bridges: 127.20.128.0/17 overlaps with the addresses 127.20.0.0/16.',
    ],
    ['fd00::/64', '127.20.0.0/16', 'bridges: fd00::/64 is no range of IPv4.'],
    [
      networks,
      ['2001:db8::/48', '2001:db8:0:1::/64'],
      'addresses: 2001:db8:0:1::/64 overlaps with 2001:db8::/48.',
    ],
  ])('bridges %s beside %j', (inner, addresses, message) => {
    expect(() => pools(addresses, inner)).toThrow(
      expect.objectContaining({ code: 'range-invalid', message }),
    );
  });

  test('and so are two locations that hand out the same addresses', () => {
    const a = pools(['203.0.113.0/28', '2001:db8:1::/64']);
    expect(poolsOverlap({ a, b: pools('203.0.113.16/28') })).toBeUndefined();
    expect(poolsOverlap({ a, b: pools('2001:db8:1::5') })).toBe(
      'b: 2001:db8:1::5 overlaps with 2001:db8:1::/64 of a',
    );
  });
});

test('a domain written with capitals is the name that browsers ask for', () => {
  const name = fqdnOf({
    label: 'hello',
    environment: 'production',
    location: 'local',
    domain: 'Apps.Example.com',
    scope: 'Unsecure',
    owner: 'acme',
    repository: 'shop',
    held: '',
    fresh: 'seed',
  });
  expect(name).toBe('hello.local.apps.example.com');
});
