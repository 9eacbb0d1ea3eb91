/** The log: one line of JSON each, with all that is needed to find an error again. */
import { describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { createLog, type Log } from '../../src/observability/index.ts';
import { createTokens } from '../../src/policy/index.ts';
import { createManualClock } from '../world/clock.ts';

function written(write: (log: Log) => void, level: Parameters<typeof createLog>[0] = 'info') {
  const lines: string[] = [];
  write(createLog(level, { write: (line) => void lines.push(line) }));
  return lines;
}

const first = (lines: readonly string[]) => JSON.parse(lines[0] ?? '');

describe('a line of the log', () => {
  test('is JSON with a time that people can read, and nothing of the machine', () => {
    const lines = written((log) => log.info({ port: 7070 }, 'listening'));
    expect(lines.length).toBe(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    expect(first(lines)).toEqual({ level: 30, time: expect.any(String), port: 7070, msg: 'listening' });
    expect(new Date(first(lines).time).toISOString()).toBe(first(lines).time);
  });

  test('of an event has its kind, its group and its facts', () => {
    const lines = written((log) =>
      log.event({
        atMs: 0,
        group: 'production/shop',
        revision: 3,
        fact: { kind: 'running', containers: 2, tookMs: 900 },
      }),
    );
    expect(first(lines)).toMatchObject({
      group: 'production/shop',
      revision: 3,
      containers: 2,
      tookMs: 900,
      msg: 'running',
    });
  });

  test.each([
    ['silent', []],
    ['error', ['internal error']],
    ['warn', ['beware', 'internal error']],
    ['info', ['hello', 'beware', 'internal error']],
  ] as const)('is written from level %s on: %j', (level, expected) => {
    const lines = written((log) => {
      log.info({}, 'hello');
      log.warn({}, 'beware');
      log.internal(new Error('no'));
    }, level);
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(expected);
  });
});

describe('an error of the bot’s own', () => {
  test('is found by the reference that a person was shown, with its stack and its cause', () => {
    let reference = '';
    const error = new Failure('x', 'outer', { cause: new Error('inner') });
    const lines = written((log) => {
      reference = log.internal(error, { group: 'production/shop' });
    });
    expect(reference).toMatch(/^[0-9a-f]{6}$/);
    expect(first(lines)).toMatchObject({
      level: 50,
      reference,
      group: 'production/shop',
      msg: 'internal error',
    });
    expect(first(lines).err.stack).toContain('log.test.ts');
    expect(first(lines).err.stack).toContain('inner');
  });

  test.each([['text'], [undefined], [null], [{ code: 7 }]])('is written also when it is %j', (thrown) => {
    expect(written((log) => void log.internal(thrown)).length).toBe(1);
  });
});

test('a token is nowhere in the log, not even when the book of tokens fails', async () => {
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  const book = {
    find: async (hash: string) => Promise.reject(new Error(`no such row: ${hash}`)),
    add: async () => {},
    list: async () => [],
    remove: async () => 0,
  };
  const tokens = createTokens(book, createManualClock());
  const token = await tokens.create('ann', 'reader');
  await tokens.authenticate(token).catch((error: unknown) => log.internal(error, { caller: 'ann' }));
  expect(lines.length).toBe(1);
  expect(lines.join('')).not.toContain(token);
});
