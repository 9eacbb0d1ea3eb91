/** What the bot's own name server says, message by message. */
import { describe, expect, test } from '@jest/globals';
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { answerTo, slipped } from '../../src/network/dns-answer.ts';
import { createDnsLimit } from '../../src/network/dns-limit.ts';
import { addressRecords, createZone, poolsFrom, recordsOf, siteFor } from '../../src/network/index.ts';
import { createManualClock } from '../world/clock.ts';

const ZONE = 'apps.example.com';
const HELLO = `hello.local.${ZONE}`;
const clock = createManualClock();
const networks = '10.0.0.0/12';
const ports = '20000-29999';

function zoneWith(
  ...groups: { fqdn: string; address: string; port?: number; hostPort?: number; shared?: boolean }[]
) {
  const glue = addressRecords(`ns1.${ZONE}`, ['203.0.113.1', '2001:db8::1']);
  const nameServers = [`ns1.${ZONE}`, 'ns.example.net'];
  const zone = createZone({ name: ZONE, nameServers, glue, contact: `hostmaster.${ZONE}` }, clock);
  for (const { fqdn, address, port = 80, hostPort = port, shared = false } of groups) {
    const published = [{ address, protocol: 'TCP', port, hostPort }] as const;
    zone.put(fqdn, recordsOf({ fqdn, published, host: `local.${ZONE}`, shared, edge: ['203.0.113.9'] }));
  }
  return zone;
}

function ask(zone: ReturnType<typeof zoneWith>, name: string, type: string, more: Partial<Packet> = {}) {
  const question = encode({ type: 'query', id: 7, questions: [{ name, type: Object(type) }], ...more });
  // The library's own type of a type is a closed list; ANY is not on it.
  const answer = answerTo(zone, type === 'ANY' ? withType(question, 255) : question, 'udp');
  return answer && { ...decode(answer), length: answer.length };
}

function opt(udpPayloadSize: number, ednsVersion = 0): Answer {
  const nothing = { extendedRcode: 0, flags: 0, flag_do: false, options: [] };
  return { type: 'OPT', name: '.', udpPayloadSize, ednsVersion, ...nothing };
}

function withType(question: Buffer, type: number): Buffer {
  question.writeUInt16BE(type, question.length - 4);
  return question;
}

const said = (records: Packet['answers'] = []) =>
  records.map(
    (record) => `${record.name} ${record.type} ${JSON.stringify('data' in record ? record.data : '')}`,
  );

describe('the answer', () => {
  const zone = zoneWith(
    { fqdn: HELLO, address: '127.20.0.1' },
    { fqdn: `six.local.${ZONE}`, address: '2001:db8::20' },
    { fqdn: `db.local.${ZONE}`, address: '203.0.113.7', port: 5432, hostPort: 20_001, shared: true },
  );

  test.each<[string, string, string[]]>([
    [HELLO, 'A', [`${HELLO} A "127.20.0.1"`]],
    [`six.local.${ZONE}`, 'AAAA', [`six.local.${ZONE} AAAA "2001:db8::20"`]],
    [
      `_80._tcp.${HELLO}`,
      'SRV',
      [`_80._tcp.${HELLO} SRV {"priority":0,"weight":0,"port":80,"target":"${HELLO}"}`],
    ],
    [`db.local.${ZONE}`, 'A', [`db.local.${ZONE} A "203.0.113.9"`]],
    [
      `_5432._tcp.db.local.${ZONE}`,
      'SRV',
      [`_5432._tcp.db.local.${ZONE} SRV {"priority":0,"weight":0,"port":20001,"target":"local.${ZONE}"}`],
    ],
    [ZONE, 'NS', [`${ZONE} NS "ns1.${ZONE}"`, `${ZONE} NS "ns.example.net"`]],
    [`ns1.${ZONE}`, 'A', [`ns1.${ZONE} A "203.0.113.1"`]],
    [HELLO, 'ANY', [`${HELLO} A "127.20.0.1"`]],
  ])('to %s %s is authoritative', (name, type, expected) => {
    const answer = ask(zone, name, type);
    expect(said(answer?.answers)).toEqual(expected);
    expect(answer).toMatchObject({ id: 7, rcode: 'NOERROR', flag_aa: true, flag_ra: false, authorities: [] });
    for (const record of answer?.answers ?? []) expect(record).toMatchObject({ ttl: 60 });
  });

  test('repeats the name as it was written, so that resolvers can mix its case', () => {
    const name = HELLO.replace('hello', 'hELLo').replace('example', 'eXAmple');
    expect(ask(zone, name, 'A')).toMatchObject({
      questions: [{ name }],
      answers: [{ name, data: '127.20.0.1' }],
    });
  });

  test.each([
    ['no such name', `nobody.local.${ZONE}`, 'A', 'NXDOMAIN'],
    ['no such type', HELLO, 'AAAA', 'NOERROR'],
    ['a name that only longer ones need', `_tcp.${HELLO}`, 'A', 'NOERROR'],
  ])('to %s has the SOA, which says how long to believe it', (_what, name, type, rcode) => {
    const answer = ask(zone, name, type);
    expect(answer).toMatchObject({ rcode, flag_aa: true, answers: [] });
    expect(answer?.authorities).toMatchObject([
      { name: ZONE, type: 'SOA', ttl: 60, data: { mname: `ns1.${ZONE}`, minimum: 60 } },
    ]);
  });

  test.each([
    ['another zone', 'example.org', 'A'],
    ['the zone above', 'example.com', 'SOA'],
    ['a zone that only ends alike', `not${ZONE}`, 'A'],
    ['the root', '.', 'NS'],
    ['a transfer', ZONE, 'AXFR'],
  ])('to %s is a refusal of no more bytes than were asked with', (_what, name, type) => {
    const asked = encode({ type: 'query', id: 7, questions: [{ name, type: Object(type) }] });
    const answer = ask(zone, name, type);
    expect(answer).toMatchObject({ rcode: 'REFUSED', flag_aa: false, answers: [], authorities: [] });
    expect(answer?.length).toBe(asked.length);
  });

  test('that is too long for a datagram says so, and comes whole over TCP', () => {
    const many = zoneWith();
    const records = Array.from({ length: 90 }, (_, n) => `203.0.113.${n}`);
    many.put('many', addressRecords(`many.${ZONE}`, records));
    const sized = (udpPayloadSize: number) =>
      ask(many, `many.${ZONE}`, 'A', {
        additionals: [opt(udpPayloadSize)],
      });
    expect(ask(many, `many.${ZONE}`, 'A')).toMatchObject({ flag_tc: true, answers: [] });
    expect(sized(4096)).toMatchObject({ flag_tc: true, answers: [] });
    const question = encode({ type: 'query', questions: [{ name: `many.${ZONE}`, type: 'A' }] });
    expect(decode(answerTo(many, question, 'tcp') ?? Buffer.alloc(0)).answers).toHaveLength(90);
    const few = zoneWith();
    few.put('few', addressRecords(`few.${ZONE}`, records.slice(0, 40)));
    const plain = encode({ type: 'query', questions: [{ name: `few.${ZONE}`, type: 'A' }] });
    expect(decode(answerTo(few, plain, 'udp') ?? Buffer.alloc(0)).flag_tc).toBe(true);
    const edns = encode({
      type: 'query',
      questions: [{ name: `few.${ZONE}`, type: 'A' }],
      additionals: [opt(1232)],
    });
    expect(decode(answerTo(few, edns, 'udp') ?? Buffer.alloc(0)).answers).toHaveLength(40);
  });
});

describe('the zone', () => {
  test('has a serial that grows with every change that somebody can have seen', () => {
    const zone = zoneWith();
    const serial = () => ask(zone, ZONE, 'SOA')?.answers?.map((each) => Object(each).data.serial)[0];
    const first = serial();
    expect(serial()).toBe(first);
    zone.put('a', addressRecords(`a.${ZONE}`, ['127.0.0.1']));
    expect(serial()).toBe(first + 1);
    zone.put('a', addressRecords(`a.${ZONE}`, ['127.0.0.1']));
    expect(serial()).toBe(first + 1);
    clock.advance(60_000);
    zone.put('a', []);
    expect(serial()).toBe(Math.floor(clock.now() / 1000));
  });

  test('forgets a name with its last record, and the names between', () => {
    const zone = zoneWith(
      { fqdn: HELLO, address: '127.20.0.1' },
      { fqdn: `b.local.${ZONE}`, address: '127.20.0.2' },
    );
    const rcode = (name: string) => Object(ask(zone, name, 'A')).rcode;
    zone.put(HELLO, []);
    expect([rcode(HELLO), rcode(`_tcp.${HELLO}`), rcode(`local.${ZONE}`)]).toEqual([
      'NXDOMAIN',
      'NXDOMAIN',
      'NOERROR',
    ]);
    zone.put(`b.local.${ZONE}`, []);
    expect(rcode(`local.${ZONE}`)).toBe('NXDOMAIN');
  });

  test('takes a text that proves who has a name, also a long one, beside what the group says', () => {
    const zone = zoneWith({ fqdn: HELLO, address: '127.20.0.1' });
    const data = 'x'.repeat(300);
    zone.put('certificate', [{ name: `_acme-challenge.${HELLO}`, type: 'TXT', data }]);
    const [record] = ask(zone, `_acme-challenge.${HELLO}`, 'TXT')?.answers ?? [];
    expect(Buffer.concat(Object(record).data).toString()).toBe(data);
    zone.put('certificate', []);
    expect(ask(zone, `_acme-challenge.${HELLO}`, 'TXT')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(ask(zone, HELLO, 'A')).toMatchObject({ rcode: 'NOERROR' });
    expect(() => zone.put('x', addressRecords('example.org', ['127.0.0.1']))).toThrow('outside of the zone');
  });
});

test('a location with a single address leads names to the edge, or to that address where nothing is said', () => {
  const single = poolsFrom({ addresses: '203.0.113.7', networks, ports });
  const published = [{ address: '203.0.113.7', protocol: 'UDP', port: 53, hostPort: 20_000 }] as const;
  const site = siteFor(single, `local.${ZONE}`, []);
  expect(recordsOf({ fqdn: HELLO, published, ...site })).toEqual([
    { name: HELLO, type: 'A', data: '203.0.113.7' },
    { name: `_53._udp.${HELLO}`, type: 'SRV', data: { port: 20_000, target: `local.${ZONE}` } },
  ]);
});

describe('whatever comes', () => {
  const zone = zoneWith({ fqdn: HELLO, address: '127.20.0.1' });
  const valid = encode({
    type: 'query',
    questions: [{ name: HELLO, type: 'A' }],
    additionals: [opt(4096)],
  });

  test('is answered or not, and nothing breaks; an answer is one to that message', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((each) => Buffer.from(each)),
      fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
        const message = Buffer.from(valid);
        for (const [at, byte] of changes) message[at] = byte;
        return message;
      }),
      fc.nat(valid.length).map((length) => valid.subarray(0, length)),
    );
    fc.assert(
      fc.property(bytes, (message) => {
        for (const answer of [
          answerTo(zone, message, 'udp'),
          answerTo(zone, message, 'tcp'),
          slipped(message),
        ]) {
          if (!answer) continue;
          expect(answer.subarray(0, 2)).toEqual(message.subarray(0, 2));
          expect(answer.readUInt16BE(2) & 0x8000).toBe(0x8000);
          // The SOA is the most that anybody can have for a short question.
          expect(answer.length).toBeLessThanOrEqual(message.length + 120);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('an answer is never answered', () => {
    const answer = answerTo(zone, valid, 'udp') ?? Buffer.alloc(0);
    expect(answerTo(zone, answer, 'udp')).toBeUndefined();
  });

  test('a newer EDNS and other opcodes are told that they are not understood', () => {
    const newer = encode({
      type: 'query',
      questions: [{ name: HELLO, type: 'A' }],
      additionals: [opt(4096, 1)],
    });
    expect(decode(answerTo(zone, newer, 'udp') ?? newer).additionals).toMatchObject([{ extendedRcode: 1 }]);
    const notify = Buffer.from(valid);
    notify.writeUInt16BE(4 << 11, 2);
    expect(Object(decode(answerTo(zone, notify, 'udp') ?? notify)).rcode).toBe('NOTIMP');
  });
});

test('a network of clients gets so many answers a second, then every second one is the word to come over TCP', () => {
  const limit = createDnsLimit(3, clock);
  const verdicts = (count: number, address: string) => Array.from({ length: count }, () => limit(address));
  expect(verdicts(7, '192.0.2.1')).toEqual(['send', 'send', 'send', 'slip', 'drop', 'slip', 'drop']);
  expect(limit('192.0.2.254')).toBe('slip');
  expect(limit('::ffff:192.0.2.9')).toBe('drop');
  expect(limit('192.0.3.1')).toBe('send');
  expect([...verdicts(4, '2001:db8:0:1::1'), limit('2001:db8:0:ff::2')].slice(-2)).toEqual(['slip', 'drop']);
  clock.advance(1_000);
  expect(limit('192.0.2.1')).toBe('send');
});
