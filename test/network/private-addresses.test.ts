import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../src/config.ts';
import { namesClash, namesInNetwork } from '../../src/engines/index.ts';
import { groupKey } from '../../src/event.ts';
import type { Failure } from '../../src/failure.ts';
import {
  allocatePrivate,
  type Endpoint,
  poolsFrom,
  privateNetworksFrom,
  rangesOnHost,
} from '../../src/network/index.ts';

const ANYBODY = { environments: ['*'], repositories: ['*'], callers: ['*'] };
const [SHOP, DB] = [groupKey('production', 'shop'), groupKey('production', 'db')];

function networkFrom(given: { subnet?: string; addresses?: string | string[]; gateway?: string }) {
  const { net } = privateNetworksFrom('office', { net: { driver: 'bridge', ...ANYBODY, ...given } });
  if (!net) throw new Error('no network');
  return net;
}

const held = (address: string, key = DB): Endpoint => ({
  key,
  address,
  protocol: 'TCP',
  port: 80,
  hostPort: 80,
});
const asked = { key: SHOP, ports: [{ port: 80, protocol: 'TCP' as const }] };

describe('an address in a network', () => {
  const network = networkFrom({ subnet: '10.50.0.0/29' });
  const given = (...words: [Partial<Parameters<typeof allocatePrivate>[1]>, ...Endpoint[]]) => {
    const [more, ...taken] = words;
    const allocation = allocatePrivate(network, { ...asked, ...more }, taken);
    return allocation.ok ? allocation.published.map(({ address, port }) => `${address} ${port}`) : allocation;
  };

  test('is the first free one: neither the gateway, nor the ends of the subnet', () => {
    expect(given({})).toEqual(['10.50.0.2 80']);
    expect(given({}, held('10.50.0.2'), held('10.50.0.3'))).toEqual(['10.50.0.4 80']);
    const all = [2, 3, 4, 5, 6].map((last) => held(`10.50.0.${last}`));
    expect(given({}, ...all)).toEqual({ ok: false, why: 'full' });
  });

  test('is one for all ports, and there also without any', () => {
    const ports = [...asked.ports, { port: 53, protocol: 'UDP' as const }];
    expect(given({ ports })).toEqual(['10.50.0.2 80', '10.50.0.2 53']);
    expect(given({ ports: [] })).toEqual(['10.50.0.2 0']);
  });

  test('stays what it was, by the book or by what the engine shows', () => {
    expect(given({}, held('10.50.0.5', SHOP))).toEqual(['10.50.0.5 80']);
    expect(given({ found: [held('10.50.0.6')] })).toEqual(['10.50.0.6 80']);
    expect(given({ found: [held('10.99.0.6')] })).toEqual(['10.50.0.2 80']);
  });

  test('is the next one where the engine has refused it', () => {
    const refused = { address: '10.50.0.3' };
    expect(given({ refused }, held('10.50.0.3', SHOP))).toEqual(['10.50.0.4 80']);
  });

  test('is the wished one, unless that is another’s or nobody’s', () => {
    expect(given({ ip: '10.50.0.6' }, held('10.50.0.2', SHOP))).toEqual(['10.50.0.6 80']);
    expect(given({ ip: '10.50.0.6' }, held('10.50.0.6'))).toEqual({ ok: false, why: 'taken', holder: DB });
    for (const ip of ['10.50.0.1', '10.50.0.0', '10.50.0.7', '10.60.0.2', 'soon', '2001:db8::1'])
      expect(given({ ip })).toEqual({ ok: false, why: 'foreign' });
  });

  test('comes from the ranges that are named', () => {
    const some = networkFrom({ subnet: '10.50.0.0/24', addresses: ['10.50.0.64/31', '10.50.0.9'] });
    const first = (...taken: Endpoint[]) => allocatePrivate(some, asked, taken);
    expect(first()).toMatchObject({ published: [{ address: '10.50.0.64' }] });
    expect(first(held('10.50.0.64'), held('10.50.0.65'))).toMatchObject({
      published: [{ address: '10.50.0.9' }],
    });
  });
});

describe('networks of the settings', () => {
  const parse = (networks: unknown, more = {}) =>
    parseSettings(JSON.stringify({ locations: { office: { networks, ...more } } }), 'katabot.yml');

  /** Of several, each. */
  const mistakesIn = (networks: unknown): string => {
    try {
      parse(networks);
      return 'none';
    } catch (error) {
      const { message = '', excerpt = '' }: Partial<Failure> = Object(error);
      return `${message}\n${excerpt}`;
    }
  };

  test.each([
    ['no subnet', { net: {} }, /office\.networks\.net\.subnet: a network of the driver bridge needs it/],
    [
      'a parent of a bridge',
      { net: { subnet: '10.0.0.0/24', parent: 'eth0' } },
      /net\.parent: a network of the driver bridge has none/,
    ],
    [
      'macvlan without a parent',
      { net: { driver: 'macvlan', subnet: '10.0.0.0/24' } },
      /net\.parent: a network of the driver macvlan needs it/,
    ],
    ['an existing one without a name', { net: { driver: 'existing' } }, /net\.external: .* needs it/],
    [
      'an existing one with a subnet',
      { net: { driver: 'existing', external: 'x', addresses: '10.0.0.0/24', subnet: '10.0.0.0/24' } },
      /net\.subnet: a network of the driver existing has none/,
    ],
    [
      'the host’s own network',
      { net: { driver: 'existing', external: 'host', addresses: '10.0.0.0/24' } },
      /net\.external: expected a network that somebody has made/,
    ],
    ['another driver', { net: { driver: 'overlay', subnet: '10.0.0.0/24' } }, /net\.driver: /],
    ['a name with a dot', { 'net.a': { subnet: '10.0.0.0/24' } }, /expected lower-case letters/],
    [
      'nobody who may join',
      { net: { subnet: '10.0.0.0/24', callers: [] } },
      /net\.callers: expected at least one caller/,
    ],
    ['a list', ['10.0.0.0/24'], /expected networks by name/],
  ])('are refused with %s', (_what, networks, words) => {
    expect(mistakesIn(networks)).toMatch(words);
  });

  test('and a range for the groups’ own ones are two things; a range alone is the latter', () => {
    expect(() => parse('10.0.0.0/16', { bridges: '10.1.0.0/16' })).toThrow(/what bridges says already/);
    expect(parse('10.0.0.0/16').locations['office']).toMatchObject({ networks: '10.0.0.0/16' });
  });

  const bridge = (subnet: string, more = {}) => ({ driver: 'bridge' as const, subnet, ...ANYBODY, ...more });
  const office = {
    setting: 'locations.office',
    pools: poolsFrom({ addresses: '10.9.0.0/24', networks: '10.8.0.0/16', ports: '1-2' }),
  };

  test.each([
    [
      { a: bridge('10.0.0.0/24'), b: bridge('10.0.0.128/25') },
      /networks\.b: .* overlaps with 10\.0\.0\.0\/24/,
    ],
    [{ a: bridge('10.8.3.0/24') }, /overlaps with 10\.8\.0\.0\/16 of locations\.office\.bridges/],
    [{ a: bridge('10.9.0.0/25') }, /overlaps with 10\.9\.0\.0\/24 of locations\.office\.addresses/],
    [
      { a: bridge('10.0.0.0/24', { gateway: '10.1.0.1' }) },
      /gateway: 10\.1\.0\.1 is no address of its subnet/,
    ],
    [{ a: bridge('10.0.0.0/24', { addresses: '10.1.0.0/25' }) }, /does not lie in its subnet/],
    [{ a: bridge('10.0.0.0/31') }, /smaller than a \/30/],
    [{ a: bridge('2001:db8::/64') }, /is no range of IPv4/],
    [{ a: bridge('10.0.0.1/24') }, /does not begin at a multiple of its size/],
  ])('share no address: %j', (networks, words) => {
    expect(() => privateNetworksFrom('office', networks, rangesOnHost(office))).toThrow(words);
  });

  test('on an interface of the host’s leave its other addresses to others', () => {
    const lan = { driver: 'macvlan' as const, parent: 'eth0', subnet: '10.9.0.0/16', ...ANYBODY };
    const networks = { lan: { ...lan, addresses: '10.9.7.0/24' } };
    expect(privateNetworksFrom('office', networks, rangesOnHost(office))).toMatchObject({
      lan: { gateway: '10.9.0.1' },
    });
  });
});

describe('what a group is called in a network', () => {
  test('has the environment in it, but for production', () => {
    expect(namesInNetwork(groupKey('production', 'Shop'), 'backend')).toEqual(['shop', 'shop.backend']);
    expect(namesInNetwork(groupKey('pr-12', 'shop'), 'backend')).toEqual([
      'shop-pr-12',
      'shop-pr-12.backend',
    ]);
  });

  test('may be what another one is called', () => {
    expect(namesClash(groupKey('production', 'shop-pr'), groupKey('pr', 'shop'))).toBe(true);
    expect(namesClash(groupKey('production', 'shop'), groupKey('pr', 'shop'))).toBe(false);
    expect(namesClash(SHOP, SHOP)).toBe(false);
  });

  test('fits into a name of DNS', () => {
    const [name] = namesInNetwork(groupKey('a'.repeat(40), 'b'.repeat(60)), 'backend');
    expect(name).toMatch(/^b{54}-[0-9a-f]{8}$/);
  });
});
