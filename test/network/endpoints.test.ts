/** Who gets which address and port. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Allocation, allocate, type Endpoint, poolsFrom } from '../../src/network/index.ts';

const networks = '10.0.0.0/12';
const range = poolsFrom({ addresses: '203.0.113.8/29', networks, ports: '20000-29999' });
const both = poolsFrom({ addresses: ['203.0.113.8/29', '2001:db8::/64'], networks, ports: '20000-29999' });
const single = poolsFrom({ addresses: ['203.0.113.7', '2001:db8::7'], networks, ports: '20000-20003' });

const WEB = [{ port: 80, protocol: 'TCP' }] as const;
const NAMES = [
  { port: 53, protocol: 'UDP' },
  { port: 5432, protocol: 'TCP' },
] as const;

/** What a group was given, as rows of the book. */
function rows(key: Endpoint['key'], allocation: Allocation): Endpoint[] {
  if (!allocation.ok) throw new Error(allocation.why);
  return allocation.published.map((each) => ({ ...each, key }));
}

function places(allocation: Allocation): string[] {
  if (!allocation.ok) return [allocation.why];
  return allocation.published.map(
    ({ address, protocol, port, hostPort }) => `${address} ${protocol} ${port} ${hostPort}`,
  );
}

describe('with a range', () => {
  const first = allocate(range, { key: 'p/a', ports: NAMES }, []);
  const taken = rows('p/a', first);

  test('a group has an address of its own and every port on it as it is', () => {
    expect(places(first)).toEqual(['203.0.113.9 UDP 53 53', '203.0.113.9 TCP 5432 5432']);
    expect(places(allocate(range, { key: 'p/b', ports: WEB }, taken))).toEqual(['203.0.113.10 TCP 80 80']);
  });

  test('and keeps it when its ports change, also where the range has gone', () => {
    expect(places(allocate(range, { key: 'p/a', ports: WEB }, taken))).toEqual(['203.0.113.9 TCP 80 80']);
    const other = poolsFrom({ addresses: '198.51.100.0/24', networks, ports: '20000-29999' });
    expect(places(allocate(other, { key: 'p/a', ports: WEB }, taken))).toEqual(['203.0.113.9 TCP 80 80']);
  });

  test('has one of each family', () => {
    expect(places(allocate(both, { key: 'p/a', ports: WEB }, []))).toEqual([
      '203.0.113.9 TCP 80 80',
      '2001:db8::1 TCP 80 80',
    ]);
  });

  test('takes what the engine shows where the books are lost, unless somebody else has it', () => {
    const found = [{ address: '203.0.113.12', protocol: 'TCP', port: 80, hostPort: 80 }] as const;
    expect(places(allocate(range, { key: 'p/b', ports: WEB, found }, taken))).toEqual([
      '203.0.113.12 TCP 80 80',
    ]);
    const others = rows('p/c', allocate(range, { key: 'p/c', ports: WEB, ip: '203.0.113.12' }, []));
    expect(places(allocate(range, { key: 'p/b', ports: WEB, found }, others))).toEqual([
      '203.0.113.9 TCP 80 80',
    ]);
  });

  test('gets the address that it asks for, however that is written, or hears why not', () => {
    const asks = (ip: string, key: Endpoint['key'] = 'p/b') => allocate(both, { key, ports: WEB, ip }, taken);
    expect(places(asks('203.0.113.13'))).toEqual(['203.0.113.13 TCP 80 80', '2001:db8::1 TCP 80 80']);
    expect(places(asks('2001:DB8:0:0::00ff'))).toEqual(['203.0.113.10 TCP 80 80', '2001:db8::ff TCP 80 80']);
    expect(asks('203.0.113.9')).toEqual({ ok: false, why: 'taken', holder: 'p/a' });
    expect(places(asks('203.0.113.9', 'p/a'))[0]).toBe('203.0.113.9 TCP 80 80');
    for (const ip of ['192.0.2.1', '203.0.113.8', 'lots', '2001:db8::'])
      expect([ip, asks(ip)]).toEqual([ip, { ok: false, why: 'foreign' }]);
  });

  test('that is used up is full', () => {
    let all: Endpoint[] = [];
    for (let count = 0; count < 6; count++)
      all = [...all, ...rows(`p/${count}`, allocate(range, { key: `p/${count}`, ports: WEB }, all))];
    expect(new Set(all.map(({ address }) => address)).size).toBe(6);
    expect(allocate(range, { key: 'p/b', ports: WEB }, all)).toEqual({ ok: false, why: 'full' });
  });

  test('goes on behind an address that the engine refused, and round to the first', () => {
    const after = (address: string) =>
      places(allocate(range, { key: 'p/a', ports: WEB, refused: { address } }, taken))[0];
    expect(after('203.0.113.9')).toBe('203.0.113.10 TCP 80 80');
    const last = rows('p/a', allocate(range, { key: 'p/a', ports: WEB, ip: '203.0.113.14' }, []));
    const refused = { address: '203.0.113.14' };
    expect(places(allocate(range, { key: 'p/a', ports: WEB, refused }, last))).toEqual([
      '203.0.113.9 TCP 80 80',
    ]);
  });
});

describe('with a single address', () => {
  const first = allocate(single, { key: 'p/a', ports: NAMES }, []);

  test('every port gets one of the location’s ports, the same at each family; TCP and UDP are apart', () => {
    expect(places(first)).toEqual([
      '203.0.113.7 UDP 53 20000',
      '203.0.113.7 TCP 5432 20000',
      '2001:db8::7 UDP 53 20000',
      '2001:db8::7 TCP 5432 20000',
    ]);
    expect(places(allocate(single, { key: 'p/b', ports: WEB }, rows('p/a', first)))[0]).toBe(
      '203.0.113.7 TCP 80 20001',
    );
  });

  test('a port stays when others come and go', () => {
    const more = [...WEB, ...NAMES];
    const changed = allocate(single, { key: 'p/a', ports: more }, rows('p/a', first));
    expect(places(changed).slice(0, 3)).toEqual([
      '203.0.113.7 TCP 80 20000',
      '203.0.113.7 UDP 53 20000',
      '203.0.113.7 TCP 5432 20001',
    ]);
  });

  test('a port that the engine refused is left for the next one', () => {
    const refused = { address: '203.0.113.7', hostPort: 20_000 };
    const moved = allocate(single, { key: 'p/a', ports: WEB, refused }, [
      { key: 'p/a', address: '203.0.113.7', protocol: 'TCP', port: 80, hostPort: 20_000 },
    ]);
    expect(places(moved)[0]).toBe('203.0.113.7 TCP 80 20001');
  });

  test('only that address can be asked for', () => {
    expect(allocate(single, { key: 'p/a', ports: WEB, ip: '203.0.113.7' }, []).ok).toBe(true);
    expect(allocate(single, { key: 'p/a', ports: WEB, ip: '203.0.113.8' }, [])).toEqual({
      ok: false,
      why: 'foreign',
    });
  });
});

test('whatever groups come and go, no two have one port at one address, and what a group has it keeps', () => {
  const group = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    ports: fc.uniqueArray(
      fc.record({
        port: fc.integer({ min: 1, max: 4 }),
        protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
      }),
      {
        selector: ({ port }) => port,
        maxLength: 3,
      },
    ),
    gone: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.constantFrom(range, both, single), fc.array(group, { maxLength: 25 }), (pools, steps) => {
      let book: Endpoint[] = [];
      for (const { name, ports, gone } of steps) {
        const key = `p/${name}` as const;
        const before = book.filter((each) => each.key === key);
        const others = book.filter((each) => each.key !== key);
        const allocation = gone ? undefined : allocate(pools, { key, ports }, book);
        if (allocation && !allocation.ok) continue;
        const now = allocation ? rows(key, allocation) : [];
        book = [...others, ...now];
        const at = ({ address, protocol, hostPort }: Endpoint) => `${address} ${protocol} ${hostPort}`;
        expect(new Set(book.map(at)).size).toBe(book.length);
        if (!pools.shared) {
          for (const { address } of now) expect(others.map((each) => each.address)).not.toContain(address);
          if (before.length && now.length) expect(now[0]?.address).toBe(before[0]?.address);
        }
      }
    }),
  );
});
