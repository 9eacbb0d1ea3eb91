import type { Clock } from '../clock.ts';
import {
  type Engine,
  type LogLine,
  lineMask,
  type ObservedGroup,
  type ObservedMember,
  type Step,
} from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Mask } from '../spec/index.ts';
import { maskOf } from './mask-of.ts';
import type { DesiredState, RunBook, Wish } from './wish.ts';

/** What a container printed in its last run, kept when the container was removed. Secrets are masked in it. */
export interface KeptLog {
  readonly key: GroupKey;
  readonly container: string;
  readonly repository: string;
  readonly revision: number;
  /** When the run began, by the engine's clock. */
  readonly startedAtMs: number;
  readonly keptAtMs: number;
  /** Whether the run printed more before these lines. */
  readonly cut: boolean;
  readonly lines: readonly LogLine[];
}

/** The book of logs that outlive their containers: the newest one of each container, until it is old. */
export interface LogArchive {
  /** A newer log of the same container takes the place of the one before. */
  keep(log: KeptLog): Promise<void>;
  logs(key: GroupKey): Promise<KeptLog[]>;
}

interface KeepingParts {
  readonly logs: LogArchive;
  readonly desired: DesiredState;
  readonly runs: RunBook;
  readonly clock: Clock;
  readonly reportInternal: (error: unknown, key: GroupKey) => string;
}

const MOST_LINES = 2_000;
const MOST_CHARACTERS = 256 * 1024;
/** A removal waits no longer than this for the logs of what it removes. */
const READ_TIMEOUT_MS = 10_000;

/**
 * Before containers are removed: ends those that still run, so that their last words are there too, and keeps what they
 * printed. A log that cannot be kept is told as the bot's own fault, and holds no removal up.
 */
export async function keepLogs(
  parts: KeepingParts,
  { wish, engine, step, observed }: Removal,
  signal: AbortSignal,
): Promise<void> {
  const members = removedBy(step, observed);
  const running = members.filter(({ state }) => state === 'running').map(({ id }) => id);
  if (running.length) {
    const stop = { kind: 'stop', key: wish.key, members: running, sandbox: '' } as const;
    await engine.apply(stop, { signal, report: async () => {} });
  }
  const begun = members.filter(({ startedAtMs }) => startedAtMs !== undefined);
  if (!begun.length) return;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
  try {
    const mask = await maskOf(parts.desired, wish.key);
    await Promise.all(begun.map((member) => keepLog(parts, { wish, engine, member, mask }, limit)));
  } catch (error) {
    if (!signal.aborted) parts.reportInternal(error, wish.key);
  }
}

export interface Removal {
  readonly wish: Wish;
  readonly engine: Engine;
  readonly step: Step;
  readonly observed: ObservedGroup | undefined;
}

function removedBy(step: Step, observed: ObservedGroup | undefined): ObservedMember[] {
  const pods = observed?.pods ?? [];
  if (step.kind === 'remove') return pods.filter(({ id }) => id === step.podId).flatMap((pod) => pod.members);
  if (step.kind !== 'remove-members') return [];
  return pods.flatMap((pod) => pod.members).filter(({ id }) => step.ids.includes(id));
}

interface Kept {
  readonly wish: Wish;
  readonly engine: Engine;
  readonly member: ObservedMember;
  readonly mask: Mask;
}

async function keepLog(
  { logs, runs, clock }: KeepingParts,
  { wish: { key, repository }, engine, member, mask }: Kept,
  signal: AbortSignal,
): Promise<void> {
  const { name: container, id, revision, startedAtMs = 0 } = member;
  const sinceMs = beginningOf(
    (await runs.runs(key)).filter((run) => run.container === container),
    startedAtMs,
  );
  const request = { key, container, member: id, tail: MOST_LINES + 1, follow: false, sinceMs };
  const lines: LogLine[] = [];
  let characters = 0;
  let cut = false;
  for await (const line of engine.logs(request, signal)) {
    characters += line.text.length;
    lines.push(line);
    while (lines.length > MOST_LINES || (characters > MOST_CHARACTERS && lines.length > 1)) {
      characters -= lines.shift()?.text.length ?? 0;
      cut = true;
    }
  }
  signal.throwIfAborted(); // half of a log is not taken for all of it
  await logs.keep({
    key,
    container,
    repository,
    revision,
    startedAtMs,
    keptAtMs: clock.now(),
    cut,
    lines: lines.map(lineMask(mask)),
  });
}

/**
 * Where the lines of a run begin. An engine notes a start after it, and an end before it has read the last lines: neither
 * time parts them, but what lies half-way does.
 */
export function beginningOf(
  runs: readonly { readonly startedAtMs: number; readonly finishedAtMs: number }[],
  startedAtMs: number,
): number {
  const ends = runs.filter((run) => run.startedAtMs < startedAtMs).map(({ finishedAtMs }) => finishedAtMs);
  return ends.length ? Math.round((Math.max(...ends) + startedAtMs) / 2) : 0;
}
