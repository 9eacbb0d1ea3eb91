/** Names told to name servers of somebody else, with TSIG and conditions: each keeps the same promises, and says the same when it does not. */
import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import type { GroupKey } from '../../src/event.ts';
import { createOutsideZone, type NameBook, recordsOf } from '../../src/network/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import { dig } from '../world/name-servers.ts';
import { READER, startUpdateServer, UPDATE_SERVERS, type UpdateServer } from '../world/update-servers.ts';

const ZONE = 'groups.example.com';
const OTHER = Buffer.from('a key that only tests know, or so').toString('base64');

function bookInMemory(): NameBook {
  const told = new Map<GroupKey, Awaited<ReturnType<NameBook['get']>>>();
  return {
    get: async (key) => told.get(key),
    put: async (key, each) => void told.set(key, each),
    remove: async (key) => void told.delete(key),
  };
}

function toldOf(label: string, address: string, port = 80) {
  const fqdn = `${label}.local.${ZONE}`;
  const published = [{ address, protocol: 'TCP', port, hostPort: port }] as const;
  return { fqdn, records: recordsOf({ fqdn, published, host: '', shared: false, edge: [] }) };
}

describe.each(UPDATE_SERVERS)('$name', ({ name: kind, isHere }) => {
  let server: UpdateServer;

  if (!isHere) {
    test.skip(`is not installed, and is not to be installed by whoever runs this: nothing is known of it`, () => {});
    return;
  }

  beforeAll(async () => {
    server = await startUpdateServer(kind, '127.42.0.1', ZONE);
  }, 90_000);

  afterAll(() => server?.stop());

  function bot(
    owner: string,
    more: Partial<UpdateServer['key']> & { port?: number; zone?: string; nowMs?: number } = {},
  ) {
    const { name, secret, port, zone = ZONE, nowMs } = { ...server.key, port: server.port, ...more };
    return createOutsideZone({
      server: { host: server.host, port },
      zone,
      key: { name, secret: new Secret(secret) },
      owner,
      book: bookInMemory(),
      clock: nowMs === undefined ? systemClock : { ...systemClock, now: () => nowMs },
    });
  }

  const ask = () => {
    const resolver = new Resolver();
    resolver.setServers([`${server.host}:${server.port}`]);
    return resolver;
  };
  const addressOf = (label: string) =>
    ask()
      .resolve4(`${label}.local.${ZONE}`)
      .catch((error: unknown) => {
        if (['ENOTFOUND', 'ENODATA'].includes(Object(error).code)) return [];
        throw error;
      });
  const serial = async () => (await ask().resolveSoa(ZONE)).serial;

  test('a name is there when it was told, follows its group, and goes with it', async () => {
    const own = bot('first');
    expect(await addressOf('web')).toEqual([]); // also a server that remembers what is not there
    await own.publish('p/web', toldOf('web', '203.0.113.5'));
    expect((await dig(server, `web.local.${ZONE}`)).answer).toEqual([
      `web.local.${ZONE}. 60 IN A 203.0.113.5`,
    ]);
    await own.publish('p/web', toldOf('web', '203.0.113.5')); // said again
    await own.publish('p/web', toldOf('web', '203.0.113.6', 8080));
    expect(await addressOf('web')).toEqual(['203.0.113.6']);
    expect((await dig(server, `_8080._tcp.web.local.${ZONE}`, 'SRV')).answer).toEqual([
      `_8080._tcp.web.local.${ZONE}. 60 IN SRV 0 0 8080 web.local.${ZONE}.`,
    ]);
    expect(await dig(server, `_80._tcp.web.local.${ZONE}`, 'SRV')).toMatchObject({ status: 'NXDOMAIN' });
    await own.publish('p/web', toldOf('shop', '203.0.113.6', 8080));
    expect([await addressOf('web'), await addressOf('shop')]).toEqual([[], ['203.0.113.6']]);
    await own.withdraw('p/web');
    await own.withdraw('p/web');
    expect(await dig(server, `shop.local.${ZONE}`)).toMatchObject({ status: 'NXDOMAIN' });
  });

  test('the serial grows with every change, so that secondary servers follow', async () => {
    const own = bot('first');
    const seen = [await serial()];
    await own.publish('p/serial', toldOf('serial', '203.0.113.5'));
    seen.push(await serial());
    await own.publish('p/serial', toldOf('serial', '2001:db8::5'));
    seen.push(await serial());
    await own.withdraw('p/serial');
    seen.push(await serial());
    await own.check();
    expect(await serial()).toBe(seen.at(-1)); // a look changes nothing
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  test('two bots that want one name at once: one has it, and the other is told', async () => {
    const [first, second] = [bot('first'), bot('second')];
    const races = Array.from({ length: 8 }, async (_, index) => {
      const ends = await Promise.allSettled([
        first.publish(`p/a${index}`, toldOf(`race${index}`, '203.0.113.1')),
        second.publish(`p/b${index}`, toldOf(`race${index}`, '203.0.113.2')),
      ]);
      expect(ends.filter((end) => end.status === 'rejected')).toMatchObject([
        {
          reason: { code: 'dns-name-taken', message: expect.stringContaining(`race${index}.local.${ZONE}`) },
        },
      ]);
      expect(await addressOf(`race${index}`)).toEqual([
        ends[0].status === 'fulfilled' ? '203.0.113.1' : '203.0.113.2',
      ]);
    });
    await Promise.all(races);
  });

  test('a name that somebody keeps there by hand stays as it is', async () => {
    const fqdn = `elsewhere.${ZONE}`;
    const records = [{ name: fqdn, type: 'A', data: '203.0.113.9' }] as const;
    await expect(bot('first').publish('p/x', { fqdn, records })).rejects.toMatchObject({
      code: 'dns-name-taken',
    });
    expect((await dig(server, fqdn)).answer).toEqual([`${fqdn}. 60 IN A 192.0.2.1`]);
  });

  test('a bot that has lost its books takes up its own names', async () => {
    await bot('first').publish('p/old', toldOf('lost', '203.0.113.7'));
    const again = bot('first');
    await again.publish('p/old', toldOf('lost', '203.0.113.8'));
    expect(await addressOf('lost')).toEqual(['203.0.113.8']);
    await again.withdraw('p/old');
    expect(await addressOf('lost')).toEqual([]);
  });

  test('a text follows what it proves, also for a bot that has lost its books, and goes with it', async () => {
    const fqdn = `_acme-challenge.web.${ZONE}`;
    const proof = (data: string) => ({ fqdn, records: [{ name: fqdn, type: 'TXT', data }] as const });
    const texts = async () => (await ask().resolveTxt(fqdn)).flat();
    await bot('first').publish('p/proof', proof('one'));
    const own = bot('first');
    await own.publish('p/proof', proof('two'));
    expect(await texts()).toEqual(['two']);
    await expect(bot('second').publish('p/proof', proof('three'))).rejects.toMatchObject({
      code: 'dns-name-taken',
    });
    await own.withdraw('p/proof');
    expect(await dig(server, fqdn)).toMatchObject({ status: 'NXDOMAIN' });
  });

  test('a text that an earlier version left with its mark beside it is replaced, and nobody else’s is', async () => {
    const fqdn = `_acme-challenge.left.${ZONE}`;
    const text = (name: string, data: string) => ({ name, type: 'TXT', data }) as const;
    const texts = async () => (await ask().resolveTxt(fqdn)).flat().sort();
    // As that version wrote them: both at one name, and in no book of the bot that they are of.
    const left = [text(fqdn, 'stale'), text(fqdn, 'katabot=first')];
    await bot('hand').publish('p/left', { fqdn: `left.${ZONE}`, records: left });
    expect(await texts()).toEqual(['katabot=first', 'stale']);
    const told = { fqdn, records: [text(fqdn, 'fresh')] };
    await expect(bot('second').publish('p/proof', told)).rejects.toMatchObject({ code: 'dns-name-taken' });
    expect(await texts()).toEqual(['katabot=first', 'stale']);
    const own = bot('first');
    await own.publish('p/proof', told);
    expect(await texts()).toEqual(['fresh']);
    await own.withdraw('p/proof');
    expect(await dig(server, fqdn)).toMatchObject({ status: 'NXDOMAIN' });
  });

  test.each([
    [
      'the wrong secret',
      { secret: OTHER },
      'dns-refused',
      /the secret of the key is another one there|or another secret of it/,
    ],
    ['a key that the server does not know', { name: 'stranger' }, 'dns-refused', /: it knows no such key/],
    ['a key that may change nothing', READER, 'dns-refused', /none that may change that|neither this key/],
    ['a clock that is wrong', { nowMs: 1_000_000_000_000 }, 'dns-refused', /its clock and the bot’s are/],
    [
      'a zone of somebody else',
      { zone: 'example.org' },
      'dns-refused',
      /: it is not the primary server of the zone/,
    ],
    ['a server that is away', { port: 1 }, 'dns-unreachable', /does not answer/],
  ])('%s is said in a sentence, and never with the secret', async (_what, more, code, words) => {
    const failure = await bot('first', more)
      .check()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(failure).toMatchObject({ message: expect.stringMatching(/^The name server 127\.\d+\.0\.1:\d+ /) });
    expect(JSON.stringify(Object(failure)) + Object(failure).stack).not.toContain(server.key.secret);
    await expect(bot('first').check()).resolves.toBeUndefined();
  });

  test('a name outside of the zone is said in a sentence, and nothing else of the update is done', async () => {
    const fqdn = `far.${ZONE}`;
    const outside = { fqdn, records: [{ name: 'www.example.org', type: 'A', data: '203.0.113.9' }] as const };
    await expect(bot('first').publish('p/far', outside)).rejects.toMatchObject({
      code: 'dns-refused',
      message: expect.stringContaining('a name lies outside of the zone'),
    });
    expect(await dig(server, fqdn)).toMatchObject({ status: 'NXDOMAIN' });
  });
});
