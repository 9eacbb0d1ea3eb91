/** Stop, start, restart, time to live, drift: what people and passers-by do to a group that runs. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/failure.ts';
import { type GroupWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const TWO: GroupWords = { containers: { web: {}, worker: {} }, ports: [80] };
const KEEPS: GroupWords = {
  ...TWO,
  volumes: [{ name: 'kept-here', emptyDir: {} }],
  containers: { web: { mounts: { 'kept-here': '/kept' } }, worker: {} },
};
const JOB: GroupWords = { restartPolicy: 'Never', containers: { job: { script: 'exit 0' } } };

let world: ReconciledWorld;

beforeEach(async () => {
  world = await createReconciledWorld();
});

afterEach(async () => {
  expect(world.internalErrors).toEqual([]);
  await world.close();
});

async function brought(words: GroupWords, of = world): Promise<void> {
  await of.wish(words);
  await of.rest();
  await of.pass(MINUTE_MS);
  of.steps();
}

async function members(of = world) {
  const group = (await of.engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY);
  return group?.pods.flatMap((pod) => pod.members) ?? [];
}

describe('a config map that changes', () => {
  const mapped = (level: string): GroupWords => ({
    containers: { web: { configMap: { level } }, worker: {} },
  });

  test('is delivered once, to containers that go on running', async () => {
    await brought(mapped('info'));
    const before = await members();
    await world.wish(mapped('debug'));
    await world.rest();
    await world.pass(MINUTE_MS);
    expect(world.steps()).toEqual(['deliver']);
    expect(await members()).toEqual(before);
    expect(world.engine.steps.at(-1)).toMatchObject({
      pod: { group: { containers: [{ configMap: { keyValuePairs: { level: 'debug' } } }, {}] } },
    });
  });

  test('is delivered again where the bot cannot know whether it was, and tried again where it failed', async () => {
    await brought(mapped('info'));
    await world.restart();
    await world.rest();
    expect(world.steps()).toEqual(['deliver']);
    world.engine.failNext('deliver', new Failure('engine-refused', 'Not now.', { advice: 'Wait.' }));
    await world.wish(mapped('debug'));
    await world.rest();
    await world.pass(MINUTE_MS);
    expect(world.steps()).toEqual(['deliver', 'deliver']);
  });

  test('comes with the containers where they start anew', async () => {
    await brought(mapped('info'));
    await world.change({ wanted: 'stopped' });
    await world.rest();
    await world.change({ wanted: 'running' });
    await world.rest();
    await world.pass(MINUTE_MS);
    expect(world.steps()).not.toContain('deliver');
  });
});

describe('a stop', () => {
  test('ends containers, sandbox and meter, and keeps the rest', async () => {
    await brought(TWO);
    await world.change({ wanted: 'stopped' });
    await world.rest();
    expect(world.steps()).toEqual(['stop']);
    expect(world.facts('stopped')).toHaveLength(1);
    expect((await members()).map(({ state }) => state)).toEqual(['exited', 'exited']);
    expect(await world.store.ledger.openIntervals(KEY)).toEqual([]);
    expect(await world.store.desired.get(KEY)).toMatchObject({ settled: 'Stopped', address: '127.21.0.1' });
    expect(await world.store.desired.revisions(KEY)).toMatchObject([{ number: 1, settled: 'Running' }]);
  });

  test('is no crash, and nothing starts again by itself', async () => {
    await brought(TWO);
    await world.change({ wanted: 'stopped' });
    await world.pass(24 * HOUR_MS);
    expect(world.facts('member-exited')).toEqual([
      expect.objectContaining({ container: 'web', asked: true, reason: 'stopped with the group' }),
      expect.objectContaining({ container: 'worker', asked: true }),
    ]);
    expect(world.facts('drifted')).toEqual([]);
    expect(world.steps()).toEqual(['stop']);
  });

  test('before anything was made needs no step', async () => {
    const hold = world.engine.hold('create-sandbox');
    await world.wish(TWO);
    await hold.begun;
    await world.change({ wanted: 'stopped' });
    hold.release();
    await world.rest();
    await world.pass(MINUTE_MS);
    expect(world.facts('stopped')).toHaveLength(1);
    expect((await members()).filter(({ state }) => state === 'running')).toEqual([]);
  });

  test('survives the death of the bot at any moment', async () => {
    await brought(TWO);
    await world.change({ wanted: 'stopped' });
    await world.restart();
    await world.rest();
    expect((await members()).map(({ state }) => state)).toEqual(['exited', 'exited']);
    expect(world.facts('stopped')).toHaveLength(1);
  });
});

describe('a start', () => {
  const start = () => world.change({ wanted: 'running', restartBeforeMs: world.clock.now() });

  test('brings a stopped group up as it was, with a meter of its own', async () => {
    await brought(TWO);
    await world.change({ wanted: 'stopped' });
    await world.pass(HOUR_MS);
    world.steps();
    expect(await start()).toBe(true);
    await world.rest();
    expect(world.steps()).toEqual(['remove', 'create-sandbox', 'start-members']);
    expect(world.facts('running')).toHaveLength(2);
    const intervals = await world.store.ledger.intervals({ group: KEY });
    expect(intervals.map(({ endedAtMs }) => endedAtMs === null)).toEqual([false, true]);
    expect(world.facts('drifted')).toEqual([]);
  });

  test('keeps the volumes, and a deletion takes them', async () => {
    await brought(KEEPS);
    await world.change({ wanted: 'stopped' });
    await world.rest();
    await start();
    await world.rest();
    const removal = world.engine.steps.find(({ kind }) => kind === 'remove');
    expect(removal).toMatchObject({ keepVolumes: true });
    expect((await members()).map(({ state }) => state)).toEqual(['running', 'running']);
    await world.unwish();
    await world.rest();
    expect(world.engine.steps.at(-1)).toMatchObject({ kind: 'remove', keepVolumes: false });
    expect((await world.engine.observe(AbortSignal.timeout(1_000))).size).toBe(0);
  });

  test('takes over volumes that a crash left alone', async () => {
    await brought(KEEPS);
    await world.change({ wanted: 'stopped' });
    await world.rest();
    const hold = world.engine.hold('create-sandbox');
    await start();
    await hold.begun;
    const crashed = world.restart();
    hold.release();
    await crashed;
    await world.rest();
    await world.pass(MINUTE_MS);
    expect((await members()).map(({ state }) => state)).toEqual(['running', 'running']);
    expect(world.engine.steps.filter(({ kind }) => kind === 'remove')).toHaveLength(1);
  });

  test('of a job that has ended runs it again', async () => {
    await world.wish(JOB);
    await world.rest();
    expect(world.facts('finished')).toHaveLength(1);
    await world.pass(MINUTE_MS);
    await start();
    await world.rest();
    expect(world.facts('finished')).toHaveLength(2);
    expect(await world.store.ledger.intervals({ group: KEY })).toHaveLength(2);
  });
});

describe('a restart', () => {
  test('stops and starts the members where they are', async () => {
    await brought(TWO);
    const before = await members();
    await world.change({ restartBeforeMs: world.clock.now() });
    await world.rest();
    expect(world.steps()).toEqual(['stop', 'start-members']);
    const after = await members();
    expect(after.map(({ id, state }) => [id, state])).toEqual(before.map(({ id }) => [id, 'running']));
    expect(world.facts('member-exited')).toEqual([
      expect.objectContaining({ asked: true, reason: 'stopped for a restart' }),
      expect.objectContaining({ asked: true }),
    ]);
    expect(world.facts('running')).toHaveLength(2);
    expect(await world.store.ledger.intervals({ group: KEY })).toHaveLength(1);
    await world.pass(HOUR_MS);
    expect(world.steps()).toEqual([]);
  });

  test('said twice at the same moment happens once', async () => {
    await brought(TWO);
    const nowMs = world.clock.now();
    expect(await world.change({ restartBeforeMs: nowMs })).toBe(true);
    expect(await world.change({ restartBeforeMs: nowMs })).toBe(false);
    await world.rest();
    expect(world.steps()).toEqual(['stop', 'start-members']);
  });

  test('cut short by the death of the bot is finished by the next one', async () => {
    await brought(TWO);
    const hold = world.engine.hold('start-members');
    await world.change({ restartBeforeMs: world.clock.now() });
    await hold.begun;
    const crashed = world.restart();
    hold.release();
    await crashed;
    await world.rest();
    await world.pass(MINUTE_MS);
    expect((await members()).map(({ state }) => state)).toEqual(['running', 'running']);
    expect(world.facts('running')).toHaveLength(2);
  });
});

describe('a group that goes by itself', () => {
  test('goes at its time, and not before', async () => {
    await brought(TWO);
    await world.change({ expiresAtMs: world.clock.now() + HOUR_MS });
    await world.pass(HOUR_MS - SECOND_MS);
    expect(world.facts('expired')).toEqual([]);
    await world.pass(2 * SECOND_MS);
    expect(world.facts('expired')).toHaveLength(1);
    expect(world.facts('removed')).toHaveLength(1);
    expect(await world.store.desired.get(KEY)).toBeUndefined();
  });

  test('goes later when its time was moved, also over a restart of the bot', async () => {
    await brought(TWO);
    await world.change({ expiresAtMs: world.clock.now() + HOUR_MS });
    await world.rest();
    await world.change({ expiresAtMs: world.clock.now() + 40 * 24 * HOUR_MS });
    await world.restart();
    await world.pass(39 * 24 * HOUR_MS);
    expect(world.facts('expired')).toEqual([]);
    await world.pass(2 * 24 * HOUR_MS);
    expect(world.facts('removed')).toHaveLength(1);
  });

  test('goes as well when it is stopped, and whose time has passed while the bot was away goes at once', async () => {
    await brought(TWO);
    await world.change({ wanted: 'stopped', expiresAtMs: world.clock.now() + HOUR_MS });
    await world.rest();
    world.clock.advance(2 * HOUR_MS);
    await world.restart();
    await world.rest();
    expect(world.facts('removed')).toHaveLength(1);
  });
});

describe('what somebody does behind the bot’s back', () => {
  test.each([
    ['removes a container', () => world.engine.lose(KEY, 'web'), 'web: removed', ['start-members']],
    [
      'changes a container',
      () => world.engine.change(KEY, 'web', 'memory 200 MiB, should be 100 MiB'),
      'web: memory 200 MiB, should be 100 MiB',
      ['stop', 'remove-members', 'start-members'],
    ],
    [
      'removes the sandbox',
      () => world.engine.lose(KEY, ''),
      'its sandbox was removed',
      ['stop', 'remove', 'create-sandbox', 'start-members'],
    ],
  ])('%s: it is told with the field, and mended', async (_name, mischief, what, steps) => {
    await brought(TWO);
    mischief();
    await world.rest();
    expect(world.facts('drifted')).toEqual([{ kind: 'drifted', what, mended: true }]);
    expect(world.steps()).toEqual(steps);
    expect((await members()).map(({ state, changed }) => [state, changed])).toEqual([
      ['running', []],
      ['running', []],
    ]);
    await world.pass(HOUR_MS);
    expect(world.facts('drifted')).toHaveLength(1);
  });

  test('is only told where the settings say so: once, and without a step', async () => {
    const reporting = await createReconciledWorld('report');
    await brought(TWO, reporting);
    reporting.engine.lose(KEY, 'web');
    await reporting.pass(HOUR_MS);
    expect(reporting.facts('drifted')).toEqual([{ kind: 'drifted', what: 'web: removed', mended: false }]);
    expect(reporting.steps()).toEqual([]);
    reporting.engine.exitSandbox(KEY); // a host that was started anew is no mischief
    await reporting.pass(HOUR_MS);
    expect((await members(reporting)).map(({ name, state }) => [name, state])).toEqual([
      ['web', 'running'],
      ['worker', 'running'],
    ]);
    await reporting.close();
  });

  test('is none when a container ends by itself', async () => {
    await brought(TWO);
    world.engine.exit(KEY, 'web', 1);
    await world.pass(MINUTE_MS);
    expect(world.facts('drifted')).toEqual([]);
  });
});

test('a revision that is gone back to uses its own images, which no registry is asked for', async () => {
  await brought(TWO);
  await world.wish({ ...TWO, containers: { web: { image: 'web:2' }, worker: {} } });
  await world.rest();
  const [second, first] = await world.store.desired.revisions(KEY);
  if (!first || !second) throw new Error('there are two revisions');
  const wish = await world.store.desired.get(KEY);
  if (!wish) throw new Error('there is a wish');
  world.steps();
  world.engine.registry.clear();
  await world.store.desired.put({
    ...wish,
    after: 0,
    revision: { ...first, rollbackOf: first.number, reason: 'too new' },
  });
  await world.restart();
  await world.rest();
  expect(world.steps()).toEqual(['pull', 'stop', 'remove-members', 'start-members']);
  expect((await members()).map(({ image }) => image)).toContain('id-of-web:1');
  expect(await world.store.desired.revisions(KEY, 1)).toMatchObject([
    { number: 3, rollbackOf: 1, reason: 'too new', settled: 'Running' },
  ]);
});
