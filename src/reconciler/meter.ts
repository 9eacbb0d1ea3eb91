import type { Clock } from '../clock.ts';
import type { ObservedGroup } from '../engines/index.ts';
import {
  type Interval,
  type Ledger,
  type LedgerChange,
  type Prices,
  settle,
  sizeOf,
} from '../metering/index.ts';
import { triedOf, type Wish } from './wish.ts';

/** What a location costs, by its name. */
export type Pricing = (location: string) => Prices;

export interface Meter {
  /** Brings the ledger to what was seen. Gives when the pod that is still to come began to cost, if it has. */
  settle(wish: Wish, observed: ObservedGroup | undefined): Promise<number | undefined>;
  /** A group that has no pod yet costs from its first pull on. */
  pullBegins(wish: Wish): Promise<void>;
  /** The pull was given up before there was a pod. */
  pullEnds(wish: Wish): Promise<void>;
}

/** Writes into the ledger what the pure `settle` says; holds nothing itself. */
export function createMeter({
  ledger,
  pricing,
  clock,
}: {
  ledger: Ledger;
  pricing: Pricing;
  clock: Clock;
}): Meter {
  const contextOf = (wish: Wish) => ({
    group: wish.key,
    revision: wish.revision.number,
    size: sizeOf(wish.revision.group),
    prices: pricing(wish.location),
    location: wish.location,
    repository: wish.repository,
    caller: wish.revision.acceptedBy,
    nowMs: clock.now(),
    wanted: wish.wanted === 'running',
  });
  const pulling = (open: readonly Interval[]) => open.find((interval) => interval.podId === null);
  return {
    async settle(wish, observed) {
      const all = await ledger.intervals({ group: wish.key });
      const open = all.filter((interval) => interval.endedAtMs === null);
      const settled = new Set(
        all.flatMap(({ podId, endedAtMs }) => (podId !== null && endedAtMs !== null ? [podId] : [])),
      );
      const next = triedOf(wish)?.revision;
      const tried = next && { revision: next.number, size: sizeOf(next.group), caller: next.acceptedBy };
      await write(ledger, settle(open, observed, { ...contextOf(wish), settled, tried }));
      return pulling(open)?.startedAtMs;
    },
    async pullBegins(wish) {
      if (pulling(await ledger.openIntervals(wish.key))) return;
      const { nowMs, wanted: _, ...rest } = contextOf(wish);
      const id = `${wish.key} r${wish.revision.number} pull ${nowMs}`;
      await ledger.open({ id, podId: null, startedAtMs: nowMs, endedAtMs: null, estimated: false, ...rest });
    },
    async pullEnds(wish) {
      const interval = pulling(await ledger.openIntervals(wish.key));
      if (interval) await ledger.close(interval.id, clock.now(), false);
    },
  };
}

/** Brings the changes into the book; writing them again changes nothing. */
export async function write(ledger: Ledger, changes: readonly LedgerChange[]): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'open') await ledger.open(change.interval);
    else if (change.kind === 'attach') await ledger.attach(change.id, change.podId);
    else await ledger.close(change.id, change.endedAtMs, change.estimated);
  }
}
