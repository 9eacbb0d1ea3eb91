import { describe, expect, test } from '@jest/globals';
import { type Run, restartAtMs, restartsAfter } from '../../src/reconciler/index.ts';
import { exited, KEY, podFor, wishFor } from './groups.ts';

const MINUTE_MS = 60_000;

/** Runs of these lengths, one after another, and how long after the last of them the next may begin. */
function delayAfter(...lengthsMs: number[]): number {
  const runs: Run[] = [];
  let atMs = 1_000_000;
  for (const lengthMs of lengthsMs) {
    const run = {
      key: KEY,
      podId: 'pod.r1',
      container: 'web',
      exitCode: 1,
      outOfMemory: false,
      unhealthy: '',
    };
    runs.push({ ...run, startedAtMs: atMs, finishedAtMs: atMs + lengthMs });
    atMs += lengthMs + 1;
  }
  const endedAtMs = atMs - 1;
  const pod = podFor(wishFor({ containers: { web: {}, worker: {} } }));
  return restartAtMs(exited(pod, 'web', 1, endedAtMs), runs) - endedAtMs;
}

describe('a container that ends again and again', () => {
  test.each([
    [1, 0],
    [2, 10],
    [3, 20],
    [4, 40],
    [5, 80],
    [6, 160],
    [7, 300],
    [8, 300],
    [2_000, 300],
  ])('waits, after run %i, %i seconds', (runs, seconds) => {
    expect(delayAfter(...Array.from({ length: runs }, () => 5))).toBe(seconds * 1_000);
  });

  test('that ran for ten minutes begins anew at no delay', () => {
    expect(delayAfter(5, 5, 5, 10 * MINUTE_MS)).toBe(0);
  });

  test('begins to count anew after a run of ten minutes', () => {
    expect(delayAfter(5, 5, 5, 10 * MINUTE_MS, 5)).toBe(0);
    expect(delayAfter(5, 5, 5, 10 * MINUTE_MS, 5, 5)).toBe(10_000);
  });

  test('that ran a moment less than ten minutes goes on waiting longer', () => {
    expect(delayAfter(5, 5, 10 * MINUTE_MS - 1)).toBe(20_000);
  });

  test('is not held back by the ends of its neighbours', () => {
    const neighbour = {
      key: KEY,
      podId: 'pod.r1',
      container: 'worker',
      exitCode: 1,
      outOfMemory: false,
      unhealthy: '',
    };
    const runs = [1, 2, 3].map((atMs) => ({ ...neighbour, startedAtMs: atMs, finishedAtMs: atMs }));
    const pod = podFor(wishFor({ containers: { web: {}, worker: {} } }));
    expect(restartAtMs(exited(pod, 'web', 1, 500), runs)).toBe(500);
  });
});

describe('whether it runs again', () => {
  test.each([
    ['Always', 0, 'member', true],
    ['Always', 1, 'member', true],
    ['OnFailure', 0, 'member', false],
    ['OnFailure', 1, 'member', true],
    ['Never', 0, 'member', false],
    ['Never', 1, 'member', false],
    ['Always', 0, 'init container', false],
    ['Always', 1, 'init container', true],
    ['OnFailure', 0, 'init container', false],
    ['OnFailure', 1, 'init container', true],
    ['Never', 1, 'init container', false],
  ] as const)('under %s with exit code %i, as %s: %s', (policy, exitCode, role, again) => {
    expect(restartsAfter(policy, exitCode, role === 'init container')).toBe(again);
  });
});
