/** Sandboxes that wait: which step comes next, and a pool that is kept over an engine in memory with a clock that the test moves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  classText,
  type ObservedStandby,
  type SizeClass,
  type StandbyWish,
  standbyKey,
  unfitFor,
} from '../../src/engines/index.ts';
import { Failure } from '../../src/failure.ts';
import { closedAfter, pricesFrom } from '../../src/metering/index.ts';
import { poolsFrom, subnetOf } from '../../src/network/index.ts';
import { createFeed, createStandby, type StandbyPools } from '../../src/reconciler/index.ts';
import { nextStandbyStep, type StandbySight } from '../../src/reconciler/standby-step.ts';
import type { Vault } from '../../src/secrets/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';
import { type GroupWords, groupFrom, KEY, podFor, wishFor } from './groups.ts';

const SIZE: SizeClass = { vcpuMilli: 1000, memoryGbTenths: 15, ports: [80] };
const OTHER: SizeClass = { vcpuMilli: 2000, memoryGbTenths: 40, ports: [] };
const GB = 2 ** 30;

function waits(id: string, more: Partial<ObservedStandby> = {}): ObservedStandby {
  return {
    id,
    sandboxId: `sandbox-${id}`,
    size: classText(SIZE),
    subnet: `net-${id}`,
    published: [],
    state: 'running',
    ready: true,
    createdAtMs: 0,
    ...more,
  };
}

const sight = (more: Partial<StandbySight>): StandbySight => ({
  wanted: [{ size: SIZE, count: 2 }],
  seen: [],
  placed: new Set((more.seen ?? []).map(({ id }) => id)),
  taken: new Set(),
  freeBytes: 16 * GB,
  overheadBytes: 0,
  groupWaits: false,
  ...more,
});

test('of intervals that are closed only those are known whose sandboxes are still there', () => {
  const close = { kind: 'close', id: 'sandbox-b standby', endedAtMs: 1, estimated: false } as const;
  const known = closedAfter(
    new Set(['sandbox-a standby', 'sandbox-gone standby']),
    [close],
    [waits('a'), waits('b')],
  );
  expect([...known]).toEqual(['sandbox-a standby', 'sandbox-b standby']);
});

describe('the next step', () => {
  type Verdict = ReturnType<typeof nextStandbyStep>;
  const make: Verdict = { step: { kind: 'make', size: SIZE }, why: '' };
  const discard = (id: string): Verdict => ({ step: { kind: 'discard', id }, why: '' });
  const two = [waits('a'), waits('b')];
  const adopted = waits('c', { adopted: { key: KEY, atMs: 1 } });
  test.each<[string, Partial<StandbySight>, Verdict]>([
    ['one is made where one is missing', { seen: [waits('a')] }, make],
    ['nothing where as many wait as are wanted', { seen: two }, { why: '' }],
    [
      'one that a group has taken over waits no more',
      { seen: [waits('a'), adopted], placed: new Set(['a']) },
      make,
    ],
    ['what is more than wanted goes', { seen: [...two, waits('c')] }, discard('c')],
    [
      'a class that is no longer wanted goes',
      { seen: [waits('a', { size: classText(OTHER) })] },
      discard('a'),
    ],
    ['all of them where none is wanted', { seen: [waits('a')], wanted: [] }, discard('a')],
    ['one that has ended goes', { seen: [waits('a', { state: 'exited', ready: false })] }, discard('a')],
    ['one without a place goes', { seen: [waits('a')], placed: new Set() }, discard('a')],
    [
      'one whose network is a group’s is left to it',
      { seen: [waits('a')], placed: new Set(), taken: new Set(['net-a']) },
      make,
    ],
    [
      'a network that is left of one keeps its group from making another, and goes',
      { seen: [waits('a', { state: 'absent' })], placed: new Set(), taken: new Set(['net-a']) },
      discard('a'),
    ],
    [
      'a place without a sandbox is given back',
      { placed: new Set(['a']) },
      { step: { kind: 'release', id: 'a' }, why: '' },
    ],
    [
      'one that was not looked at yet is looked at',
      { seen: [waits('a', { ready: false })] },
      { step: { kind: 'prepare', found: waits('a', { ready: false }) }, why: '' },
    ],
    ['none is made while a group waits for room', { groupWaits: true }, { why: 'a group waits for room' }],
    ['none is made without memory', { freeBytes: GB }, { why: 'no memory is left' }],
    [
      'what a machine takes besides counts',
      { freeBytes: 1.6 * GB, overheadBytes: 0.2 * GB },
      { why: 'no memory is left' },
    ],
    ['memory that a group was promised is given back', { seen: two, freeBytes: 2 * GB }, discard('b')],
  ])('%s', (_, more, step) => expect(nextStandbyStep(sight(more))).toEqual(step));
});

describe('which group takes one over', () => {
  const web = { image: 'web:1', cpu: 0.5, memoryInGB: 1 };
  const unfit = (words: Partial<GroupWords>, exact = false) =>
    unfitFor(groupFrom({ containers: { web }, ports: [80], ...words }), SIZE, { exact });
  test.each<[string, Partial<GroupWords>, boolean, string | undefined]>([
    ['a smaller one', {}, false, undefined],
    [
      'in a virtual machine none but one of its size',
      {},
      true,
      'it is of another size than the virtual machine',
    ],
    ['one of its size', { containers: { web: { ...web, cpu: 1, memoryInGB: 1.5 } } }, true, undefined],
    ['none that is larger', { containers: { web: { ...web, cpu: 2 } } }, false, 'it is larger'],
    ['none of other ports', { ports: [8080] }, false, 'it publishes other ports'],
    ['none of more ports', { ports: [80, 443] }, false, 'it publishes other ports'],
    [
      'none with volumes',
      { volumes: [{ name: 'space', emptyDir: {} }] },
      false,
      'its sandbox has to hold volumes or secrets',
    ],
    [
      'none with secrets',
      { containers: { web: { ...web, secureEnvironment: { TOKEN: 'x' } } } },
      false,
      'its sandbox has to hold volumes or secrets',
    ],
  ])('%s', (_, words, exact, why) => expect(unfit(words, exact)).toBe(why));
});

describe('a pool', () => {
  const POOLS = poolsFrom({ addresses: '127.21.0.0/24', networks: '198.19.0.0/24', ports: '20000-29999' });
  let folder: string;
  let store: Store;
  let vault: Vault;
  let clock: ManualClock;
  let engine: MemoryEngine;
  let wanted: StandbyWish[];
  let pools: StandbyPools;
  let internal: unknown[];

  const open = () => openSqliteStore(join(folder, 'books'), vault);
  const begin = () => {
    const feed = createFeed(store.events, clock, () => {});
    const made = createStandby({
      ...store,
      hosts: { local: { location: 'local', engine, pools: POOLS } },
      wanted: () => wanted,
      pricing: () => pricesFrom({}),
      feed,
      clock,
      reportInternal: (error) => internal.push(error),
    });
    made.start();
    return made;
  };
  const list = () => engine.standby.list(AbortSignal.timeout(1_000));
  const pass = async (durationMs: number) => {
    clock.advance(durationMs);
    await pools.idle();
  };
  const places = async () => (await store.slots.all('local')).map(({ key }) => key);
  /** What a group does that comes to the first one that waits. */
  const takeOver = async () => {
    const [first] = pools.of('local').waiting;
    if (!first) throw new Error('none waits');
    expect(await store.places.handOver(standbyKey(first.id), KEY)).toBe(true);
    const web = { image: 'web:1', cpu: 1, memoryInGB: 1.5 };
    const pod = podFor(wishFor({ containers: { web }, ports: [80] }, { ...first }));
    await engine.apply(
      { kind: 'create-sandbox', pod },
      { signal: AbortSignal.timeout(1_000), report: async () => {} },
    );
    return first;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'katabot-standby-'));
    vault = await openTestVault(folder);
    store = await open();
    clock = createManualClock();
    engine = createMemoryEngine(clock);
    wanted = [{ size: SIZE, count: 2 }];
    internal = [];
    pools = begin();
    await pools.idle();
  });

  afterEach(async () => {
    await pools.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
    expect(internal).toEqual([]);
  });

  test('has as many as are wanted, each with a network and an address of its own, and keeps them', async () => {
    const before = await list();
    expect(before.map(({ subnet }) => subnet)).toEqual([subnetOf(POOLS, 0), subnetOf(POOLS, 1)]);
    expect(new Set(before.map(({ published }) => published[0]?.address)).size).toBe(2);
    expect((await store.addresses.all('local')).map(({ port }) => port)).toEqual([80, 80]);
    await pass(60_000);
    await pools.close();
    await store.close();
    store = await open(); // the bot died, and another one begins
    pools = begin();
    await pools.idle();
    expect(await list()).toEqual(before);
    expect(pools.of('local')).toMatchObject({ waiting: [{}, {}], why: '' });
  });

  test('gives one to a group, makes another, and ends the bill of the first when that of the group begins', async () => {
    await pass(10_000);
    const taken = await takeOver();
    pools.wake('local');
    await pass(2_000);
    const all = await list();
    expect(all.map(({ adopted }) => adopted?.key)).toEqual([KEY, undefined, undefined]);
    const seen = (await engine.observe(AbortSignal.timeout(1_000), KEY)).get(KEY)?.pods[0];
    expect(seen).toMatchObject({ sandboxId: taken.sandboxId, meteredFromMs: all[0]?.adopted?.atMs });
    const bill = await store.ledger.intervals({ group: standbyKey('local') });
    expect(bill).toMatchObject([
      { podId: taken.sandboxId, endedAtMs: seen?.meteredFromMs, estimated: false, size: { vcpuMilli: 1000 } },
      { endedAtMs: null },
      { endedAtMs: null },
    ]);
    expect(pools.of('local').waiting.map(({ id }) => id)).not.toContain(taken.id);
  });

  test('a place is handed over once, and to nobody who has one', async () => {
    const [first, second] = await list();
    expect(await store.places.handOver(standbyKey(first?.id ?? ''), KEY)).toBe(true);
    expect(await store.places.handOver(standbyKey(first?.id ?? ''), 'production/other')).toBe(false);
    expect(await store.places.handOver(standbyKey(second?.id ?? ''), KEY)).toBe(false);
    await pass(60_000);
    expect((await list()).map(({ id }) => id)).toContain(first?.id); // its group is still to come
  });

  test('is tried again, later and later, and says why it is not full', async () => {
    wanted = [{ size: SIZE, count: 3 }];
    const about = { address: '127.21.0.3', port: 80 };
    engine.standby.failNext(new Failure('port-taken', 'The engine refused.', { advice: '', about }));
    pools.wake('local');
    await pass(2_000);
    expect(pools.of('local').why).toBe('The engine refused.');
    expect(await places()).toHaveLength(3); // it died, as it were, between book and engine
    await pass(5_000);
    expect(await list()).toHaveLength(3);
    expect(await places()).toHaveLength(3);
    // Somebody else listens at the address that was refused.
    expect((await list()).map(({ published }) => published[0]?.address)).not.toContain(about.address);
  });

  test('what the settings ask for no more ends and goes, with the end that the engine shows', async () => {
    wanted = [];
    await pass(60_000);
    expect(await list()).toEqual([]);
    expect(await places()).toEqual([]);
    const bill = await store.ledger.intervals({ group: standbyKey('local') });
    expect(bill.map(({ endedAtMs, estimated }) => ({ endedAtMs, estimated }))).toEqual(
      Array(2).fill({ endedAtMs: clock.now(), estimated: false }),
    );
  });

  test('a drained host has none; a lost store begins anew', async () => {
    await store.drains.drain('local', 'ann', 0);
    pools.wake('local');
    await pass(2_000);
    expect(await list()).toEqual([]);
    await store.drains.undrain('local');
    await pass(60_000);
    const before = (await list()).map(({ id }) => id);
    for (const key of await places()) await store.slots.release(key);
    await pass(60_000);
    const after = (await list()).map(({ id }) => id);
    expect(after).toHaveLength(2);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  test('one that ends by itself is made anew', async () => {
    const [first] = await list();
    engine.standby.exit(first?.id ?? '');
    await pass(60_000);
    const after = await list();
    expect(after).toHaveLength(2);
    expect(after.map(({ id }) => id)).not.toContain(first?.id);
  });
});
