/** What is sent to each kind of target, and how a log goes on where it was left. */
import { describe, expect, test } from '@jest/globals';
import type { LogLine } from '../../src/engines/index.ts';
import { framed, lokiBody, nanosecondsOf, otlpBody, syslogMessages } from '../../src/shipping/batch.ts';
import { createSieve, cursorsAfter, resumeAtMs } from '../../src/shipping/cursors.ts';
import { labelsOf } from '../../src/shipping/labels.ts';
import { logTargetSchema } from '../../src/shipping/settings.ts';
import { readGroup } from '../../src/spec/index.ts';
import { wishFor } from '../reconciler/groups.ts';

const AT = '2026-03-01T10:00:00.123456789Z';
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  container: 'web',
  revision: 3,
  stream: 'stdout',
  timestamp: AT,
  text,
  ...more,
});
const BATCH = {
  labels: { group: 'shop', environment: 'production', location: 'office' },
  lines: [line('one'), line('oh "no"]', { stream: 'stderr' }), line('two')],
};

describe('a batch', () => {
  test('is streams of values for Loki, one for each source', () => {
    const own = { ...BATCH.labels, container: 'web', revision: '3' };
    expect(JSON.parse(lokiBody(BATCH))).toEqual({
      streams: [
        {
          stream: { ...own, stream: 'stdout' },
          values: [
            ['1772359200123456789', 'one'],
            ['1772359200123456789', 'two'],
          ],
        },
        { stream: { ...own, stream: 'stderr' }, values: [['1772359200123456789', 'oh "no"]']] },
      ],
    });
  });

  test('is records of one resource for OpenTelemetry', () => {
    const { resourceLogs } = JSON.parse(otlpBody(BATCH));
    const [{ resource, scopeLogs }] = resourceLogs;
    expect(resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'deployment.environment.name', value: { stringValue: 'production' } },
      { key: 'katabot.location', value: { stringValue: 'office' } },
    ]);
    expect(scopeLogs[0].logRecords[1]).toEqual({
      timeUnixNano: '1772359200123456789',
      severityNumber: 17,
      severityText: 'ERROR',
      body: { stringValue: 'oh "no"]' },
      attributes: [
        { key: 'container.name', value: { stringValue: 'web' } },
        { key: 'log.iostream', value: { stringValue: 'stderr' } },
        { key: 'katabot.revision', value: { stringValue: '3' } },
      ],
    });
  });

  test('is a message a line for syslog, with what ends a value escaped, and its length before it in a stream', () => {
    const labels = { ...BATCH.labels, note: 'a "b" \\ ]' };
    const messages = syslogMessages({ labels, lines: BATCH.lines.slice(1, 2) });
    const text =
      '<11>1 2026-03-01T10:00:00.123456Z office shop web - [katabot@32473 group="shop" environment="production" ' +
      'location="office" note="a \\"b\\" \\\\ \\]" container="web" stream="stderr" revision="3"] oh "no"]';
    expect(messages.map(String)).toEqual([text]);
    expect(framed(messages).toString()).toBe(`${text.length} ${text}`);
    expect(framed([Buffer.from('é')]).toString()).toBe('2 é');
  });

  test.each([
    [AT, '1772359200123456789'],
    ['2026-03-01T10:00:00Z', '1772359200000000000'],
    ['2026-03-01T10:00:00.5Z', '1772359200500000000'],
    ['2026-03-01T11:00:00.25+01:00', '1772359200250000000'],
    ['', '0000000000'],
  ])('has the time %j as %s nanoseconds', (timestamp, nanoseconds) => {
    expect(nanosecondsOf(timestamp)).toBe(nanoseconds);
  });
});

describe('labels', () => {
  const labelsWith = (logAnalytics: object) => {
    const { group } = readGroup(
      JSON.stringify({
        name: 'shop',
        properties: {
          osType: 'Linux',
          containers: [
            { name: 'web', properties: { image: 'a', resources: { requests: { cpu: 1, memoryInGB: 1 } } } },
          ],
          diagnostics: {
            logAnalytics: { workspaceId: 'id', workspaceKey: 'the-key-of-azure', ...logAnalytics },
          },
        },
      }),
    );
    if (!group) throw new Error('the group is broken');
    const wish = wishFor({ containers: { web: {} } });
    return labelsOf({ ...wish, key: 'pr-7/shop', revision: { ...wish.revision, group } });
  };
  const OWN = { group: 'shop', environment: 'pr-7', location: 'local', repository: 'shop' };

  test('are the place of a group, and what its file adds; nothing of a key', () => {
    const given = labelsWith({ logType: 'ContainerInsights', metadata: { team: 'blue', '2nd-line': 'x' } });
    expect(given).toEqual({ ...OWN, log_type: 'ContainerInsights', team: 'blue', _2nd_line: 'x' });
    expect(labelsWith({})).toEqual(OWN);
  });

  test('are few and short, and no file takes the place of the bot’s own', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`m${index}`, 'v']));
    const given = labelsWith({ metadata: { group: 'other', long: 'x'.repeat(1_000), ...many } });
    expect(given).toMatchObject({ ...OWN, long: 'x'.repeat(256), m4: 'v' });
    expect(Object.keys(given)).toHaveLength(10);
  });
});

describe('a log that goes on', () => {
  const at = (second: number, more: Partial<LogLine> = {}) =>
    line(`${second}`, {
      timestamp: `2026-03-01T10:00:${String(second).padStart(2, '0')}.000000000Z`,
      ...more,
    });

  test('leaves out what was shipped, by container and revision', () => {
    const cursors = cursorsAfter({}, [at(1), at(5), at(3, { container: 'side' })]);
    const sieve = createSieve(cursors);
    const lines = [
      at(4),
      at(5),
      at(6),
      at(3, { container: 'side' }),
      at(4, { container: 'side' }),
      at(2, { revision: 4 }),
      at(6),
    ];
    const taken = lines.map((each) => sieve.take(each) !== undefined);
    expect(taken).toEqual([false, false, true, false, true, true, false]);
  });

  test('gives the rest of a long line the time of its beginning', () => {
    const sieve = createSieve({});
    sieve.take(at(7, { cut: true }));
    expect(sieve.take(line('rest', { timestamp: '' }))?.timestamp).toBe(at(7).timestamp);
  });

  test('is read again from a minute before the container that is furthest behind; whole, when nothing is known', () => {
    const cursors = cursorsAfter({}, [at(50), at(20, { container: 'side' }), at(1, { container: 'gone' })]);
    expect(resumeAtMs(cursors, ['web', 'side', 'new'])).toBe(Date.parse('2026-03-01T09:59:20Z'));
    expect(resumeAtMs({}, ['web'])).toBeUndefined();
  });

  test('remembers a bounded number of containers, the newest', () => {
    const lines = Array.from({ length: 60 }, (_, index) => at(index, { revision: index }));
    const cursors = cursorsAfter({}, lines);
    expect(Object.keys(cursors)).toHaveLength(40);
    expect(cursors['web 59']).toBe(at(59).timestamp);
  });
});

describe('settings of a target', () => {
  const problems = (settings: object) => {
    const { error } = logTargetSchema.safeParse(settings);
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  };

  test.each([
    [{ loki: 'http://127.0.0.1:3100' }],
    [{ otlp: 'https://collector.example.com/custom', tokenFile: '/etc/token', groups: 'all' }],
    [{ syslog: 'tls://logs.example.com:6514', caFile: '/etc/ca.pem' }],
    [{ syslog: 'udp://[::1]:514' }],
  ])('%j are right', (settings) => {
    expect(problems(settings)).toEqual([]);
  });

  test.each([
    [{}, [': expected one of loki, otlp and syslog']],
    [{ loki: 'http://a', otlp: 'http://b' }, [': expected one of loki, otlp and syslog']],
    [
      { loki: 'https://ann:word@logs.example.com' },
      ['loki: a login does not belong into the address; use tokenFile'],
    ],
    [{ loki: 'ftp://a' }, ['loki: expected an address such as https://logs.example.com']],
    [
      { syslog: 'logs.example.com' },
      [
        'syslog: expected tcp://, udp:// or tls:// with a host and a port, such as tls://logs.example.com:6514',
      ],
    ],
    [{ syslog: 'tcp://a:514', tokenFile: '/t' }, ['tokenFile: syslog knows no token; leave it out']],
  ])('%j are told', (settings, told) => {
    expect(problems(settings)).toEqual(told);
  });
});
