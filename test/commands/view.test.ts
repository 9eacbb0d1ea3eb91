import { describe, expect, test } from '@jest/globals';
import { type GroupView, viewOf } from '../../src/commands/view.ts';
import type { Fact } from '../../src/event.ts';
import { type Interval, pricesFrom } from '../../src/metering/index.ts';
import type { Run } from '../../src/reconciler/index.ts';
import { statusOf } from '../../src/replies/index.ts';
import {
  exited,
  type GroupWords,
  KEY,
  member,
  podFor,
  running,
  seen,
  wishFor,
} from '../reconciler/groups.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

const WEB: GroupWords = { containers: { web: { cpu: 0.5, memoryInGB: 0.3 } }, ports: [80] };

interface Seen {
  readonly words?: GroupWords;
  readonly wish?: Parameters<typeof wishFor>[1];
  /** Members as the engine shows them; undefined: the engine shows nothing. */
  readonly members?: (pod: ReturnType<typeof podFor>) => ReturnType<typeof member>[];
  readonly runs?: readonly Partial<Run>[];
  readonly facts?: readonly Fact[];
  readonly intervals?: readonly Interval[];
}

function view({
  words = WEB,
  wish: more = {},
  members,
  runs = [],
  facts = [],
  intervals = [],
}: Seen): GroupView {
  const wish = wishFor(words, more);
  const pod = podFor(wish);
  const shown = running(pod, members ? { members: members(pod) } : {});
  return viewOf({
    wish,
    observed: members ? seen(shown) : undefined,
    runs: runs.map((run) => ({
      key: KEY,
      podId: shown.id,
      container: 'web',
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 1,
      outOfMemory: false,
      unhealthy: '',
      ...run,
    })),
    intervals,
    health: [],
    events: facts.map((fact) => ({ atMs: NOW, group: KEY, revision: wish.revision.number, fact })),
    prices: pricesFrom({}),
    urlOf: (fqdn) => `http://${fqdn}:7080`,
    nowMs: NOW,
  });
}

describe('a group', () => {
  test('that the engine does not show yet is Pending, its containers Waiting', () => {
    expect(view({})).toMatchObject({ state: 'Pending', containers: [{ state: 'Waiting', detail: '' }] });
  });

  test('of which a container runs is Running, with its address, ports and price', () => {
    expect(
      view({ wish: { fqdn: 'hello.local.localhost' }, members: (pod) => [member(pod, 'web')] }),
    ).toMatchObject({
      name: 'hello',
      environment: 'production',
      state: 'Running',
      address: '127.21.0.1',
      ports: ['80/TCP'],
      url: 'http://hello.local.localhost:7080',
      containers: [{ name: 'web', state: 'Running', restarts: 0, startedAtMs: 1_000 }],
    });
  });

  test('without a name has no URL', () => {
    expect(view({}).url).toBe('');
  });

  test.each(['Succeeded', 'Failed'] as const)('that ended as %s is so', (settled) => {
    expect(view({ wish: { settled }, members: (pod) => [exited(pod, 'web', 0)] }).state).toBe(settled);
  });

  test('that is not wanted any more is Deleting, whatever runs', () => {
    expect(view({ wish: { wanted: 'deleted' }, members: (pod) => [member(pod, 'web')] }).state).toBe(
      'Deleting',
    );
  });

  test('costs what its size costs, also before it runs', () => {
    const { rate, bill } = view({});
    expect(JSON.parse(JSON.stringify(rate.perHour))).toEqual({ currency: 'USD', amount: '0.021585' });
    expect(bill).toMatchObject({ open: false, livedMs: 0 });
  });
});

describe('a container', () => {
  const only = (seenAs: Seen) => view(seenAs).containers[0];

  test('that ended well under Never is Terminated and Completed', () => {
    const words = { ...WEB, restartPolicy: 'Never' } as const;
    expect(only({ words, members: (pod) => [exited(pod, 'web', 0)] })).toMatchObject({
      state: 'Terminated',
      detail: 'Completed',
      exitCode: 0,
    });
  });

  test('that ended badly under Never is Terminated with Error, or with OOMKilled', () => {
    const words = { ...WEB, restartPolicy: 'Never' } as const;
    expect(only({ words, members: (pod) => [exited(pod, 'web', 3)] })).toMatchObject({
      detail: 'Error',
      exitCode: 3,
    });
    expect(
      only({ words, members: (pod) => [{ ...exited(pod, 'web', 137), outOfMemory: true }] }),
    ).toMatchObject({
      detail: 'OOMKilled',
    });
  });

  test('that will be started again is Waiting, and says when', () => {
    const runs = [1_001, 1_002, 1_003].map((startedAtMs) => ({ startedAtMs, finishedAtMs: startedAtMs }));
    expect(only({ members: (pod) => [exited(pod, 'web', 3, NOW)], runs })).toMatchObject({
      state: 'Waiting',
      detail: 'CrashLoopBackOff: exit code 3, again at 2026-01-01T12:00:20.000Z',
      restarts: 2,
    });
    const killed = {
      members: (pod: ReturnType<typeof podFor>) => [{ ...exited(pod, 'web', 137, NOW), outOfMemory: true }],
      runs,
    };
    expect(only(killed)?.detail).toContain('CrashLoopBackOff: out of memory');
  });

  test('that runs again counts how often it has ended before', () => {
    const runs = [1_001, 1_002].map((startedAtMs) => ({ startedAtMs, finishedAtMs: startedAtMs }));
    expect(only({ members: (pod) => [member(pod, 'web')], runs })).toMatchObject({
      state: 'Running',
      restarts: 2,
    });
  });

  test('that was restarted says why: as its last run ended, or because somebody asked', () => {
    const shown = (run: Partial<Run>, restartBeforeMs = 0) => {
      const runs = [{ startedAtMs: 2_000, finishedAtMs: 3_000, ...run }];
      return only({ members: (pod) => [member(pod, 'web')], wish: { restartBeforeMs }, runs })?.detail;
    };
    expect(shown({ exitCode: 3 })).toBe('restarted after exit code 3');
    expect(shown({ exitCode: 137, outOfMemory: true })).toBe('restarted after out of memory');
    expect(shown({ finishedAtMs: 5_000 }, 4_000)).toBe('restarted as asked');
    expect(shown({ finishedAtMs: 3_000 }, 4_000)).toBe('restarted after exit code 1');
    expect(shown({ startedAtMs: 0, finishedAtMs: 0 })).toBe(''); // of the sandbox before, which somebody stopped
  });

  test('that ended before its group was stopped and started is no restart', () => {
    const runs = [{ startedAtMs: 0, finishedAtMs: 0 }];
    expect(only({ members: (pod) => [member(pod, 'web')], runs })?.restarts).toBe(0);
  });

  test('of a pod that is gone counts for nothing', () => {
    const runs = [{ podId: 'an older one' }];
    expect(only({ members: (pod) => [member(pod, 'web')], runs })?.restarts).toBe(0);
  });

  test('that could not be started says why in the engine’s words', () => {
    const error = 'no such file';
    expect(only({ members: (pod) => [member(pod, 'web', { state: 'created', error })] })).toMatchObject({
      state: 'Waiting',
      detail: error,
    });
  });

  test('that runs first is shown first, as an init container', () => {
    const words: GroupWords = { ...WEB, init: { prepare: {} } };
    const { containers, state } = view({ words, members: (pod) => [member(pod, 'prepare')] });
    expect(containers.map(({ name, init }) => [name, init])).toEqual([
      ['prepare', true],
      ['web', false],
    ]);
    expect(state).toBe('Pending');
  });
});

describe('the failure of the newest revision', () => {
  const failed: Fact = {
    kind: 'failed',
    code: 'image-not-found',
    message: 'There is no image.',
    advice: 'Check it.',
  };

  test('is told, with the revision that goes on serving', () => {
    const shown = view({
      wish: { number: 2 },
      members: (pod) => [member(pod, 'web', { revision: 1 })],
      facts: [failed],
    });
    expect(shown).toMatchObject({
      revision: 2,
      serving: 1,
      failure: { code: 'image-not-found', advice: 'Check it.' },
    });
  });

  test('is a container that ended with an error, too, with what would mend it', () => {
    const shown = view({
      wish: { settled: 'Running' },
      members: (pod) => [{ ...exited(pod, 'web', 137), outOfMemory: true }],
      runs: [{ exitCode: 137, outOfMemory: true, finishedAtMs: 400 }],
    });
    expect(shown.serving).toBeUndefined();
    expect(shown.failure).toMatchObject({
      code: 'out-of-memory',
      message: 'web was killed 0.4 s after its start: out of memory (limit 0.3 GB).',
      container: 'web',
      exitCode: 137,
      place: { path: 'properties.containers[0].properties.resources.requests.memoryInGB' },
      suggestion: { text: 'memoryInGB: 0.6' },
    });
    const [code, mend] = statusOf(shown).slice(-3);
    expect([code, mend]).toEqual([
      expect.objectContaining({ label: 'out-of-memory' }),
      expect.objectContaining({ text: expect.stringContaining('Likely fix: memoryInGB: 0.6 at properties') }),
    ]);
  });

  test('is over once the revision has come up', () => {
    const shown = view({
      wish: { settled: 'Running' },
      members: (pod) => [member(pod, 'web')],
      facts: [failed],
    });
    expect(shown.failure).toBeUndefined();
  });
});
