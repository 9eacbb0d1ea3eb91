import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Step } from '../../src/engines/index.ts';
import type { Fact } from '../../src/event.ts';
import { Failure } from '../../src/failure.ts';
import { besideKey } from '../../src/network/index.ts';
import { createFeed, createRoutes, type Wish } from '../../src/reconciler/index.ts';
import { eventually } from '../world/bot.ts';
import { type GroupWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const WEB: GroupWords = { containers: { web: {} }, ports: [80] };
const NEW: GroupWords = { containers: { web: { image: 'web:2', memoryInGB: 0.2 } }, ports: [80] };
const CRASHING: GroupWords = { containers: { web: { script: 'echo no database; exit 1' } }, ports: [80] };
const probed = (ready: boolean, image = 'web:2'): GroupWords => ({
  containers: {
    web: { image, readinessProbe: { exec: { command: ['sh', '-c', ready ? 'exit 0' : 'exit 1'] } } },
  },
  ports: [80],
});

let world: ReconciledWorld;

beforeEach(async () => {
  world = await createReconciledWorld();
  await world.wish(WEB);
  await world.rest();
});

afterEach(async () => {
  expect(world.internalErrors).toEqual([]);
  await world.close();
});

/** Revision and state of each sandbox that there is, with its running members. */
async function sandboxes(): Promise<string[]> {
  const pods = (await world.engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY)?.pods ?? [];
  return pods.map(
    ({ revision, state, members }) =>
      `#${revision} ${state} ${members.filter((each) => each.state === 'running').length}`,
  );
}

async function wish() {
  return world.store.desired.get(KEY);
}

/** That one revision serves alone, that the second place is free again, and that the meter of the other has ended. */
async function expectAlone(revision: number, slot: number): Promise<void> {
  expect(await sandboxes()).toEqual([`#${revision} running 1`]);
  expect(await wish()).toMatchObject({ revision: { number: revision }, settled: 'Running', slot });
  expect((await wish())?.beside).toBeUndefined();
  expect(await world.store.slots.take('local', besideKey(KEY), 4096)).toBe(slot === 0 ? 1 : 0);
  await world.store.slots.release(besideKey(KEY));
  expect(await world.store.ledger.openIntervals(KEY)).toHaveLength(1);
  const ended = (await world.store.ledger.intervals({ group: KEY })).filter(
    (each) => each.endedAtMs !== null,
  );
  expect(ended.filter(({ estimated }) => estimated)).toEqual([]); // by the engine's own times
}

/** The book of wishes loses its disk at its next write of a kind: before anything is written, or before that is said. */
function failOnce(write: 'promote' | 'vacate' | 'abandon' | 'note', when: 'before' | 'after'): () => void {
  const { desired } = world.store;
  const own = desired[write] as (...args: readonly unknown[]) => Promise<unknown>;
  const gone = new Failure('engine-unreachable', 'The bot is gone.');
  const broken = async (...args: readonly unknown[]) => {
    Object.assign(desired, { [write]: own });
    if (when === 'after') await own(...args);
    throw gone;
  };
  Object.assign(desired, { [write]: broken });
  return () => void Object.assign(desired, { [write]: own });
}

describe('a revision that is tried beside the one that serves', () => {
  test('takes its place once it has run for a while, and only then the old one is stopped', async () => {
    world.steps();
    await world.tryBeside(NEW);
    await world.rest();
    expect(await sandboxes()).toEqual(['#1 running 1', '#2 running 1']);
    expect(world.steps()).toEqual(['pull', 'create-sandbox', 'start-members']);
    expect(await wish()).toMatchObject({ revision: { number: 1 }, settled: 'Running', slot: 0 });
    const intervals = await world.store.ledger.openIntervals(KEY);
    expect(intervals.map(({ revision, size }) => [revision, size.memoryGbTenths])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    await world.pass(5 * SECOND_MS);
    expect(await wish()).toMatchObject({ revision: { number: 2 }, settled: 'Running', slot: 1 });
    // Whoever was told the old address a moment ago still finds somebody there.
    await world.pass(59 * SECOND_MS);
    expect(await sandboxes()).toEqual(['#1 running 1', '#2 running 1']);
    expect(world.steps()).toEqual([]);
    await world.pass(SECOND_MS);
    expect(world.steps()).toEqual(['stop', 'remove']);
    await expectAlone(2, 1);
    expect(world.events.filter(({ fact }) => fact.kind === 'running').map((each) => each.revision)).toEqual([
      1, 2,
    ]);
    await world.pass(MINUTE_MS);
    expect(world.steps()).toEqual([]);
  });

  test('that says itself when it is ready takes over at that moment, and its health goes with it', async () => {
    await world.tryBeside(probed(true));
    await world.pass(SECOND_MS);
    expect(await wish()).toMatchObject({ revision: { number: 2 }, settled: 'Running' });
    await world.pass(MINUTE_MS);
    await expectAlone(2, 1);
    expect(world.health(KEY)).toMatchObject([{ container: 'web', ready: true }]);
  });

  test('updates again and again, to and fro between the two places', async () => {
    for (const [index, words] of [NEW, WEB, NEW].entries()) {
      await world.tryBeside(words);
      await world.pass(66 * SECOND_MS);
      await expectAlone(index + 2, (index + 1) % 2);
    }
  });

  test('that ends again and again goes, and the old one serves as if nothing had been', async () => {
    const [before] = (await world.engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY)?.pods ?? [];
    await world.tryBeside(CRASHING);
    await world.pass(MINUTE_MS);
    await expectAlone(1, 0);
    const [after] = (await world.engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY)?.pods ?? [];
    expect(after).toEqual(before);
    expect(world.facts('failed')).toMatchObject([{ code: 'exit-code', container: 'web' }]);
    expect((await world.store.desired.revisions(KEY)).map(({ settled }) => settled)).toEqual([
      'Failed',
      'Running',
    ]);
    const [kept] = await world.logs.logs(KEY);
    expect(kept).toMatchObject({ revision: 2, container: 'web' });
    world.steps();
    await world.pass(10 * MINUTE_MS);
    expect(world.steps()).toEqual([]); // the failed wish is not tried for ever
  });

  test('that never is ready is given up after the time it has', async () => {
    await world.tryBeside(probed(false));
    await world.pass(9 * MINUTE_MS);
    expect(await sandboxes()).toEqual(['#1 running 1', '#2 running 1']);
    await world.pass(2 * MINUTE_MS);
    await expectAlone(1, 0);
    expect(world.facts('failed')).toMatchObject([{ code: 'probe-failed', probe: 'readiness' }]);
  });

  test('that cannot begin is given up after a few tries; an engine that is away is waited for', async () => {
    const lever = world.engine.failAlways('start-members', new Failure('engine-unreachable', 'Away.'));
    await world.tryBeside(NEW);
    await world.pass(10 * MINUTE_MS);
    expect(await wish()).toMatchObject({ beside: { revision: { number: 2 }, isTried: true } });
    lever.mend();
    world.engine.failAlways('start-members', new Failure('command-not-found', 'There is no such program.'));
    await world.pass(20 * MINUTE_MS);
    await expectAlone(1, 0);
    expect(world.facts('failed')).toMatchObject([{ code: 'command-not-found' }]);
  });

  test('gets another address where somebody else has its own', async () => {
    const about = { address: '127.21.0.2', port: 80 };
    world.engine.failNext('create-sandbox', new Failure('port-taken', 'It is taken.', { about }));
    await world.tryBeside(NEW);
    await world.pass(2 * MINUTE_MS);
    expect(world.facts('moved')).toMatchObject([{ from: about, to: { address: '127.21.0.3' } }]);
    expect(await wish()).toMatchObject({ revision: { number: 2 }, address: '127.21.0.3', slot: 1 });
    const held = await world.store.addresses.all('local');
    expect(held).toMatchObject([{ key: KEY, address: '127.21.0.3', hostPort: 80 }]);
  });

  test('is not accepted beside a group that goes, nor at a place that has become another one', async () => {
    await world.tryBeside(NEW);
    const { slot } = (await wish())?.beside ?? {};
    await world.store.slots.release(besideKey(KEY));
    await world.store.slots.take('local', besideKey(KEY), 4096, 7);
    const taken = world.store.slots.take;
    Object.assign(world.store.slots, { take: async () => slot });
    await expect(world.tryBeside(WEB)).rejects.toMatchObject({ code: 'place-changed' });
    Object.assign(world.store.slots, { take: taken });
    await world.store.desired.unwish(KEY, 'david');
    await expect(world.tryBeside(WEB)).rejects.toMatchObject({ code: 'place-changed' });
    expect(await world.store.desired.revisions(KEY)).toHaveLength(2);
    await world.rest();
  });

  test('is superseded by the next push, whose images are pulled at once', async () => {
    const hold = world.engine.hold('pull');
    await world.tryBeside({ containers: { web: { image: 'web:3' } }, ports: [80] });
    await hold.begun;
    await world.tryBeside(probed(true));
    await world.rest();
    hold.release();
    await world.pass(2 * MINUTE_MS);
    await expectAlone(3, 1);
    expect(world.facts('failed')).toEqual([]);
  });

  test('is tried in the place of what lingers, when the next push comes within the minute', async () => {
    await world.tryBeside(NEW);
    await world.pass(10 * SECOND_MS);
    await world.tryBeside(WEB);
    await world.pass(6 * SECOND_MS);
    expect(await wish()).toMatchObject({ revision: { number: 3 }, slot: 0 });
    expect(await sandboxes()).toEqual(['#2 running 1', '#3 running 1']);
    await world.pass(MINUTE_MS);
    await expectAlone(3, 0);
  });

  test('is superseded by an update in place, which goes on where the group was', async () => {
    await world.tryBeside(NEW);
    await world.rest();
    await world.wish(probed(true));
    await world.pass(MINUTE_MS);
    expect(await wish()).toMatchObject({ revision: { number: 3 }, settled: 'Running', slot: 0 });
    expect(await sandboxes()).toEqual(['#1 running 1']); // the sandbox was kept, with a new member in it
    expect((await wish())?.beside).toBeUndefined();
  });

  test('goes with a group that is deleted, and leaves nothing behind', async () => {
    await world.tryBeside(NEW);
    await world.rest();
    await world.unwish();
    await world.rest();
    expect(await sandboxes()).toEqual([]);
    expect(await wish()).toBeUndefined();
    expect(await world.store.addresses.all('local')).toEqual([]);
    expect(await world.store.slots.take('local', 'production/other', 4096)).toBe(0);
    expect(await world.store.ledger.openIntervals(KEY)).toEqual([]);
  });

  test('is given up when the group is stopped; a start brings back what served', async () => {
    await world.tryBeside(NEW);
    await world.rest();
    await world.change({ wanted: 'stopped' });
    await world.rest();
    expect(world.facts('failed')).toMatchObject([{ code: 'cancelled' }]);
    expect(await sandboxes()).toEqual(['#1 exited 0']);
    await world.change({ wanted: 'running' });
    await world.rest();
    await expectAlone(1, 0);
  });

  test('does not keep what serves from being mended, nor the other way round', async () => {
    await world.tryBeside(probed(false));
    await world.rest();
    world.engine.exit(KEY, 'web', 1);
    await world.pass(SECOND_MS);
    expect(await sandboxes()).toEqual(['#1 running 1', '#2 running 1']);
    const broken = world.engine.failAlways('create-sandbox', new Failure('image-pruned', 'It is gone.'));
    world.engine.lose(KEY, '');
    await world.pass(SECOND_MS);
    broken.mend();
    await world.pass(MINUTE_MS);
    expect(await sandboxes()).toEqual(['#1 running 1', '#2 running 1']);
  });

  test('that waits for its next try lets what serves be mended at once', async () => {
    const away = world.engine.failAlways('create-sandbox', new Failure('engine-unreachable', 'Away.'));
    await world.tryBeside(NEW);
    await world.pass(10 * MINUTE_MS);
    world.engine.exit(KEY, 'web', 1);
    await world.pass(SECOND_MS);
    expect(await sandboxes()).toEqual(['#1 running 1']);
    away.mend();
    await world.pass(10 * MINUTE_MS);
    await expectAlone(2, 1);
  });

  const STEPS: readonly Step['kind'][] = ['pull', 'create-sandbox', 'start-members', 'stop', 'remove'];
  for (const kind of STEPS) {
    for (const when of ['before', 'after'] as const) {
      test(`comes to the same end when the bot dies ${when} the step ${kind}`, async () => {
        world.engine.failNext(kind, new Failure('engine-unreachable', 'The bot is gone.'), when);
        await world.tryBeside(NEW);
        await world.pass(SECOND_MS);
        await world.restart();
        await world.pass(66 * SECOND_MS);
        await world.restart();
        await world.pass(2 * MINUTE_MS);
        await expectAlone(2, 1);
      });
    }
  }

  const WRITES = ['promote', 'vacate', 'abandon', 'note'] as const;
  for (const write of WRITES) {
    for (const when of ['before', 'after'] as const) {
      test(`comes to the same end when the bot dies ${when} the write ${write}`, async () => {
        const restore = failOnce(write, when);
        await world.tryBeside(write === 'abandon' ? CRASHING : NEW);
        await world.pass(10 * SECOND_MS);
        restore();
        await world.restart();
        await world.pass(2 * MINUTE_MS);
        const [number, slot] = write === 'abandon' ? [1, 0] : [2, 1];
        await expectAlone(number ?? 0, slot ?? 0);
      });
    }
  }

  for (const kind of ['create-sandbox', 'start-members', 'remove'] as const) {
    test(`that is broken leaves the old one serving when the bot dies at the step ${kind}`, async () => {
      world.engine.failNext(kind, new Failure('engine-unreachable', 'The bot is gone.'), 'after');
      await world.tryBeside(CRASHING);
      await world.rest();
      await world.restart();
      await world.pass(MINUTE_MS);
      await expectAlone(1, 0);
    });
  }
});

describe('names', () => {
  const told: string[] = [];
  let away = false;
  const names = {
    publish: async ({ address }: Wish) => {
      if (away) throw new Failure('dns-unreachable', 'The name server does not answer.');
      if (told.at(-1) !== address) told.push(address);
    },
    withdraw: async () => {},
  };

  beforeEach(async () => {
    await world.close();
    [away, told.length] = [false, 0];
    world = await createReconciledWorld('mend', { names });
    await world.wish(WEB);
    await world.rest();
  });

  test('lead to the new revision once it is healthy, while the old one is still there, and never to a broken one', async () => {
    await world.tryBeside(CRASHING);
    await world.pass(MINUTE_MS);
    expect(told).toEqual(['127.21.0.1']);
    await world.tryBeside(NEW);
    await world.pass(6 * SECOND_MS);
    expect(told).toEqual(['127.21.0.1', '127.21.0.2']);
    expect(await sandboxes()).toEqual(['#1 running 1', '#3 running 1']);
  });

  test('that cannot be told are waited for: until then the old revision serves', async () => {
    await world.tryBeside(NEW);
    await world.rest();
    away = true;
    await world.pass(10 * MINUTE_MS);
    expect(await wish()).toMatchObject({ revision: { number: 1 }, beside: { isTried: true } });
    away = false;
    await world.pass(10 * MINUTE_MS);
    await expectAlone(2, 1);
    expect(told).toEqual(['127.21.0.1', '127.21.0.2']);
  });
});

test('a route leads where the wish is, whatever is told of the revision that is tried', async () => {
  const feed = createFeed(world.store.events, world.clock, () => {});
  const named = { ...WEB, dnsNameLabel: 'hello' };
  await world.wish(named);
  await world.rest();
  const routes = createRoutes(
    world.store.desired,
    feed,
    () => [],
    world.clock,
    () => true,
  );
  await routes.load();
  const before = routes.resolve('hello.test');
  expect(before).toMatchObject({ address: '127.21.0.1', ready: true });
  await world.tryBeside({ ...named, containers: { web: { image: 'web:2' } } });
  const facts: Fact[] = [
    { kind: 'accepted', by: 'david', commit: '', change: 'restart', beside: true },
    { kind: 'sandbox-started', sandboxId: 'sandbox-2' },
    { kind: 'member-started', container: 'web', restartCount: 0 },
    { kind: 'failed', code: 'exit-code', message: '', advice: '' },
  ];
  for (const fact of facts) feed.tell(KEY, 3, fact);
  await feed.written();
  expect(routes.resolve('hello.test')).toEqual(before);
  await world.pass(6 * SECOND_MS);
  feed.tell(KEY, 3, { kind: 'running', containers: 1, tookMs: 0 });
  await eventually(async () =>
    expect(routes.resolve('hello.test')).toMatchObject({ address: '127.21.0.2', up: true }),
  );
  routes.close();
});
