/** Names told to a name server of somebody else: Debian's Knot, with TSIG and conditions. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import type { GroupKey } from '../../src/event.ts';
import { createOutsideZone, type NameBook, recordsOf } from '../../src/network/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import { dig, type NameServer, startKnot, TSIG } from '../world/name-servers.ts';

const ZONE = 'groups.example.com';
let knot: NameServer;

beforeAll(async () => {
  knot = await startKnot('127.42.0.1', ZONE);
}, 90_000);

afterAll(() => knot?.stop());

function bookInMemory(): NameBook {
  const told = new Map<GroupKey, Awaited<ReturnType<NameBook['get']>>>();
  return {
    get: async (key) => told.get(key),
    put: async (key, each) => void told.set(key, each),
    remove: async (key) => void told.delete(key),
  };
}

function bot(
  owner: string,
  { secret = TSIG.secret, name = TSIG.name, port = knot.port, book = bookInMemory() } = {},
) {
  const key = { name, secret: new Secret(secret) };
  return createOutsideZone({
    server: { host: knot.host, port },
    zone: ZONE,
    key,
    owner,
    book,
    clock: systemClock,
  });
}

function toldOf(label: string, address: string, port = 80) {
  const fqdn = `${label}.local.${ZONE}`;
  const published = [{ address, protocol: 'TCP', port, hostPort: port }] as const;
  return { fqdn, records: recordsOf({ fqdn, published, host: '', shared: false, edge: [] }) };
}

const addressOf = async (label: string) =>
  (await dig(knot, `${label}.local.${ZONE}`)).answer.map((line) => line.split(' ').at(-1));

test('a name is there when it was told, follows its group, and goes with it', async () => {
  const own = bot('first');
  await own.publish('p/web', toldOf('web', '203.0.113.5'));
  expect(await addressOf('web')).toEqual(['203.0.113.5']);
  await own.publish('p/web', toldOf('web', '203.0.113.5')); // said again
  await own.publish('p/web', toldOf('web', '203.0.113.6', 8080));
  expect(await addressOf('web')).toEqual(['203.0.113.6']);
  expect((await dig(knot, `_8080._tcp.web.local.${ZONE}`, 'SRV')).answer).toHaveLength(1);
  expect(await dig(knot, `_80._tcp.web.local.${ZONE}`, 'SRV')).toMatchObject({ status: 'NXDOMAIN' });
  await own.publish('p/web', toldOf('shop', '203.0.113.6', 8080));
  expect([await addressOf('web'), await addressOf('shop')]).toEqual([[], ['203.0.113.6']]);
  await own.withdraw('p/web');
  await own.withdraw('p/web');
  expect(await dig(knot, `shop.local.${ZONE}`)).toMatchObject({ status: 'NXDOMAIN' });
});

test('two bots that want one name at once: one has it, and the other is told', async () => {
  const ends = await Promise.allSettled([
    bot('first').publish('p/a', toldOf('race', '203.0.113.1')),
    bot('second').publish('p/b', toldOf('race', '203.0.113.2')),
  ]);
  const lost = ends.filter((end) => end.status === 'rejected');
  expect(lost).toMatchObject([
    { reason: { code: 'dns-name-taken', message: expect.stringContaining(`race.local.${ZONE}`) } },
  ]);
  expect(await addressOf('race')).toEqual([ends[0].status === 'fulfilled' ? '203.0.113.1' : '203.0.113.2']);
});

test('a name that somebody keeps there by hand stays as it is', async () => {
  const fqdn = `elsewhere.${ZONE}`;
  const records = [{ name: fqdn, type: 'A', data: '203.0.113.9' }] as const;
  await expect(bot('first').publish('p/x', { fqdn, records })).rejects.toMatchObject({
    code: 'dns-name-taken',
  });
  expect((await dig(knot, fqdn)).answer).toEqual([`${fqdn}. 60 IN A 192.0.2.1`]);
});

test('a bot that has lost its books takes up its own names', async () => {
  await bot('first').publish('p/old', toldOf('lost', '203.0.113.7'));
  const again = bot('first');
  await again.publish('p/old', toldOf('lost', '203.0.113.8'));
  expect(await addressOf('lost')).toEqual(['203.0.113.8']);
  await again.withdraw('p/old');
  expect(await addressOf('lost')).toEqual([]);
});

test.each([
  ['the wrong secret', { secret: Buffer.from('another').toString('base64') }, 'dns-refused'],
  ['a key that the server does not know', { name: 'stranger' }, 'dns-refused'],
  ['a server that is away', { port: 1 }, 'dns-unreachable'],
])('%s is said in a sentence, and never with the secret', async (_what, more, code) => {
  const failure = await bot('first', more)
    .check()
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code,
    message: expect.stringMatching(/^The name server 127\.42\.0\.1:\d+ /),
  });
  expect(JSON.stringify(Object(failure)) + Object(failure).stack).not.toContain(TSIG.secret);
  await expect(bot('first').check()).resolves.toBeUndefined();
});
