import { describe, expect, test } from '@jest/globals';
import type { ObservedGroup, Pod, Step } from '../../src/engines/index.ts';
import { assess, type Run, type Standing, type Wish } from '../../src/reconciler/index.ts';
import { identityOf, nextStep } from '../../src/reconciler/next-step.ts';
import { exited, type GroupWords, KEY, member, podFor, running, seen, wishFor } from './groups.ts';

const NOW_MS = 100_000;
const TWO: GroupWords = { containers: { web: {}, worker: {} } };
const WITH_INIT: GroupWords = { init: { first: {}, second: {} }, containers: { web: {} } };

interface Situation {
  readonly wish: Wish;
  readonly observed?: ObservedGroup;
  readonly runs?: readonly Run[];
}

function judge({ wish, observed, runs = [] }: Situation): {
  standing: Standing;
  step: Step | undefined;
  pod: Pod;
} {
  const pod = podFor(wish, observed);
  const standing = assess(wish, pod, observed, runs, NOW_MS);
  return { standing, pod, step: nextStep(standing, pod, wish.revision.images !== null) };
}

const unpinned = (wish: Wish): Wish => ({ ...wish, revision: { ...wish.revision, images: null } });
const deleted = (words: GroupWords): Wish => wishFor(words, { wanted: 'deleted' });

function run(container: string, startedAtMs: number, finishedAtMs: number, exitCode = 1): Run {
  const podId = 'test.production.hello.r1';
  return {
    key: KEY,
    podId,
    container,
    startedAtMs,
    finishedAtMs,
    exitCode,
    outOfMemory: false,
    unhealthy: '',
  };
}

/** Each row: what is the case, the standing it is called, the step that follows in words. */
const rows: readonly [fact: string, situation: Situation, standing: Standing['kind'], step: string][] = [
  ['a group of which nothing exists is pulled first', { wish: unpinned(wishFor(TWO)) }, 'absent', 'pull 1'],
  ['a group whose images lie ready gets its sandbox', { wish: wishFor(TWO) }, 'absent', 'create-sandbox 1'],
  [
    'a sandbox that was made but never started is started',
    { wish: wishFor(TWO), observed: seen(running(podFor(wishFor(TWO)), { state: 'created', members: [] })) },
    'absent',
    'create-sandbox 1',
  ],
  [
    'a sandbox alone gets all its members at once',
    { wish: wishFor(TWO), observed: seen(running(podFor(wishFor(TWO)), { members: [] })) },
    'incomplete',
    'start-members web worker',
  ],
  [
    'one member that was lost is started alone',
    {
      wish: wishFor(TWO),
      observed: seen(running(podFor(wishFor(TWO)), { members: [member(podFor(wishFor(TWO)), 'web')] })),
    },
    'incomplete',
    'start-members worker',
  ],
  [
    'a member that was made but never started is started',
    {
      wish: wishFor(TWO),
      observed: seen(
        running(podFor(wishFor(TWO)), {
          members: [
            member(podFor(wishFor(TWO)), 'web', { state: 'created' }),
            member(podFor(wishFor(TWO)), 'worker'),
          ],
        }),
      ),
    },
    'incomplete',
    'start-members web',
  ],
  [
    'a group in which all runs needs nothing',
    { wish: wishFor(TWO), observed: seen(running(podFor(wishFor(TWO)))) },
    'in-sync',
    '',
  ],
  [
    'init containers go first, one by one',
    { wish: wishFor(WITH_INIT), observed: seen(running(podFor(wishFor(WITH_INIT)), { members: [] })) },
    'initializing',
    'start-init first',
  ],
  [
    'an init container that runs is waited for',
    {
      wish: wishFor(WITH_INIT),
      observed: seen(
        running(podFor(wishFor(WITH_INIT)), { members: [member(podFor(wishFor(WITH_INIT)), 'first')] }),
      ),
    },
    'waiting',
    '',
  ],
  [
    'the second init container follows the first that went well',
    {
      wish: wishFor(WITH_INIT),
      observed: seen(
        running(podFor(wishFor(WITH_INIT)), { members: [exited(podFor(wishFor(WITH_INIT)), 'first', 0)] }),
      ),
    },
    'initializing',
    'start-init second',
  ],
  [
    'members follow the last init container',
    {
      wish: wishFor(WITH_INIT),
      observed: seen(
        running(podFor(wishFor(WITH_INIT)), {
          members: ['first', 'second'].map((name) => exited(podFor(wishFor(WITH_INIT)), name, 0)),
        }),
      ),
    },
    'incomplete',
    'start-members web',
  ],
  [
    'an init container that fails is started again where failures are retried',
    {
      wish: wishFor({ ...WITH_INIT, restartPolicy: 'OnFailure' }),
      observed: seen(
        running(podFor(wishFor({ ...WITH_INIT, restartPolicy: 'OnFailure' })), {
          members: [exited(podFor(wishFor({ ...WITH_INIT, restartPolicy: 'OnFailure' })), 'first', 3)],
        }),
      ),
    },
    'initializing',
    'start-init first',
  ],
  [
    'an init container that failed twice waits for its second try',
    {
      wish: wishFor(WITH_INIT),
      observed: seen(
        running(podFor(wishFor(WITH_INIT)), {
          members: [exited(podFor(wishFor(WITH_INIT)), 'first', 3, NOW_MS - 1)],
        }),
      ),
      runs: [run('first', 1, 2), run('first', 3, NOW_MS - 1)],
    },
    'waiting',
    '',
  ],
  [
    'an init container that fails ends the group where nothing is retried',
    {
      wish: wishFor({ ...WITH_INIT, restartPolicy: 'Never' }),
      observed: seen(
        running(podFor(wishFor({ ...WITH_INIT, restartPolicy: 'Never' })), {
          members: [exited(podFor(wishFor({ ...WITH_INIT, restartPolicy: 'Never' })), 'first', 3)],
        }),
      ),
    },
    'finished',
    'stop sandbox-1',
  ],
  [
    'an init container that was lost after the members began is not missed',
    { wish: wishFor(WITH_INIT), observed: seen(running(podFor(wishFor(WITH_INIT)))) },
    'in-sync',
    '',
  ],
  [
    'a member of an older revision is removed first',
    {
      wish: wishFor({ containers: { web: { script: 'true' }, worker: {} } }, { number: 2 }),
      observed: seen(running(podFor(wishFor(TWO)))),
    },
    'out-of-date',
    'remove-members web-1',
  ],
  [
    'a member that nobody wishes any more is removed',
    {
      wish: wishFor(TWO),
      observed: seen(
        running(podFor(wishFor(TWO)), {
          members: [
            ...running(podFor(wishFor(TWO))).members,
            member(podFor(wishFor(TWO)), 'stranger', { fingerprint: 'other' }),
          ],
        }),
      ),
    },
    'out-of-date',
    'remove-members stranger-1',
  ],
  [
    'an update that must replace the pod first pulls while the old one serves',
    {
      wish: unpinned(wishFor({ ...TWO, ports: [80] }, { number: 2 })),
      observed: seen(running(podFor(wishFor(TWO)))),
    },
    'absent',
    'pull 2',
  ],
  [
    'an update that must replace the pod then stops the old one',
    {
      wish: wishFor({ ...TWO, ports: [80] }, { number: 2 }),
      observed: seen(running(podFor(wishFor(TWO)))),
    },
    'absent',
    'stop web-1 worker-1 sandbox-1',
  ],
  [
    'a pod that was stopped for its successor is removed',
    {
      wish: wishFor({ ...TWO, ports: [80] }, { number: 2 }),
      observed: seen(
        running(podFor(wishFor(TWO)), {
          state: 'exited',
          members: [exited(podFor(wishFor(TWO)), 'web', 0), exited(podFor(wishFor(TWO)), 'worker', 143)],
        }),
      ),
    },
    'absent',
    'remove test.production.hello.r1',
  ],
  [
    'an older pod beside the right one goes',
    {
      wish: wishFor({ ...TWO, ports: [80] }, { number: 2 }),
      observed: seen(
        running(podFor(wishFor(TWO)), { state: 'exited', members: [] }),
        running(podFor(wishFor({ ...TWO, ports: [80] }, { number: 2 }))),
      ),
    },
    'absent',
    'remove test.production.hello.r1',
  ],
  [
    'of two pods that both fit, the newer stays',
    {
      wish: wishFor(TWO, { number: 2 }),
      observed: seen(running(podFor(wishFor(TWO))), running(podFor(wishFor(TWO, { number: 2 })))),
    },
    'absent',
    'stop web-1 worker-1 sandbox-1',
  ],
  [
    'members whose sandbox is gone are stopped before they are removed',
    {
      wish: wishFor(TWO),
      observed: seen(running(podFor(wishFor(TWO)), { state: 'absent', sandboxId: '', fingerprint: '' })),
    },
    'absent',
    'stop web-1 worker-1 ',
  ],
  [
    'a network that was left behind is removed',
    {
      wish: wishFor(TWO),
      observed: seen(
        running(podFor(wishFor(TWO)), { state: 'absent', sandboxId: '', fingerprint: '', members: [] }),
      ),
    },
    'absent',
    'remove test.production.hello.r1',
  ],
  [
    'a sandbox that stopped by itself makes way, members first',
    { wish: wishFor(TWO), observed: seen(running(podFor(wishFor(TWO)), { state: 'exited' })) },
    'absent',
    'stop web-1 worker-1 ',
  ],
  [
    'a group whose every member went well has Succeeded, and its sandbox is stopped',
    {
      wish: wishFor({ ...TWO, restartPolicy: 'OnFailure' }),
      observed: seen(
        running(podFor(wishFor({ ...TWO, restartPolicy: 'OnFailure' })), {
          members: ['web', 'worker'].map((name) =>
            exited(podFor(wishFor({ ...TWO, restartPolicy: 'OnFailure' })), name, 0),
          ),
        }),
      ),
    },
    'finished',
    'stop sandbox-1',
  ],
  [
    'a finished group whose sandbox has stopped stays as it is',
    {
      wish: wishFor({ ...TWO, restartPolicy: 'Never' }),
      observed: seen(
        running(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), {
          state: 'exited',
          members: [
            exited(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), 'web', 0),
            exited(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), 'worker', 9),
          ],
        }),
      ),
    },
    'finished',
    '',
  ],
  [
    'a member that still runs keeps the group from being finished',
    {
      wish: wishFor({ ...TWO, restartPolicy: 'Never' }),
      observed: seen(
        running(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), {
          members: [
            exited(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), 'web', 0),
            member(podFor(wishFor({ ...TWO, restartPolicy: 'Never' })), 'worker'),
          ],
        }),
      ),
    },
    'in-sync',
    '',
  ],
  [
    'a member that ended under Always starts again at once',
    {
      wish: wishFor(TWO),
      observed: seen(
        running(podFor(wishFor(TWO)), {
          members: [exited(podFor(wishFor(TWO)), 'web', 0), member(podFor(wishFor(TWO)), 'worker')],
        }),
      ),
      runs: [run('web', 1_000, 2_000, 0)],
    },
    'incomplete',
    'start-members web',
  ],
  [
    'a member in back-off does not keep another from starting',
    {
      wish: wishFor(TWO),
      observed: seen(
        running(podFor(wishFor(TWO)), { members: [exited(podFor(wishFor(TWO)), 'web', 1, NOW_MS - 1)] }),
      ),
      runs: [run('web', 1, 2), run('web', 3, NOW_MS - 1)],
    },
    'incomplete',
    'start-members worker',
  ],
  ['a group that is not wished and has left nothing is gone', { wish: deleted(TWO) }, 'gone', ''],
  [
    'a group that is not wished is stopped',
    { wish: deleted(TWO), observed: seen(running(podFor(wishFor(TWO)))) },
    'unwanted',
    'stop web-1 worker-1 sandbox-1',
  ],
  [
    'a group that is not wished and has stopped is removed',
    { wish: deleted(TWO), observed: seen(running(podFor(wishFor(TWO)), { state: 'exited', members: [] })) },
    'unwanted',
    'remove test.production.hello.r1',
  ],
];

describe('what follows when', () => {
  test.each(rows)('%s', (_, situation, standing, words) => {
    const judged = judge(situation);
    expect(judged.standing.kind).toBe(standing);
    expect(judged.step === undefined ? '' : wordsOf(judged.step)).toBe(words);
  });
});

function wordsOf(step: Step): string {
  if (step.kind === 'pull' || step.kind === 'create-sandbox') return `${step.kind} ${step.pod.revision}`;
  if (step.kind !== 'stop') return identityOf(step);
  return `stop ${[...step.members, step.sandbox].join(' ')}`;
}

describe('how a group has ended', () => {
  const never: GroupWords = { ...TWO, restartPolicy: 'Never' };
  test.each([
    [0, 0, 'Succeeded'],
    [0, 1, 'Failed'],
    [137, 0, 'Failed'],
  ])('exit codes %i and %i make it %s', (web, worker, outcome) => {
    const pod = podFor(wishFor(never));
    const observed = seen(
      running(pod, { members: [exited(pod, 'web', web), exited(pod, 'worker', worker)] }),
    );
    expect(judge({ wish: wishFor(never), observed }).standing).toMatchObject({ kind: 'finished', outcome });
  });
});

describe('what is said to have drifted', () => {
  test('is a sandbox that was removed under its members', () => {
    const wish = wishFor(TWO);
    const observed = seen(running(podFor(wish), { state: 'absent', sandboxId: '', fingerprint: '' }));
    expect(judge({ wish, observed }).standing).toMatchObject({ drift: 'its sandbox was removed' });
  });

  test('is a sandbox that stopped', () => {
    const wish = wishFor(TWO, { settled: 'Running' });
    const observed = seen(running(podFor(wish), { state: 'exited' }));
    expect(judge({ wish, observed }).standing).toMatchObject({ drift: 'its sandbox has stopped' });
  });

  test('is not a sandbox that has yet to start', () => {
    const wish = wishFor(TWO);
    const observed = seen(running(podFor(wish), { state: 'created', members: [] }));
    expect(judge({ wish, observed }).standing).toMatchObject({ kind: 'absent', pods: [], drift: '' });
  });

  test('is not an older pod that an update replaces', () => {
    const observed = seen(running(podFor(wishFor(TWO))));
    const wish = wishFor({ ...TWO, ports: [80] }, { number: 2 });
    expect(judge({ wish, observed }).standing).toMatchObject({ kind: 'absent', drift: '' });
  });
});

test('an update that keeps the sandbox keeps the revision that made it', () => {
  const observed = seen(running(podFor(wishFor(TWO))));
  const wish = wishFor({ containers: { web: { script: 'true' }, worker: {} } }, { number: 7 });
  expect(podFor(wish, observed)).toMatchObject({ revision: 7, podRevision: 1 });
});

test('steps for two revisions are two steps', () => {
  const first = { kind: 'pull', pod: podFor(wishFor(TWO)) } as const;
  const second = { kind: 'pull', pod: podFor(wishFor(TWO, { number: 2 })) } as const;
  expect(identityOf(first)).not.toBe(identityOf(second));
});
