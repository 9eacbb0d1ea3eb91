/** A secret in whatever a program prints. */
import { format, inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Failure, messageOf } from '../../src/failure.ts';
import { createLog } from '../../src/observability/index.ts';
import { Secret } from '../../src/secrets/index.ts';

const VALUE = 'correct horse battery';
const secret = new Secret(VALUE);

/** What a log writes when it is given something. */
function logged(write: (log: ReturnType<typeof createLog>) => void): string {
  const lines: string[] = [];
  write(createLog('debug', { write: (line) => void lines.push(line) }));
  expect(lines.length).toBe(1);
  return lines.join('');
}

describe('a secret', () => {
  test.each([
    ['a sum of strings', () => `${''}${secret}`],
    ['String', () => String(secret)],
    ['JSON', () => JSON.stringify([secret, { deep: { secret } }])],
    ['inspect', () => inspect(secret)],
    ['inspect, deep in a map', () => inspect(new Map([['a', [secret]]]), { depth: 9, showHidden: true })],
    ['a console line', () => format('%s %o %O %j %d', secret, secret, secret, secret, secret)],
    ['a console line without a format', () => format(secret, [secret])],
    ['a failure’s message', () => messageOf(new Failure('x', `wrong: ${secret}`))],
    ['the cause of an error', () => inspect(new Error('wrong', { cause: { secret } }))],
    ['the stack of an error', () => new Error(`wrong: ${secret}`, { cause: secret }).stack ?? ''],
    ['its keys and values', () => JSON.stringify([Reflect.ownKeys(secret), Object.entries(secret)])],
    ['a copy', () => inspect([{ ...secret }, structuredClone(secret)])],
    ['a log line', () => logged((log) => log.info({ secret, deep: { list: [secret] } }, `${secret}`))],
    ['a warning', () => logged((log) => log.warn({ secret }, 'beware'))],
    [
      'the log of an error that bears it',
      () => logged((log) => void log.internal(Object.assign(new Error('no', { cause: secret }), { secret }))),
    ],
    ['the log when it is thrown itself', () => logged((log) => void log.internal(secret))],
  ])('is not in %s', (_what, print) => expect(print()).not.toContain(VALUE));

  test('prints the same, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const hidden = new Secret(value);
        expect([`${hidden}`, JSON.stringify(hidden), inspect(hidden)]).toEqual([
          '[secret]',
          '"[secret]"',
          '[secret]',
        ]);
        expect(hidden.reveal()).toBe(value);
      }),
    );
  });
});
