import { describe, expect, test } from '@jest/globals';
import type { ObservedPod } from '../../src/engines/index.ts';
import {
  adviceWithoutRetry,
  nextBeside,
  partedBy,
  STEADY_MS,
  type Trial,
} from '../../src/reconciler/beside.ts';
import { promisedTo, type Wish } from '../../src/reconciler/index.ts';
import { exited, type GroupWords, KEY, podFor, running, seen, wishFor } from './groups.ts';

const WEB: GroupWords = { containers: { web: {} }, ports: [80] };
const PROBED: GroupWords = { containers: { web: { readinessProbe: { exec: { command: ['true'] } } } } };
const NOW_MS = 1_000_000;
const TIMES = { nowMs: NOW_MS, provisioningTimeoutMs: 60_000 };
const PLACE = { slot: 1, subnet: '198.19.0.16/28', address: '127.21.0.2', published: [] };

function wishWith(words: GroupWords, beside: Partial<NonNullable<Wish['beside']>> = {}): Wish {
  const { revision } = wishFor(words, { number: 2 });
  return wishFor(WEB, {
    settled: 'Running',
    beside: { ...PLACE, revision, isTried: true, staysUntilMs: 0, ...beside },
  });
}

const serving = running(podFor(wishFor(WEB)), { subnet: '198.19.0.0/28' });
const tried = running(podFor(wishFor(WEB, { number: 2 })), { subnet: PLACE.subnet });

function trialOf(words: GroupWords, more: Partial<Trial> = {}): Trial {
  const pod = podFor(wishFor(words, { number: 2 }));
  const standing = { kind: 'in-sync', pod: running(pod) } as const;
  return { pod, imagesPinned: true, standing, runs: [], steadySinceMs: NOW_MS, ...more };
}

function run(exitCode: number, startedAtMs: number, podId = 'test.production.hello.r2') {
  const times = { startedAtMs, finishedAtMs: startedAtMs + 1 };
  return { key: KEY, podId, container: 'web', exitCode, outOfMemory: false, unhealthy: '', ...times };
}

test('a host has promised the room of both places, also where what has taken over has ended by itself', () => {
  const { memoryBytes: one } = promisedTo([wishFor(WEB, { settled: 'Running' })], 'local', 0);
  const both = (more: Partial<Wish>) => promisedTo([{ ...wishWith(WEB), ...more }], 'local', 0).memoryBytes;
  expect([both({}), both({ settled: 'Succeeded' }), both({ wanted: 'stopped' })]).toEqual([2 * one, one, 0]);
  expect(one).toBeGreaterThan(0);
});

describe('what was seen of a group', () => {
  const rest = (more: Partial<ObservedPod> = {}) => {
    const { subnet: _, ...gone } = running(podFor(wishFor(WEB, { number: 2 })), { state: 'absent' });
    return { ...gone, sandboxId: '', ...more };
  };
  const wish = wishWith(WEB);

  test('is what serves where there is one place', () => {
    expect(partedBy({}, seen(serving, tried))).toEqual({
      serving: seen(serving, tried),
      beside: undefined,
    });
  });

  test.each([
    ['by its network', [serving, tried], [serving], [tried]],
    ['a rest belongs to the second place where something serves', [serving, rest()], [serving], [rest()]],
    ['a rest alone is what served', [rest()], [rest()], []],
    ['a rest beside what is tried is what served', [rest(), tried], [rest()], [tried]],
  ])('%s', (_, all, one, other) => {
    expect(partedBy(wish, seen(...all))).toEqual({ serving: seen(...one), beside: seen(...other) });
  });
});

describe('what is tried', () => {
  const next = (trial: Trial | undefined, wish = wishWith(WEB), there: ObservedPod[] = [tried]) =>
    nextBeside(wish, there, trial, TIMES);

  test('takes over once it has run for a while', () => {
    const steady = (ms: number) => next(trialOf(WEB, { steadySinceMs: NOW_MS - ms }));
    expect(steady(STEADY_MS - 1)).toEqual({ kind: 'wait', atMs: NOW_MS + 1 });
    expect(steady(STEADY_MS)).toEqual({ kind: 'promote', settled: 'Running' });
  });

  test('takes over at once where all of it says that it is ready', () => {
    expect(next(trialOf(PROBED))).toEqual({ kind: 'promote', settled: 'Running' });
  });

  test.each([
    ['after one end', [run(1, 10)], 'wait'],
    ['after two ends', [run(1, 10), run(1, 20)], 'abandon'],
    ['after ends that went well', [run(0, 10), run(0, 20)], 'wait'],
    [
      'after ends of what serves',
      [run(1, 10, 'test.production.hello.r1'), run(1, 20, 'test.production.hello.r1')],
      'wait',
    ],
  ])('%s is judged', (_, runs, kind) => {
    expect(next(trialOf(WEB, { runs })).kind).toBe(kind);
  });

  test('that begins anew after every good end has come up; one that waits to begin has not', () => {
    const pod = podFor(wishFor(WEB, { number: 2 }));
    const waiting = (begun: boolean, exitCode: number) => {
      const there = { ...tried, members: [exited(pod, 'web', exitCode)] };
      return next(trialOf(WEB, { standing: { kind: 'waiting', pod: there, atMs: NOW_MS + 7, begun } }));
    };
    expect(waiting(true, 0)).toEqual({ kind: 'promote', settled: 'Running' });
    expect(waiting(false, 0)).toEqual({ kind: 'wait', atMs: NOW_MS + 7 });
    expect(waiting(true, 1)).toEqual({ kind: 'wait', atMs: NOW_MS + 7 });
  });

  test('that has ended is what it has ended as', () => {
    const ended = (outcome: 'Succeeded' | 'Failed') =>
      next(trialOf(WEB, { standing: { kind: 'finished', pod: tried, outcome }, runs: [run(1, 10)] }));
    expect(ended('Succeeded')).toEqual({ kind: 'promote', settled: 'Succeeded' });
    expect(ended('Failed')).toMatchObject({ cause: { code: 'exit-code', about: { container: 'web' } } });
  });

  test('that is not ready has the time of the settings, and no more', () => {
    const unready = (startedAtMs: number) => {
      const health = {
        container: 'web',
        memberId: 'web-2',
        startedAtMs,
        live: true,
        ready: false,
        text: 'HTTP 503',
      };
      return next(trialOf(PROBED, { standing: { kind: 'unready', pod: tried, members: [health] } }));
    };
    expect(unready(NOW_MS - 59_999)).toEqual({ kind: 'wait', atMs: NOW_MS + 1 });
    expect(unready(NOW_MS + 3_600_000)).toEqual({ kind: 'wait', atMs: NOW_MS + 60_000 });
    expect(unready(NOW_MS - 60_000)).toMatchObject({
      kind: 'abandon',
      cause: { code: 'probe-failed', message: expect.stringContaining('HTTP 503') },
    });
  });

  test('goes with a group that is stopped', () => {
    const stopped = { ...wishWith(WEB), wanted: 'stopped' as const };
    expect(next(trialOf(WEB), stopped)).toMatchObject({ kind: 'abandon', cause: { code: 'cancelled' } });
  });

  test('begins where what was replaced lingers, once its own images are there', () => {
    const lingering = { ...serving, subnet: PLACE.subnet };
    const absent = { kind: 'absent', pods: [], drift: '' } as const;
    const steps = [false, true].map((imagesPinned) =>
      next(trialOf(WEB, { standing: absent, imagesPinned }), wishWith(WEB), [lingering]),
    );
    expect(steps).toMatchObject([
      { step: { kind: 'pull' } },
      { step: { kind: 'stop', sandbox: 'sandbox-1' } },
    ]);
  });
});

describe('what is no longer tried', () => {
  const replaced = (staysUntilMs: number) => wishWith(WEB, { isTried: false, staysUntilMs });

  test('goes, first stopped and then removed, and leaves its place', () => {
    const stopped = { ...tried, state: 'exited' as const, members: [] };
    const steps = [[tried], [stopped], []].map((there) => nextBeside(replaced(0), there, undefined, TIMES));
    expect(steps).toMatchObject([
      { step: { kind: 'stop' } },
      { step: { kind: 'remove', keepVolumes: false } },
      { kind: 'vacate' },
    ]);
  });

  test('lingers for those who were told its address, unless the group is stopped', () => {
    const wish = replaced(NOW_MS + 1);
    expect(nextBeside(wish, [tried], undefined, TIMES)).toEqual({ kind: 'wait', atMs: NOW_MS + 1 });
    const stopped = { ...wish, wanted: 'stopped' as const };
    expect(nextBeside(stopped, [tried], undefined, TIMES)).toMatchObject({ step: { kind: 'stop' } });
  });
});

test.each([
  ['Free space; it is tried again by itself.', 'Free space; a new push is tried anew.'],
  ['It is tried again by itself. Log in.', 'A new push is tried anew. Log in.'],
  ['Check its name.', 'Check its name.'],
])('what is given up is not said to be tried again: %s', (advice, wanted) => {
  expect(adviceWithoutRetry(advice)).toBe(wanted);
});
