import { classFrom, type ObservedStandby } from '../engines/index.ts';
import type { Interval, LedgerChange } from './intervals.ts';

/** What the intervals of one host's waiting sandboxes have in common. */
type StandbyContext = Pick<Interval, 'group' | 'prices' | 'location'> & {
  readonly nowMs: number;
  /** Ids of intervals that are known to be closed. */
  readonly closed: ReadonlySet<string>;
};

/**
 * What the ledger lacks of sandboxes that wait, given what the engine shows. One waits from its making until a group takes it
 * over, whose own interval begins in that moment, or until it ends. Pure; applying the changes and asking again gives none.
 */
export function settleStandby(
  open: readonly Interval[],
  seen: readonly ObservedStandby[],
  { closed, nowMs, ...context }: StandbyContext,
): LedgerChange[] {
  const known = new Set(open.map(({ id }) => id));
  const standing = new Map(seen.filter(({ sandboxId }) => sandboxId).map((each) => [idOf(each), each]));
  const opening = [...standing].filter(([id]) => !known.has(id) && !closed.has(id));
  const changes: LedgerChange[] = opening.map(([id, { sandboxId, createdAtMs, size }]) => {
    const { vcpuMilli, memoryGbTenths } = classFrom(size);
    const interval: Interval = {
      ...context,
      id,
      podId: sandboxId,
      revision: 0,
      startedAtMs: createdAtMs,
      endedAtMs: null,
      estimated: false,
      size: { vcpuMilli, memoryGbTenths, gpuCount: 0, gpuSku: '', windows: false },
      repository: '',
      caller: '',
    };
    return { kind: 'open', interval };
  });
  const all = [...open, ...changes.flatMap((change) => (change.kind === 'open' ? [change.interval] : []))];
  for (const { id, startedAtMs } of all) {
    const end = endOf(standing.get(id), nowMs);
    // Made in the engine's time, taken over in the bot's: a life is never shorter than nothing.
    if (end)
      changes.push({
        kind: 'close',
        id,
        endedAtMs: Math.max(end.atMs, startedAtMs),
        estimated: end.estimated,
      });
  }
  return changes;
}

/** Of the intervals that are known to be closed, those that might be opened again: the engine still shows their sandboxes. Pure. */
export function closedAfter(
  closed: ReadonlySet<string>,
  changes: readonly LedgerChange[],
  seen: readonly ObservedStandby[],
): ReadonlySet<string> {
  const shown = new Set(seen.map(idOf));
  const ended = changes.flatMap((change) => (change.kind === 'close' ? [change.id] : []));
  return new Set([...closed, ...ended].filter((id) => shown.has(id)));
}

/** Not the sandbox's id alone: by that one its group pays for it later. */
function idOf({ sandboxId }: ObservedStandby): string {
  return `${sandboxId} standby`;
}

function endOf(
  seen: ObservedStandby | undefined,
  nowMs: number,
): { atMs: number; estimated: boolean } | undefined {
  if (!seen) return { atMs: nowMs, estimated: true };
  if (seen.adopted) return { atMs: seen.adopted.atMs, estimated: false };
  if (seen.state === 'running') return undefined;
  return { atMs: seen.finishedAtMs ?? seen.createdAtMs, estimated: false };
}
