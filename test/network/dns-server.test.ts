/** The bot's own name server as Debian's dig and unbound see it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decode, encode, streamEncode } from 'dns-packet';
import { systemClock } from '../../src/clock.ts';
import {
  addressRecords,
  createDnsServer,
  createZone,
  lookAtZone,
  recordsOf,
} from '../../src/network/index.ts';
import { dig, type NameServer, needPrograms, startUnbound } from '../world/name-servers.ts';

const ZONE = 'apps.example.com';
const HELLO = `hello.local.${ZONE}`;
const HOST = '127.41.0.1';
const zone = createZone(
  {
    name: ZONE,
    nameServers: [`ns1.${ZONE}`],
    glue: addressRecords(`ns1.${ZONE}`, [HOST]),
    contact: `hostmaster.${ZONE}`,
  },
  systemClock,
);
const server = createDnsServer({ zone, clock: systemClock, responsesPerSecond: 0 });
let at: { host: string; port: number };
let resolver: NameServer;

beforeAll(async () => {
  needPrograms('dig', 'unbound');
  const published = [{ address: '127.41.1.1', protocol: 'TCP', port: 80, hostPort: 80 }] as const;
  zone.put('p/hello', recordsOf({ fqdn: HELLO, published, host: '', shared: false, edge: [] }));
  zone.put(
    'p/many',
    addressRecords(
      `many.${ZONE}`,
      Array.from({ length: 100 }, (_, n) => `192.0.2.${n}`),
    ),
  );
  at = { host: HOST, port: await server.listen(HOST, 0) };
  resolver = await startUnbound('127.41.0.2', ZONE, at);
}, 90_000);

afterAll(async () => {
  await resolver?.stop();
  await server.close();
});

describe('dig', () => {
  test('gets address, service, frame and denials', async () => {
    expect(await dig(at, HELLO)).toMatchObject({
      status: 'NOERROR',
      answer: [`${HELLO}. 60 IN A 127.41.1.1`],
    });
    expect((await dig(at, `_80._tcp.${HELLO}`, 'SRV')).answer).toEqual([
      `_80._tcp.${HELLO}. 60 IN SRV 0 0 80 ${HELLO}.`,
    ]);
    expect((await dig(at, ZONE, 'NS')).answer).toEqual([`${ZONE}. 60 IN NS ns1.${ZONE}.`]);
    const nobody = await dig(at, `nobody.${ZONE}`);
    expect(nobody).toMatchObject({ status: 'NXDOMAIN', authority: [expect.stringContaining(' SOA ')] });
    expect(await dig(at, 'example.org')).toMatchObject({ status: 'REFUSED', answer: [] });
    for (const each of [nobody, await dig(at, HELLO)]) expect(each.flags).toContain('aa');
  });

  test('comes over TCP for what is too long, by itself, and gets no transfer', async () => {
    const whole = await dig(at, `many.${ZONE}`);
    expect(whole.answer).toHaveLength(100);
    expect(whole.text).toContain('Truncated, retrying in TCP mode');
    expect((await dig(at, `many.${ZONE}`, '+ignore', '+noedns')).flags).toContain('tc');
    expect((await dig(at, ZONE, 'AXFR')).text).toContain('Transfer failed');
  });
});

test('unbound, told of the delegation, gives it on, with mixed case and denials', async () => {
  expect((await dig(resolver, HELLO)).answer).toEqual([expect.stringMatching(/ IN A 127\.41\.1\.1$/)]);
  expect(await dig(resolver, `nobody.local.${ZONE}`)).toMatchObject({ status: 'NXDOMAIN' });
  expect((await dig(resolver, `many.${ZONE}`)).answer).toHaveLength(100);
  expect(await dig(resolver, HELLO, 'AAAA')).toMatchObject({ status: 'NOERROR', answer: [] });
});

describe('doctor', () => {
  const parts = (nameServers: string[], resolvers: string[]) => ({
    domain: ZONE,
    locations: ['local'],
    zone: ZONE,
    resolvers,
    served: { nameServers, glue: [`ns1.${ZONE}. A ${HOST}`], address: () => `${at.host}:${at.port}` },
  });
  const through = () => [`${resolver.host}:${resolver.port}`];

  test('sees that the zone is delegated and reached', async () => {
    expect(await lookAtZone(parts([`ns1.${ZONE}`], through()))).toMatchObject([
      { state: 'fine', text: `the bot answers for ${ZONE} at ${at.host}:${at.port}` },
      { state: 'fine', text: `${ZONE} is delegated to ns1.${ZONE} and resolvers get its records` },
    ]);
  });

  test('says what to add to the zone above where nothing leads to the bot', async () => {
    expect((await lookAtZone(parts([`ns1.${ZONE}`], ['127.41.0.9:53']))).at(-1)).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('it is not delegated'),
      advice: expect.stringContaining(`${ZONE}. NS ns1.${ZONE}., ns1.${ZONE}. A ${HOST}`),
    });
  });

  test('names name servers that the settings do not know', async () => {
    expect((await lookAtZone(parts(['ns.example.net'], through()))).at(-1)).toMatchObject({
      state: 'warning',
      text: `${ZONE} is delegated to ns1.${ZONE}, which the settings do not name`,
    });
  });

  test('looks for a wildcard where nobody answers', async () => {
    const look = (domain: string) => lookAtZone({ domain, locations: ['local'], resolvers: through() });
    expect(await look('localhost')).toEqual([]);
    zone.put('wild', addressRecords(`katabot-doctor.local.${ZONE}`, ['192.0.2.9']));
    expect(await look(ZONE)).toMatchObject([{ state: 'fine', text: expect.stringContaining('192.0.2.9') }]);
    expect(await look(`none.${ZONE}`)).toMatchObject([
      { state: 'warning', advice: expect.stringContaining(`*.local.none.${ZONE}`) },
    ]);
  });
});

test('garbage by datagram and by connection does no harm, and who says half a message is let go', async () => {
  const socket = createSocket('udp4');
  for (let length = 0; length < 200; length++) socket.send(Buffer.alloc(length, length), at.port, at.host);
  const half = connect(at.port, at.host);
  half.write(Buffer.from([1, 0, 7]));
  const noise = connect(at.port, at.host);
  const closed = once(noise, 'close');
  noise.on('error', () => {}).resume();
  noise.write(Buffer.concat([Buffer.from([0, 2, 9, 9]), Buffer.alloc(100, 255)]));
  await closed;
  expect(await dig(at, HELLO)).toMatchObject({ status: 'NOERROR' });
  half.destroy();
  socket.close();
});

test('several questions on one connection are answered in their order', async () => {
  const socket = connect(at.port, at.host);
  const questions = [HELLO, `nobody.${ZONE}`, ZONE].map((name, id) =>
    streamEncode({ type: 'query', id, questions: [{ name, type: 'A' }] }),
  );
  const bytes = Buffer.concat(questions);
  socket.write(bytes.subarray(0, 50)); // cut in the middle of a message
  socket.write(bytes.subarray(50));
  const ids: number[] = [];
  let unread = Buffer.alloc(0);
  for await (const part of socket) {
    unread = Buffer.concat([unread, part]);
    while (unread.length > 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      ids.push(decode(unread.subarray(2)).id ?? -1);
      unread = unread.subarray(2 + unread.readUInt16BE(0));
    }
    if (ids.length === 3) break;
  }
  expect(ids).toEqual([0, 1, 2]);
});

test('a flood by datagram is cut to the limit; over TCP the answer still comes', async () => {
  const limited = createDnsServer({ zone, clock: { ...systemClock, now: () => 0 }, responsesPerSecond: 2 });
  const port = await limited.listen('127.41.0.3', 0);
  const place = { host: '127.41.0.3', port };
  try {
    const flags = [];
    for (let count = 0; count < 3; count++)
      flags.push((await dig(place, HELLO, '+ignore')).flags.includes('tc'));
    expect(flags).toEqual([false, false, true]);
    expect((await dig(place, HELLO, '+tcp')).answer).toHaveLength(1);
    const silent = createSocket('udp4');
    const question = encode({ type: 'query', id: 1, questions: [{ name: HELLO, type: 'A' }] });
    let answers = 0;
    silent.on('message', () => answers++);
    for (let count = 0; count < 40; count++) silent.send(question, port, place.host);
    await dig(place, HELLO, '+tcp'); // behind all of them
    await dig(place, HELLO, '+tcp');
    silent.close();
    expect(answers).toBeLessThanOrEqual(20);
  } finally {
    await limited.close();
  }
});
