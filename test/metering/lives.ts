/** Intervals and sandboxes by hand, and books that keep what the store keeps: an id is opened once, closed stays closed. */
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

export function pod(id: string, createdAtMs: number, more: Partial<ObservedPod> = {}): ObservedPod {
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

export function ended(id: string, createdAtMs: number, finishedAtMs: number): ObservedPod {
  return pod(id, createdAtMs, { state: 'exited', finishedAtMs });
}

export function seen(...pods: ObservedPod[]): ObservedGroup {
  return { key: facts.group, pods };
}

export function interval(id: string, startedAtMs: number, more: Partial<Interval> = {}): Interval {
  return { ...facts, id, podId: id, startedAtMs, endedAtMs: null, estimated: false, ...more };
}

export function pulls(startedAtMs: number, more: Partial<Interval> = {}): Interval {
  return interval('pulls', startedAtMs, { podId: null, ...more });
}

export interface Look {
  readonly observed?: ObservedGroup | undefined;
  readonly nowMs: number;
  readonly wanted?: boolean;
  readonly revision?: number;
}

/** What `settle` asks for, with the context that the reconciler gives it. */
export function changesFor(
  book: readonly Interval[],
  { observed, nowMs, wanted = true, revision = 1 }: Look,
): LedgerChange[] {
  const settled = new Set(
    book.flatMap(({ podId, endedAtMs }) => (podId !== null && endedAtMs !== null ? [podId] : [])),
  );
  const open = book.filter(({ endedAtMs }) => endedAtMs === null);
  return settle(open, observed, { ...facts, revision, nowMs, wanted, settled });
}

export function written(book: readonly Interval[], changes: readonly LedgerChange[]): Interval[] {
  return changes.reduce(writtenOne, [...book]);
}

function writtenOne(book: Interval[], change: LedgerChange): Interval[] {
  switch (change.kind) {
    case 'open':
      return book.some(({ id }) => id === change.interval.id) ? book : [...book, change.interval];
    case 'attach':
      return book.map((each) =>
        each.id === change.id && each.podId === null ? { ...each, podId: change.podId } : each,
      );
    case 'close':
      return book.map((each) =>
        each.id === change.id && each.endedAtMs === null
          ? { ...each, endedAtMs: change.endedAtMs, estimated: change.estimated }
          : each,
      );
  }
}

export function bookAfter(book: readonly Interval[], look: Look): Interval[] {
  return written(book, changesFor(book, look));
}
