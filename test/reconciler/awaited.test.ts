import { expect, test } from '@jest/globals';
import type { Fact } from '../../src/event.ts';
import { awaitedUntil, isAway } from '../../src/reconciler/awaited.ts';

const FOR_EVER = Number.POSITIVE_INFINITY;
const by = 'ann';

test.each([
  ['while it is being brought up', [{ kind: 'accepted', by, commit: '', change: 'create' }], FOR_EVER],
  [
    'while it is restarted',
    [
      { kind: 'running', containers: 1, tookMs: 1 },
      { kind: 'restarting', by, reason: '' },
    ],
    FOR_EVER,
  ],
  [
    'for a moment after a container has been started',
    [
      { kind: 'starting', by },
      { kind: 'member-started', container: 'web', restartCount: 0 },
    ],
    11_000,
  ],
  [
    'for a moment after it runs',
    [
      { kind: 'accepted', by, commit: '', change: 'replace' },
      { kind: 'running', containers: 1, tookMs: 1 },
    ],
    11_000,
  ],
  [
    'when a container is about to come back',
    [{ kind: 'member-exited', container: 'web', exitCode: 1, reason: '', restartAtMs: 5 }],
    FOR_EVER,
  ],
  ['when what somebody took away is put back', [{ kind: 'drifted', what: 'web', mended: true }], FOR_EVER],
  [
    'not when a container has ended for good',
    [{ kind: 'member-exited', container: 'web', exitCode: 0, reason: '' }],
    0,
  ],
  [
    'not when it is stopped',
    [
      { kind: 'restarting', by, reason: '' },
      { kind: 'stopping', by },
    ],
    0,
  ],
  [
    'not when it has failed',
    [
      { kind: 'accepted', by, commit: '', change: 'create' },
      { kind: 'failed', code: 'x', message: '', advice: '' },
    ],
    0,
  ],
  [
    'as long as before, whatever else happens',
    [
      { kind: 'starting', by },
      { kind: 'extended', by, untilMs: null },
    ],
    FOR_EVER,
  ],
] satisfies [string, Fact[], number][])('a group is waited for %s', (_, facts, untilMs) => {
  expect(facts.reduce((before, fact) => awaitedUntil(before, { fact, atMs: 1_000 }), 0)).toBe(untilMs);
});

const exited = (container: string): Fact => ({ kind: 'member-exited', container, exitCode: 0, reason: '' });
const started = (container: string): Fact => ({ kind: 'member-started', container, restartCount: 0 });

test.each([
  ['once the container that answers has ended', [exited('web')], true],
  [
    'until that one has begun again',
    [exited('web'), started('beat'), { kind: 'sandbox-started', sandboxId: '1' }],
    true,
  ],
  ['and not after that', [exited('web'), started('web')], false],
  ['nor for another container', [exited('beat')], false],
  ['nor when it is said to run', [exited('web'), { kind: 'running', containers: 1, tookMs: 1 }], false],
  ['nor when it has gone', [exited('web'), { kind: 'removed' }], false],
] satisfies [string, Fact[], boolean][])('nobody of a group is there %s', (_, facts, away) => {
  expect(facts.reduce((before, fact) => isAway(before, fact, 'web'), false)).toBe(away);
});
