/** How containers are asked, and what follows from their answers: pure, and over an engine in memory whose clock is moved. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { answerOf, firstDelayMs, firstVerdict, judge, planOf } from '../../src/reconciler/health.ts';
import { createFeed, createRoutes } from '../../src/reconciler/index.ts';
import { KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const PLAIN = { httpGet: { port: 80, httpHeaders: [] } };
const HTTP = { httpGet: { path: '/healthz', port: 80 } };

describe('a probe', () => {
  test('has the defaults of Kubernetes', () => {
    expect(planOf(PLAIN)).toEqual({
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 1_000,
      failureThreshold: 3,
      successThreshold: 1,
    });
  });

  test.each([
    ['a live container takes two failures', true, 'no no', true],
    ['the third in a row is the end of it', true, 'no no no', false],
    ['a success in between counts them anew', true, 'no no yes no no', true],
    ['one that is not ready needs as many successes as written', false, 'yes', false],
    ['and has them then', false, 'yes yes', true],
    ['in a row', false, 'yes no yes', false],
  ])('%s', (_, passing, answers, then) => {
    const plan = { ...planOf(PLAIN), successThreshold: 2 };
    const verdict = answers
      .split(' ')
      .reduce(
        (before, answer) =>
          judge(before, answer === 'yes' ? { ok: true } : { ok: false, text: 'HTTP 500' }, plan),
        firstVerdict(passing),
      );
    expect(verdict.passing).toBe(then);
  });

  test.each([
    ['succeeds with exit code 0', { exitCode: 0, lastLine: 'fine' }, { ok: true }],
    [
      'fails with another, and its last words',
      { exitCode: 3, lastLine: 'no' },
      { ok: false, text: 'exit code 3: no' },
    ],
    ['fails when it is late', 'late', { ok: false, text: 'no answer within 2 s' }],
    ['says nothing when the host has not begun it', 'not begun', undefined],
  ] as const)('that is a program %s', (_, asking, answer) => {
    expect(answerOf(asking, 2_000)).toEqual(answer);
  });

  test('waits its initial delay from the start on, and never longer, whatever the clock of the host says', () => {
    const plan = planOf({ ...PLAIN, initialDelaySeconds: 30 });
    expect(firstDelayMs(plan, 100_000, 110_000)).toBe(20_000);
    expect(firstDelayMs(plan, 100_000, 500_000)).toBe(0);
    expect(firstDelayMs(plan, 900_000, 110_000)).toBe(30_000);
  });
});

describe('a group with probes', () => {
  let world: ReconciledWorld;

  beforeEach(async () => {
    world = await createReconciledWorld();
  });

  afterEach(() => world.close());

  const readiness = { containers: { web: { readinessProbe: { ...HTTP, periodSeconds: 2 } } }, ports: [80] };
  const liveness = { containers: { web: { livenessProbe: { ...HTTP, periodSeconds: 5 } }, worker: {} } };
  const settled = async () => (await world.store.desired.get(KEY))?.settled ?? null;

  test('is said to run when it is ready, and not before', async () => {
    world.engine.answer(KEY, 80, 503);
    await world.wish(readiness);
    await world.pass(5_000);
    expect([world.facts('running'), await settled()]).toEqual([[], null]);
    expect(world.facts('unhealthy')).toEqual([
      { kind: 'unhealthy', container: 'web', probe: 'readiness', answer: 'HTTP 503 from 80/healthz' },
    ]);
    world.engine.answer(KEY, 80, 200);
    await world.pass(2_000);
    expect([world.facts('ready').length, world.facts('running').length, await settled()]).toEqual([
      1,
      1,
      'Running',
    ]);
  });

  test('that is not ready in time is probe-failed, once, and may still come up', async () => {
    await world.wish(readiness);
    await world.pass(700_000);
    expect(world.facts('failed')).toMatchObject([
      { code: 'probe-failed', container: 'web', probe: 'readiness' },
    ]);
    expect(world.facts('failed')[0]?.message).toBe(
      'web was not ready within 600 s of its start: its readiness probe says: port 80: connection refused.',
    );
    world.engine.answer(KEY, 80, 204);
    await world.pass(2_000);
    expect(await settled()).toBe('Running');
  });

  test('runs on when it is no longer ready, without traffic until it is again', async () => {
    world.engine.answer(KEY, 80, 200);
    await world.wish(readiness);
    await world.pass(1_000);
    const feed = createFeed(world.store.events, world.clock, () => {});
    const fqdn = 'hello.local.localhost';
    const desired = {
      ...world.store.desired,
      list: async () => (await world.store.desired.list()).map((wish) => ({ ...wish, fqdn })),
    };
    const routes = createRoutes(desired, feed, world.health, world.clock, () => false);
    await routes.load();
    const isReady = () => routes.resolve(fqdn)?.ready;
    expect(isReady()).toBe(true);
    world.engine.answer(KEY, 80, 500);
    await world.pass(6_000);
    expect([isReady(), world.facts('killing'), await settled()]).toEqual([false, [], 'Running']);
    world.engine.answer(KEY, 80, 302);
    await world.pass(2_000);
    expect(isReady()).toBe(true);
    routes.close();
  });

  test('has a container that fails its liveness probe ended and started again, and the other left alone', async () => {
    world.engine.answer(KEY, 80, 200);
    await world.wish(liveness);
    await world.pass(20_000);
    world.steps();
    world.engine.answer(KEY, 80, 500);
    await world.pass(15_000);
    expect(world.steps()).toEqual(['stop', 'start-members']);
    const reason = 'liveness probe failed: HTTP 500 from 80/healthz';
    expect(world.facts('killing')).toMatchObject([{ container: 'web', reason }]);
    expect(world.facts('member-exited')).toMatchObject([{ container: 'web', reason }]);
    expect(await world.store.runs.runs(KEY)).toMatchObject([{ container: 'web', unhealthy: reason }]);
  });

  test('has growing delays between such starts', async () => {
    await world.wish(liveness);
    await world.pass(60_000);
    const starts = world.events.filter(
      ({ fact }) => fact.kind === 'member-started' && fact.container === 'web',
    );
    const gaps = starts.map(({ atMs }, index) => atMs - (starts[index - 1]?.atMs ?? atMs)).slice(1);
    expect(gaps.slice(0, 3)).toEqual([10_000, 20_000, 30_000]); // 10 s of failing, then 0, 10 and 20 s of waiting
  });

  test('is not started again by a liveness probe under the policy Never, and has failed', async () => {
    await world.wish({ ...liveness, restartPolicy: 'Never', containers: { web: liveness.containers.web } });
    await world.pass(60_000);
    expect(world.facts('finished')).toEqual([{ kind: 'finished', outcome: 'Failed' }]);
    expect(world.facts('member-started')).toHaveLength(1);
  });

  test('that the bot finds running goes on serving until a probe says otherwise', async () => {
    world.engine.answer(KEY, 80, 200);
    await world.wish(readiness);
    await world.pass(1_000);
    await world.restart();
    await world.rest();
    expect(world.health(KEY)).toMatchObject([{ container: 'web', ready: true }]);
    world.engine.answer(KEY, 80, undefined);
    await world.pass(8_000);
    expect(world.health(KEY)).toMatchObject([{ ready: false, text: 'port 80: connection refused' }]);
  });

  test('is not blamed while the engine is away', async () => {
    world.engine.answer(KEY, 80, 200);
    await world.wish(liveness);
    await world.pass(1_000);
    world.engine.reachable = false;
    await world.pass(120_000);
    world.engine.reachable = true;
    await world.pass(30_000);
    expect(world.facts('killing')).toEqual([]);
  });

  test('asks nobody any more once it is stopped', async () => {
    world.engine.answer(KEY, 80, 200);
    await world.wish(liveness);
    await world.pass(1_000);
    await world.change({ wanted: 'stopped' });
    await world.rest();
    expect(world.health(KEY)).toEqual([]);
    expect(world.clock.nextAtMs()).toBeGreaterThan(world.clock.now() + 10_000); // only the engine's looks are left
  });

  test('by a program is judged by its exit code', async () => {
    const exec = { command: ['sh', '-c', 'echo no database; exit 3'] };
    await world.wish({ containers: { web: { readinessProbe: { exec, failureThreshold: 1 } } } });
    await world.pass(100);
    expect(world.facts('unhealthy')).toMatchObject([{ answer: 'exit code 3: no database' }]);
  });

  /** As the world's `pass`, also while something is being asked that has no end yet. */
  async function passSeconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      world.clock.advance(1_000);
      await turn();
    }
  }

  test('is not blamed while its host does not begin the programs that ask it', async () => {
    const exec = { command: ['sh', '-c', 'exit 0'] };
    await world.wish({
      containers: { web: { livenessProbe: { exec, initialDelaySeconds: 10, periodSeconds: 1 } } },
    });
    await world.pass(5_000);
    const busy = world.engine.holdPrograms();
    await passSeconds(120);
    busy.release();
    await world.pass(5_000);
    expect([world.facts('unhealthy'), world.facts('killing')]).toEqual([[], []]);
  });

  test('has the whole time of its probe from when the program has begun', async () => {
    const exec = { command: ['cat'] };
    const asked = { exec, initialDelaySeconds: 10, failureThreshold: 1, timeoutSeconds: 5 };
    await world.wish({ containers: { web: { readinessProbe: asked } } });
    await world.pass(5_000);
    const busy = world.engine.holdPrograms();
    await passSeconds(25);
    busy.release();
    await turn();
    await passSeconds(4);
    expect(world.facts('unhealthy')).toEqual([]);
    await passSeconds(1);
    await world.rest();
    expect(world.facts('unhealthy')).toMatchObject([{ answer: 'no answer within 5 s' }]);
  });
});
