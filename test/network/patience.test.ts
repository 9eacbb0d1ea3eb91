import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type Trouble, triesAgain } from '../../src/network/patience.ts';
import { type Client, persist } from '../../src/network/persist.ts';
import { createManualClock } from '../world/clock.ts';

const refused: Trouble = { code: 'ECONNREFUSED', sent: false, bodySent: false, reused: false };
const reset: Trouble = { code: 'ECONNRESET', sent: true, bodySent: false, reused: false };

describe('a request that got no answer', () => {
  test.each([
    [
      'that nobody was there to take waits while its group is being changed',
      refused,
      'POST',
      true,
      0,
      'later',
    ],
    ['waits no longer than ten seconds', refused, 'GET', true, 10_000, 'no'],
    ['does not wait for a group that is just down', refused, 'GET', false, 0, 'no'],
    ['is not sent again once its body was read', { ...refused, bodySent: true }, 'PUT', true, 0, 'no'],
    ['that was broken off is sent again if that does no harm', reset, 'DELETE', true, 0, 'later'],
    ['that was broken off and may have had an effect is not', reset, 'POST', true, 0, 'no'],
    [
      'over a kept connection is sent again at once over a new one',
      { ...reset, reused: true },
      'GET',
      false,
      0,
      'now',
    ],
    [
      'over a kept connection is not, if it may have had an effect',
      { ...reset, reused: true },
      'POST',
      true,
      0,
      'no',
    ],
    [
      'whose connection was closed before it was sent waits',
      { ...reset, sent: false },
      'POST',
      true,
      0,
      'later',
    ],
    ['and does not for a group that is just down', { ...reset, sent: false }, 'POST', false, 0, 'no'],
    ['waits for a changing group to be ready', 'not ready', 'POST', true, 9_999, 'later'],
    ['is told at once of a group that is not ready by itself', 'not ready', 'GET', false, 0, 'no'],
    [
      'that failed for another reason is not sent again',
      { ...reset, code: 'HPE_INVALID_CONSTANT' },
      'GET',
      true,
      0,
      'no',
    ],
  ] satisfies [string, Trouble, string, boolean, number, string][])(
    '%s',
    (_, trouble, method, awaited, waitedMs, verdict) => {
      expect(triesAgain(trouble, { method, awaited, waitedMs })).toBe(verdict);
    },
  );
});

test.each([false, undefined])(
  'what a client asked for that left while it waited is not sent (%s)',
  async (destroyed) => {
    const client: Client & EventEmitter = Object.assign(new EventEmitter(), { destroyed });
    const clock = createManualClock();
    const waiting = new Set<Client>();
    let tries = 0;
    const resolve = () => ({ address: '127.0.0.1', port: 1, awaited: true });
    const asked = { host: 'a', method: 'POST', client };
    const done = persist({ resolve, clock, waiting }, asked, async () => {
      tries++;
      return refused;
    });
    while (!waiting.size) await Promise.resolve();
    client.emit('close');
    expect(await done).toBeUndefined();
    expect([tries, waiting.size, clock.nextAtMs(), client.listenerCount('close')]).toEqual([
      1,
      0,
      undefined,
      0,
    ]);
  },
);
