import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fqdnOf, placeOf, poolsFrom, slotOf } from '../../src/network/index.ts';

/** Ranges that begin where a range of their size may. */
const range = (firstByte: number, least: number) =>
  fc
    .tuple(fc.integer({ min: least, max: 32 }), fc.nat(255), fc.nat(255), fc.nat(255))
    .map(([prefix, b, c, d]) => {
      const value = ((firstByte * 256 + b) * 256 + c) * 256 + d;
      const first = value - (value % 2 ** (32 - prefix));
      return `${[24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join('.')}/${prefix}`;
    });
const networks = '10.0.0.0/12';

describe('whatever the range', () => {
  test('every place has an address of its own that leads back to it, and none ends in 0 or 255', () => {
    fc.assert(
      fc.property(range(203, 18), fc.nat(), (addresses, pick) => {
        const pools = poolsFrom({ addresses, networks });
        expect(pools.slotCount).toBeGreaterThan(0);
        const slot = pick % pools.slotCount;
        const { address, subnet } = placeOf(pools, slot);
        expect(slotOf(pools, address)).toBe(slot);
        expect(subnet).toMatch(/\/28$/);
        if (!/\/3[12]$/.test(addresses)) expect(address).not.toMatch(/\.(0|255)$/);
        const next = placeOf(pools, slot + 1);
        expect([next.address, next.subnet]).not.toContain(address);
        expect(next.subnet).not.toBe(subnet);
      }),
    );
  });

  test('addresses that belong to no place are nobody’s', () => {
    const pools = poolsFrom({ addresses: '127.20.0.0/16', networks });
    for (const address of [
      '127.20.0.0',
      '127.20.0.255',
      '127.20.1.0',
      '127.19.255.255',
      '127.21.0.1',
      'a.b.c.d',
    ]) {
      expect([address, slotOf(pools, address)]).toEqual([address, undefined]);
    }
    expect(placeOf(pools, 253).address).toBe('127.20.0.254');
    expect(placeOf(pools, 254).address).toBe('127.20.1.1');
  });
});

test('a host with one public address serves one group at it', () => {
  const pools = poolsFrom({ addresses: '203.0.113.7/32', networks });
  expect([pools.slotCount, placeOf(pools, 0).address]).toEqual([1, '203.0.113.7']);
});

test.each([
  ['198.18.0.0/29', 'is smaller than one /28'],
  ['127.20.128.0/17', 'overlaps with the addresses 127.20.0.0/16'],
  ['127.0.0.0/8', 'overlaps with the addresses 127.20.0.0/16'],
])('networks %s are refused when the settings are read: the range %s', (inner, why) => {
  expect(() => poolsFrom({ addresses: '127.20.0.0/16', networks: inner })).toThrow(
    expect.objectContaining({ code: 'range-invalid', message: `networks: ${inner} ${why}.` }),
  );
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
