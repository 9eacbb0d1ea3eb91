import { type LogLine, lineMask } from '../engines/index.ts';
import { maskOf, type Run, type Wish } from '../reconciler/index.ts';
import type { Ground } from './ground.ts';

const LAST_LINES = 15;
/** Other runs are in the same log, so more is read than is shown. */
const READ_LINES = 60;
const LONGEST_LINE = 2_000;
/** An engine that is away keeps nobody waiting. */
const LOOK_TIMEOUT_MS = 5_000;

/** What a run of a container printed last, or those before it when it printed nothing; without secrets. */
export async function lastLinesOf(
  ground: Ground,
  wish: Wish,
  run: Pick<Run, 'container' | 'startedAtMs' | 'finishedAtMs'>,
): Promise<string[]> {
  const { container } = run;
  const engine = ground.hosts[wish.host]?.engine;
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const lines: LogLine[] = [];
  let others: readonly Times[] = [];
  try {
    const request = { key: wish.key, container, tail: READ_LINES, follow: false, upTo: wish.revision.number };
    for await (const line of engine?.logs(request, signal) ?? []) lines.push(line);
    // Asked after the log was read, so that whoever printed into it is known.
    const observed = await engine?.observe(signal, wish.key);
    const members = observed?.get(wish.key)?.pods.flatMap((pod) => pod.members) ?? [];
    const ended = (await ground.runs.runs(wish.key)).filter((each) => each.container === container);
    others = [...ended, ...members.filter(({ name }) => name === container)];
  } catch {
    // The failure is what matters; that the log could not be read as well is no reason to be silent about it.
  }
  const mask = lineMask(await maskOf(ground.desired, wish.key));
  const own = (await keptOf(ground, wish, run)) ?? linesOf(lines.map(mask), run, others);
  return own.slice(-LAST_LINES).map(({ text }) => text.slice(0, LONGEST_LINE));
}

/** Its lines where its container is gone already, as that of a revision that was given up; what runs then is another one's. */
async function keptOf(
  { logs, desired }: Ground,
  { key, revision }: Wish,
  { container, startedAtMs }: Pick<Run, 'container' | 'startedAtMs'>,
): Promise<readonly LogLine[] | undefined> {
  const all = await logs.logs(key);
  const kept = all.find((log) => log.container === container && log.revision === revision.number);
  if (!kept || kept.startedAtMs === startedAtMs) return kept?.lines;
  const now = await desired.get(key);
  return startedAtMs === 0 && now && now.revision.number < revision.number ? kept.lines : undefined;
}

interface Times {
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
}

/**
 * The lines of one run; of those before it when it has none. A line has the time at which the engine read it, which
 * may be a little before the start that the engine notes, or after the end: so a gap between two runs is cut in its middle.
 */
export function linesOf(
  lines: readonly LogLine[],
  run: Required<Times>,
  others: readonly Times[],
): readonly LogLine[] {
  const ends = others.flatMap(({ startedAtMs = 0, finishedAtMs }) =>
    finishedAtMs !== undefined && startedAtMs < run.startedAtMs ? [finishedAtMs] : [],
  );
  const starts = others.flatMap(({ startedAtMs = 0 }) =>
    startedAtMs > run.startedAtMs ? [startedAtMs] : [],
  );
  const fromMs = ends.length ? (Math.max(...ends) + run.startedAtMs) / 2 : Number.NEGATIVE_INFINITY;
  const untilMs = starts.length ? (run.finishedAtMs + Math.min(...starts)) / 2 : Number.POSITIVE_INFINITY;
  const until = lines.filter(({ timestamp }) => Date.parse(timestamp) < untilMs);
  const own = until.filter(({ timestamp }) => Date.parse(timestamp) >= fromMs);
  return own.length ? own : until;
}
