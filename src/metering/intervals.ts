import type { ObservedGroup, ObservedPod } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Prices, Size } from './prices.ts';

/** A metered span of time: one sandbox's life, from the first pull for it (or its making) to its end, in the engine's times. */
export interface Interval {
  readonly id: string;
  readonly group: GroupKey;
  readonly revision: number;
  /** The sandbox; null while there are only pulls. */
  readonly podId: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** The end was not seen: the sandbox had vanished when the bot looked. */
  readonly estimated: boolean;
  readonly size: Size;
  /** As they were when it began: a later change of prices does not rewrite the past. */
  readonly prices: Prices;
  readonly location: string;
  readonly repository: string;
  readonly caller: string;
}

/** The book of intervals. Every method may be repeated, and has written to disk when it resolves. */
export interface Ledger {
  openIntervals(group: GroupKey): Promise<Interval[]>;
  /** Oldest first. */
  intervals(filter: { group?: GroupKey; sinceMs?: number }): Promise<Interval[]>;
  /** Does nothing when the id is known. */
  open(interval: Interval): Promise<void>;
  /** The sandbox that an interval of pulls was for. */
  attach(id: string, podId: string): Promise<void>;
  /** Does nothing when it is closed already. */
  close(id: string, endedAtMs: number, estimated: boolean): Promise<void>;
}

export type LedgerChange =
  | { kind: 'open'; interval: Interval }
  | { kind: 'attach'; id: string; podId: string }
  | { kind: 'close'; id: string; endedAtMs: number; estimated: boolean };

export interface SettleContext
  extends Omit<Interval, 'id' | 'podId' | 'startedAtMs' | 'endedAtMs' | 'estimated'> {
  readonly nowMs: number;
  /** Whether a sandbox is still to come for pulls that have begun. */
  readonly wanted: boolean;
  /** Sandboxes whose interval was closed before; they are never opened again. */
  readonly settled: ReadonlySet<string>;
}

/** What the ledger lacks, given what the engine shows. Pure; applying the changes and asking again gives none. */
export function settle(
  open: readonly Interval[],
  observed: ObservedGroup | undefined,
  context: SettleContext,
): LedgerChange[] {
  const pods = (observed?.pods ?? []).filter(({ sandboxId }) => sandboxId);
  const changes: LedgerChange[] = [];
  const pulling = open.find(({ podId }) => podId === null);
  let unattached = pulling;
  for (const pod of pods) {
    const known = open.find(({ podId }) => podId === pod.sandboxId);
    const end = pod.state === 'exited' ? pod.finishedAtMs : undefined;
    if (known) {
      if (end !== undefined)
        changes.push({
          kind: 'close',
          id: known.id,
          endedAtMs: Math.max(end, known.startedAtMs),
          estimated: false,
        });
      continue;
    }
    if (context.settled.has(pod.sandboxId)) continue;
    const interval = unattached ?? opened(pod, context);
    changes.push(
      unattached ? { kind: 'attach', id: unattached.id, podId: pod.sandboxId } : { kind: 'open', interval },
    );
    unattached = undefined;
    if (end !== undefined)
      changes.push({
        kind: 'close',
        id: interval.id,
        endedAtMs: Math.max(end, interval.startedAtMs),
        estimated: false,
      });
  }
  const shown = new Set(pods.map(({ sandboxId }) => sandboxId));
  for (const { id, podId, startedAtMs } of open) {
    const vanished = podId !== null && !shown.has(podId);
    const givenUp = podId === null && unattached?.id === id && !context.wanted;
    if (vanished || givenUp)
      changes.push({
        kind: 'close',
        id,
        endedAtMs: Math.max(context.nowMs, startedAtMs),
        estimated: vanished,
      });
  }
  return changes;
}

function opened(pod: ObservedPod, context: SettleContext): Interval {
  const { nowMs: _now, wanted: _wanted, settled: _settled, ...rest } = context;
  return {
    ...rest,
    id: pod.sandboxId,
    revision: pod.revision,
    podId: pod.sandboxId,
    startedAtMs: pod.meteredFromMs ?? pod.createdAtMs,
    endedAtMs: null,
    estimated: false,
  };
}
