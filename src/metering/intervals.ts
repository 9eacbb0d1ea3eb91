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

/** `sinceMs`: only what had not ended before. */
export interface LedgerFilter {
  readonly group?: GroupKey;
  readonly groups?: readonly GroupKey[];
  readonly sinceMs?: number;
}

/** The book of intervals. Every method may be repeated, and has written to disk when it resolves. */
export interface Ledger {
  openIntervals(group: GroupKey): Promise<Interval[]>;
  /** Oldest first. */
  intervals(filter: LedgerFilter): Promise<Interval[]>;
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
  /** Whether a sandbox is still to come for pulls that have begun; for those of another revision none is. */
  readonly wanted: boolean;
  /** A later revision that is tried beside the one that serves: what is other of its sandbox. */
  readonly tried?: Pick<Interval, 'revision' | 'size' | 'caller'> | undefined;
  /** Sandboxes whose interval was closed before; they are never opened again. */
  readonly settled: ReadonlySet<string>;
}

/** What the ledger lacks, given what the engine shows. Pure; applying the changes and asking again gives none. */
export function settle(
  open: readonly Interval[],
  observed: ObservedGroup | undefined,
  context: SettleContext,
): LedgerChange[] {
  const pods = new Map(
    observed?.pods.filter(({ sandboxId }) => sandboxId).map((pod) => [pod.sandboxId, pod]),
  );
  const metered = new Set([...context.settled, ...open.map(({ podId }) => podId)]);
  const running = new Map(open.map((interval) => [interval.id, interval]));
  const changes: LedgerChange[] = [];
  for (const pod of pods.values()) {
    if (metered.has(pod.sandboxId)) continue;
    const pulls = running.values().find(({ podId, revision }) => podId === null && revision === pod.revision);
    const interval = pulls ? { ...pulls, podId: pod.sandboxId } : opened(pod, context);
    running.set(interval.id, interval);
    changes.push(pulls ? { kind: 'attach', id: pulls.id, podId: pod.sandboxId } : { kind: 'open', interval });
  }
  for (const { id, startedAtMs, ...rest } of running.values()) {
    const end = endOf(rest, pods, context);
    if (!end) continue;
    // The start may be the bot's time and the end the engine's: a life is never shorter than nothing.
    changes.push({ kind: 'close', id, endedAtMs: Math.max(end.atMs, startedAtMs), estimated: end.estimated });
  }
  return changes;
}

/** When an interval ended, and whether that is a guess; undefined while it goes on. */
function endOf(
  { podId, revision }: Pick<Interval, 'podId' | 'revision'>,
  pods: ReadonlyMap<string, ObservedPod>,
  context: SettleContext,
): { atMs: number; estimated: boolean } | undefined {
  if (podId === null) {
    const awaited = context.wanted && revision === context.revision;
    return awaited ? undefined : { atMs: context.nowMs, estimated: false };
  }
  const pod = pods.get(podId);
  if (!pod) return { atMs: context.nowMs, estimated: true };
  if (pod.state !== 'exited' || pod.finishedAtMs === undefined) return undefined;
  return { atMs: pod.finishedAtMs, estimated: false };
}

function opened(pod: ObservedPod, context: SettleContext): Interval {
  const { nowMs: _now, wanted: _wanted, settled: _settled, tried, ...rest } = context;
  return {
    ...rest,
    ...(tried && pod.revision > context.revision ? tried : {}),
    id: pod.sandboxId,
    revision: pod.revision,
    podId: pod.sandboxId,
    startedAtMs: pod.meteredFromMs ?? pod.createdAtMs,
    endedAtMs: null,
    estimated: false,
  };
}
