import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { type GroupWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const WEB: GroupWords = { containers: { web: {} } };
const TWO: GroupWords = { containers: { web: {}, worker: {} }, ports: [80] };
const UNREACHABLE = new Failure('engine-unreachable', 'The engine does not answer.');

let world: ReconciledWorld;

beforeEach(async () => {
  world = await createReconciledWorld();
});

afterEach(async () => {
  expect(world.internalErrors).toEqual([]);
  await world.close();
});

async function pods(key = KEY) {
  world.engine.reachable = true;
  return (await world.engine.observe(AbortSignal.timeout(1_000), key)).get(key)?.pods ?? [];
}

async function membersOf(key = KEY) {
  return (await pods(key)).flatMap(({ members }) => members);
}

/** The seconds that lie between the starts of a container, one after another. */
async function delaysOf(container: string): Promise<number[]> {
  const runs = (await world.store.runs.runs(KEY)).filter((run) => run.container === container);
  return runs.slice(1).map((run, index) => (run.startedAtMs - (runs[index]?.finishedAtMs ?? 0)) / SECOND_MS);
}

describe('a wish', () => {
  test('becomes a running group in three steps, and is told once', async () => {
    await world.wish(TWO);
    await world.rest();
    expect(world.steps()).toEqual(['pull', 'create-sandbox', 'start-members']);
    expect(world.facts('running')).toEqual([{ kind: 'running', containers: 2, tookMs: 0 }]);
    await world.pass(HOUR_MS);
    expect(world.steps()).toEqual([]);
    expect(world.facts('running')).toHaveLength(1);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });

  test('whose init containers go well runs them one by one before its members', async () => {
    await world.wish({ init: { first: { script: 'exit 0' }, second: { script: 'exit 0' } }, ...WEB });
    await world.rest();
    expect(world.steps()).toEqual(['pull', 'create-sandbox', 'start-init', 'start-init', 'start-members']);
  });

  test('for one changed member keeps the sandbox and the other member', async () => {
    await world.wish(TWO);
    await world.rest();
    const [before] = await pods();
    world.steps();
    await world.wish({ ...TWO, containers: { web: {}, worker: { script: 'sleep 1' } } });
    await world.rest();
    const [after] = await pods();
    expect(world.steps()).toEqual(['pull', 'stop', 'remove-members', 'start-members']);
    expect(after?.sandboxId).toBe(before?.sandboxId);
    expect(after?.members[0]).toEqual(before?.members[0]);
    expect(after?.members[1]).toMatchObject({ name: 'worker', revision: 2 });
  });

  test('that left a member alone can restart it afterwards', async () => {
    await world.wish(TWO);
    await world.rest();
    await world.wish({ ...TWO, containers: { web: {}, worker: { script: 'sleep 1' } } });
    await world.rest();
    world.engine.exit(KEY, 'web', 1);
    await world.pass(MINUTE_MS);
    expect((await membersOf()).map(({ name, state }) => [name, state])).toEqual([
      ['web', 'running'],
      ['worker', 'running'],
    ]);
  });

  test('that changes the pod replaces it, and the meter of the old one ends with it', async () => {
    await world.wish(TWO);
    await world.pass(MINUTE_MS);
    world.steps();
    await world.wish({ ...TWO, ports: [8080] });
    await world.rest();
    expect(world.steps()).toEqual(['pull', 'stop', 'remove', 'create-sandbox', 'start-members']);
    const intervals = await world.store.ledger.intervals({ group: KEY });
    expect(intervals.map(({ startedAtMs, endedAtMs }) => endedAtMs && endedAtMs - startedAtMs)).toEqual([
      MINUTE_MS,
      null,
    ]);
  });

  test('is forgotten when nothing is left of the deleted group', async () => {
    await world.wish(TWO);
    await world.pass(MINUTE_MS);
    world.steps();
    await world.unwish();
    await world.rest();
    expect(world.steps()).toEqual(['stop', 'remove']);
    expect(await world.store.desired.get(KEY)).toBeUndefined();
    expect(await pods()).toEqual([]);
    expect(world.facts('removed')).toHaveLength(1);
    expect(await world.store.ledger.openIntervals(KEY)).toEqual([]);
  });

  test('that comes back during the deletion is kept', async () => {
    await world.wish(TWO);
    await world.rest();
    const hold = world.engine.hold('stop');
    await world.unwish();
    await hold.begun;
    await world.wish(TWO);
    hold.release();
    await world.pass(MINUTE_MS);
    expect((await membersOf()).map(({ state }) => state)).toEqual(['running', 'running']);
    expect(await world.store.desired.get(KEY)).toMatchObject({ wanted: 'running', settled: 'Running' });
  });

  test('of another group waits for nobody', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await hold.begun;
    await world.wish({ ...WEB, name: 'other' }, 'production/other');
    await waitFor(async () => (await world.store.desired.get('production/other'))?.settled === 'Running');
    hold.release();
    await world.rest();
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });
});

describe('a container that ends', () => {
  test('is restarted with growing delays under Always', async () => {
    await world.wish(WEB);
    await world.rest();
    for (let count = 0; count < 7; count++) {
      world.engine.exit(KEY, 'web', 1);
      await world.pass(5 * MINUTE_MS + SECOND_MS);
    }
    world.engine.exit(KEY, 'web', 1);
    await world.rest();
    const runs = await world.store.runs.runs(KEY);
    expect(runs).toHaveLength(8);
    expect((await delaysOf('web')).map(Math.round)).toEqual([0, 10, 20, 40, 80, 160, 300]);
  });

  test('every time at once does not spin, and comes back no more often than its delays allow', async () => {
    await world.wish({ containers: { web: { script: 'exit 1' } } });
    await world.pass(HOUR_MS);
    const starts = world.engine.steps.filter(({ kind }) => kind === 'start-members').length;
    expect(starts).toBeGreaterThan(10);
    expect(starts).toBeLessThan(20);
  });

  test('every time at once is told, so that nobody waits for it to come up', async () => {
    await world.wish({ containers: { web: { script: 'exit 1' } } });
    await world.pass(MINUTE_MS);
    expect(world.facts('running')).toHaveLength(1);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });

  test('is told with its exit code, once', async () => {
    await world.wish(WEB);
    await world.rest();
    world.engine.exit(KEY, 'web', 3);
    await world.pass(HOUR_MS);
    expect(world.facts('member-exited')).toMatchObject([
      { container: 'web', exitCode: 3, reason: 'exit code 3' },
    ]);
    expect(world.facts('member-started').map(({ restartCount }) => restartCount)).toEqual([0, 1]);
  });

  test('for want of memory is told so', async () => {
    await world.wish(WEB);
    await world.rest();
    world.engine.exit(KEY, 'web', 137, { outOfMemory: true });
    await world.rest();
    expect(world.facts('member-exited')).toMatchObject([{ exitCode: 137, reason: 'out of memory' }]);
  });

  test('well under OnFailure ends the group as Succeeded, and stops the meter', async () => {
    await world.wish({ ...WEB, restartPolicy: 'OnFailure' });
    await world.pass(MINUTE_MS);
    world.engine.exit(KEY, 'web', 1);
    await world.pass(MINUTE_MS);
    world.engine.exit(KEY, 'web', 0);
    await world.pass(HOUR_MS);
    expect(world.facts('finished')).toEqual([{ kind: 'finished', outcome: 'Succeeded' }]);
    const [interval] = await world.store.ledger.intervals({ group: KEY });
    expect(interval && (interval.endedAtMs ?? 0) - interval.startedAtMs).toBe(2 * MINUTE_MS);
  });

  test('badly under Never ends the group as Failed, and is not started again', async () => {
    await world.wish({ ...WEB, restartPolicy: 'Never' });
    await world.rest();
    world.engine.exit(KEY, 'web', 4);
    await world.pass(HOUR_MS);
    expect(world.facts('finished')).toEqual([{ kind: 'finished', outcome: 'Failed' }]);
    expect(world.facts('member-started')).toHaveLength(1);
  });

  test('starts anew, without delay, after a newer push', async () => {
    await world.wish({ containers: { web: { script: 'exit 1' } } });
    await world.pass(10 * MINUTE_MS);
    await world.wish({ containers: { web: { script: 'sleep 1' } } });
    await world.rest();
    expect((await membersOf()).map(({ state }) => state)).toEqual(['running']);
  });
});

describe('a pull', () => {
  test('that fails leaves the old revision serving, is told once, and is tried again ever more rarely', async () => {
    await world.wish(TWO);
    await world.rest();
    world.steps();
    await world.wish({ ...TWO, containers: { web: { image: 'web:9' }, worker: {} } });
    await world.pass(HOUR_MS);
    expect((await membersOf()).map(({ revision, state }) => [revision, state])).toEqual([
      [1, 'running'],
      [1, 'running'],
    ]);
    expect(world.facts('failed')).toMatchObject([{ code: 'image-not-found' }]);
    const pulls = world.steps();
    expect(new Set(pulls)).toEqual(new Set(['pull']));
    expect(pulls.length).toBeGreaterThan(8); // 2, 4, 8 ... 256, then every 300 seconds
    expect(pulls.length).toBeLessThan(22);
  });

  test('goes on by itself once the registry has the image', async () => {
    await world.wish({ containers: { web: { image: 'web:9' } } });
    await world.pass(MINUTE_MS);
    world.engine.registry.add('web:9');
    await world.pass(5 * MINUTE_MS);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });

  test('is given up for a newer push, and the newer one is up without delay', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await hold.begun;
    await world.wish(WEB);
    await world.rest();
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running', revision: { number: 2 } });
    expect((await membersOf()).map(({ revision }) => revision)).toEqual([2]);
    expect(world.facts('failed')).toEqual([]);
  });

  test('is given up for a newer push that arrives while the pull is about to begin', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await world.wish(WEB); // the first look at the first wish is still under way
    await waitFor(async () => (await world.store.desired.get(KEY))?.settled === 'Running');
    hold.release();
  });

  test('is given up when the group is deleted, and costs until then', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await hold.begun;
    world.clock.advance(MINUTE_MS);
    await world.unwish();
    await world.rest();
    expect(await world.store.desired.get(KEY)).toBeUndefined();
    const [interval, ...more] = await world.store.ledger.intervals({ group: KEY });
    expect(more).toEqual([]);
    expect(interval && (interval.endedAtMs ?? 0) - interval.startedAtMs).toBe(MINUTE_MS);
  });

  test('for a new group is where its meter begins', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await hold.begun;
    world.clock.advance(MINUTE_MS);
    hold.release();
    await world.rest();
    const [interval, ...more] = await world.store.ledger.intervals({ group: KEY });
    expect(more).toEqual([]);
    expect(interval).toMatchObject({ startedAtMs: world.clock.now() - MINUTE_MS, endedAtMs: null });
    expect((await pods())[0]?.meteredFromMs).toBe(interval?.startedAtMs);
  });

  test('for an update of a running group costs nothing of its own', async () => {
    await world.wish(WEB);
    await world.rest();
    world.engine.images.delete('web:2');
    await world.wish({ containers: { web: { image: 'web:2' } } });
    await world.rest();
    expect(await world.store.ledger.intervals({ group: KEY })).toHaveLength(1);
  });

  test('that the bot did not survive is paid at the size of what comes after it', async () => {
    world.engine.images.delete('web:2');
    const hold = world.engine.hold('pull');
    await world.wish({ containers: { web: { image: 'web:2', memoryInGB: 2 } } });
    await hold.begun;
    world.clock.advance(MINUTE_MS);
    await world.restart();
    hold.release();
    await world.wish({ containers: { web: { memoryInGB: 1 } } });
    await world.pass(MINUTE_MS);
    const intervals = await world.store.ledger.intervals({ group: KEY });
    const open = intervals.filter(({ endedAtMs }) => endedAtMs === null);
    expect(open).toMatchObject([{ revision: 2, size: { memoryGbTenths: 10 } }]);
  });
});

describe('a deletion during a deploy', () => {
  test.each(['create-sandbox', 'start-members'] as const)(
    'in the middle of %s leaves nothing',
    async (kind) => {
      const hold = world.engine.hold(kind);
      await world.wish(TWO);
      await hold.begun;
      await world.unwish();
      hold.release();
      await world.rest();
      expect(await pods()).toEqual([]);
      expect(await world.store.desired.get(KEY)).toBeUndefined();
      expect(world.facts('running')).toEqual([]);
    },
  );
});

describe('an engine out of reach', () => {
  test('is told once, and the deploy goes on when it is back', async () => {
    world.engine.reachable = false;
    await world.wish(TWO);
    await world.pass(10 * MINUTE_MS);
    expect(world.facts('failed')).toMatchObject([{ code: 'engine-unreachable' }]);
    world.engine.reachable = true;
    await world.pass(5 * MINUTE_MS);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });

  test('does not deafen the reconciler to what happens when it is back', async () => {
    await world.wish(WEB);
    await world.rest();
    world.engine.reachable = false;
    await world.restart();
    await world.rest();
    world.engine.reachable = true;
    await world.pass(5 * MINUTE_MS);
    world.engine.exit(KEY, 'web', 1);
    await world.rest();
    expect((await membersOf()).map(({ state }) => state)).toEqual(['running']);
  });

  test('is told again when it goes away a second time', async () => {
    await world.wish(WEB);
    await world.rest();
    for (let count = 0; count < 2; count++) {
      world.engine.reachable = false;
      await world.restart();
      await world.rest();
      world.engine.reachable = true;
      await world.pass(5 * MINUTE_MS);
    }
    expect(world.facts('failed')).toHaveLength(2);
  });

  test('that lost a container without a word is mended within a minute', async () => {
    await world.wish(TWO);
    await world.rest();
    world.engine.silent = true;
    world.engine.lose(KEY, 'worker');
    await world.pass(MINUTE_MS);
    expect((await membersOf()).map(({ name, state }) => [name, state])).toEqual([
      ['web', 'running'],
      ['worker', 'running'],
    ]);
  });

  test.each(['pull', 'create-sandbox', 'start-members'] as const)(
    'in the middle of %s, after the work was done, doubles nothing',
    async (kind) => {
      world.engine.failNext(kind, UNREACHABLE, 'after');
      await world.wish(TWO);
      await world.pass(MINUTE_MS);
      expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
      expect(await pods()).toHaveLength(1);
      expect(await membersOf()).toHaveLength(2);
      expect(await world.store.ledger.intervals({ group: KEY })).toHaveLength(1);
    },
  );

  test('leaves a group that waits for its retry in peace while its own failing makes hints', async () => {
    const failing = world.engine.failAlways('start-members', new Failure('engine-refused', 'No.'));
    await world.wish(TWO);
    await world.rest();
    for (let count = 0; count < 100; count++) world.engine.lose(KEY, 'nobody');
    await world.rest();
    expect(world.engine.steps.filter(({ kind }) => kind === 'start-members')).toHaveLength(1);
    failing.mend();
    await world.pass(MINUTE_MS);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running' });
  });

  test('is asked at once, not after the back-off, when somebody pushes again', async () => {
    const failing = world.engine.failAlways('create-sandbox', UNREACHABLE);
    await world.wish(TWO);
    await world.pass(20 * MINUTE_MS);
    failing.mend();
    await world.wish(TWO);
    await world.rest();
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Running', revision: { number: 2 } });
  });
});

describe('what somebody did by hand', () => {
  test('a sandbox that was removed comes back with its members, and is told as drift once', async () => {
    await world.wish(TWO);
    await world.pass(MINUTE_MS);
    world.engine.lose(KEY, '');
    await world.pass(MINUTE_MS);
    expect((await membersOf()).map(({ state }) => state)).toEqual(['running', 'running']);
    expect(world.facts('drifted')).toEqual([
      { kind: 'drifted', what: 'its sandbox was removed', mended: true },
    ]);
    const intervals = await world.store.ledger.intervals({ group: KEY });
    expect(intervals.map(({ estimated, endedAtMs }) => [estimated, endedAtMs === null])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test('a sandbox that stopped is replaced, told as drift once, and paid until it stopped', async () => {
    await world.wish(TWO);
    await world.pass(MINUTE_MS);
    world.engine.exitSandbox(KEY);
    await world.pass(MINUTE_MS);
    expect((await membersOf()).map(({ state }) => state)).toEqual(['running', 'running']);
    expect(world.facts('drifted')).toEqual([
      { kind: 'drifted', what: 'its sandbox has stopped', mended: true },
    ]);
    const [first] = await world.store.ledger.intervals({ group: KEY });
    expect(first).toMatchObject({ estimated: false });
    expect(first && (first.endedAtMs ?? 0) - first.startedAtMs).toBe(MINUTE_MS);
  });

  test('a member that was removed comes back', async () => {
    await world.wish(TWO);
    await world.rest();
    world.engine.lose(KEY, 'worker');
    await world.rest();
    expect((await membersOf()).map(({ name }) => name)).toEqual(['web', 'worker']);
  });
});

/** Waits for what happens by itself, without moving the clock. */
async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass within 5 seconds');
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
