import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ObservedGroup, ObservedPod } from '../../src/engines/index.ts';
import { type Interval, type LedgerChange, pricesFrom, settle } from '../../src/metering/index.ts';

const facts = {
  group: 'production/shop' as const,
  revision: 1,
  size: { vcpuMilli: 500, memoryGbTenths: 3, gpuCount: 0, gpuSku: '', windows: false },
  prices: pricesFrom({}),
  location: 'local',
  repository: 'shop',
  caller: 'ann',
};

function pod(id: string, createdAtMs: number, more: Partial<ObservedPod> = {}): ObservedPod {
  return {
    id: `pod-${id}`,
    revision: 1,
    fingerprint: 'f',
    state: 'running',
    sandboxId: id,
    address: '',
    createdAtMs,
    members: [],
    ...more,
  };
}

const seen = (...pods: ObservedPod[]): ObservedGroup => ({ key: 'production/shop', pods });

/** Books as the store keeps them: closed stays closed, an id is opened once. */
function written(book: readonly Interval[], changes: readonly LedgerChange[]): Interval[] {
  let next = [...book];
  for (const change of changes) {
    if (change.kind === 'open' && !next.some(({ id }) => id === change.interval.id))
      next.push(change.interval);
    if (change.kind === 'attach')
      next = next.map((each) => (each.id === change.id ? { ...each, podId: change.podId } : each));
    if (change.kind === 'close') {
      next = next.map((each) =>
        each.id === change.id && each.endedAtMs === null
          ? { ...each, endedAtMs: change.endedAtMs, estimated: change.estimated }
          : each,
      );
    }
  }
  return next;
}

function changesFor(
  book: readonly Interval[],
  group: ObservedGroup | undefined,
  nowMs: number,
  wanted = true,
): LedgerChange[] {
  const open = book.filter(({ endedAtMs }) => endedAtMs === null);
  const settled = new Set(
    book.flatMap(({ podId, endedAtMs }) => (podId !== null && endedAtMs !== null ? [podId] : [])),
  );
  return settle(open, group, { ...facts, nowMs, wanted, settled });
}

const pulling: Interval = {
  ...facts,
  id: 'pull',
  podId: null,
  startedAtMs: 500,
  endedAtMs: null,
  estimated: false,
};

describe('the meter', () => {
  test('begins when the sandbox was made, in the engine’s own time', () => {
    expect(written([], changesFor([], seen(pod('a', 1_000)), 9_000))).toMatchObject([
      { podId: 'a', startedAtMs: 1_000, endedAtMs: null },
    ]);
  });

  test('begins with the first pull when there was one, also for a bot that has lost its books', () => {
    expect(written([pulling], changesFor([pulling], seen(pod('a', 1_000)), 9_000))).toMatchObject([
      { id: 'pull', podId: 'a', startedAtMs: 500 },
    ]);
    expect(written([], changesFor([], seen(pod('a', 1_000, { meteredFromMs: 500 })), 9_000))).toMatchObject([
      { startedAtMs: 500 },
    ]);
  });

  test('ends when the sandbox ended, however late the bot looks', () => {
    const book = written([], changesFor([], seen(pod('a', 1_000)), 1_100));
    expect(
      written(
        book,
        changesFor(book, seen(pod('a', 1_000, { state: 'exited', finishedAtMs: 4_321 })), 99_000),
      ),
    ).toMatchObject([{ endedAtMs: 4_321, estimated: false }]);
  });

  test('bills a life that the bot has slept through', () => {
    const gone = pod('a', 1_000, { state: 'exited', finishedAtMs: 4_321 });
    expect(written([], changesFor([], seen(gone), 99_000))).toMatchObject([
      { startedAtMs: 1_000, endedAtMs: 4_321 },
    ]);
  });

  test('estimates the end of a sandbox that vanished, and says so', () => {
    const book = written([], changesFor([], seen(pod('a', 1_000)), 1_100));
    expect(written(book, changesFor(book, undefined, 5_000))).toMatchObject([
      { endedAtMs: 5_000, estimated: true },
    ]);
  });

  test('ends for a pull that nobody waits for any more, and goes on for one that somebody does', () => {
    expect(changesFor([pulling], undefined, 9_000, false)).toMatchObject([
      { kind: 'close', id: 'pull', endedAtMs: 9_000 },
    ]);
    expect(changesFor([pulling], undefined, 9_000, true)).toEqual([]);
  });
});

describe('whatever is seen, and whenever the bot dies', () => {
  const pods = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
    .chain((ids) =>
      fc.tuple(
        ...ids.map((id) =>
          fc.record({
            id: fc.constant(id),
            createdAtMs: fc.nat(100),
            life: fc.option(fc.nat(100), { nil: undefined }),
          }),
        ),
      ),
    )
    .map((list) =>
      list.map(({ id, createdAtMs, life }) =>
        pod(id, createdAtMs, life === undefined ? {} : { state: 'exited', finishedAtMs: createdAtMs + life }),
      ),
    );
  const views = fc.array(fc.record({ pods, wanted: fc.boolean() }), { minLength: 1, maxLength: 6 });

  test('settling twice changes nothing, and a death between two changes loses nothing', () => {
    fc.assert(
      fc.property(views, fc.boolean(), fc.nat(3), (looks, pulled, killedAfter) => {
        let book: Interval[] = pulled ? [pulling] : [];
        for (const [index, { pods: list, wanted }] of looks.entries()) {
          const view = list.length ? seen(...list) : undefined;
          const nowMs = 1_000 + index;
          const changes = changesFor(book, view, nowMs, wanted);
          const half = written(book, changes.slice(0, killedAfter));
          const whole = written(book, changes);
          const resumed = written(half, changesFor(half, view, nowMs, wanted));
          const order = (a: Interval, b: Interval) => a.id.localeCompare(b.id);
          expect(resumed.toSorted(order)).toEqual(whole.toSorted(order));
          expect(changesFor(whole, view, nowMs, wanted)).toEqual([]);
          const attached = whole.flatMap(({ podId }) => (podId === null ? [] : [podId]));
          expect(new Set(attached).size).toBe(attached.length);
          for (const { startedAtMs, endedAtMs } of whole)
            expect(endedAtMs ?? startedAtMs).toBeGreaterThanOrEqual(startedAtMs);
          book = whole;
        }
      }),
      { numRuns: 500 },
    );
  });
});
