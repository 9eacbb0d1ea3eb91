import type { ObservedGroup } from '../engines/index.ts';
import type { Event } from '../event.ts';
import { bill } from '../metering/index.ts';
import type { Run, Wish } from '../reconciler/index.ts';
import type { FailureReport } from '../replies/index.ts';
import { maskFor, placeOf } from '../spec/index.ts';
import { type Cause, exitCause } from './cause.ts';
import type { Ground } from './ground.ts';
import { lastLinesOf } from './last-lines.ts';
import { mendOf } from './mend.ts';

/** What a report is made of besides the cause. */
interface Told {
  readonly wish: Wish;
  /** The file as it was pushed; the text is '' for a revision that came without one. */
  readonly file: { readonly path: string; readonly text: string };
  /** The wish that this one took the place of. */
  readonly before: Wish | undefined;
}

/** An engine that is away keeps nobody waiting. */
const LOOK_TIMEOUT_MS = 5_000;

/** Everything that is told of a deploy that did not come up. Looks, and changes nothing. */
export async function reportOf(ground: Ground, told: Told, cause: Cause): Promise<FailureReport> {
  const { wish, file, before } = told;
  const { key, revision } = wish;
  const [observed, intervals, now] = await Promise.all([
    look(ground, wish),
    ground.ledger.intervals({ group: key }),
    ground.desired.get(key),
  ]);
  // What was tried beside another one has changed nothing: the books say who serves.
  const isOther = now?.wanted === 'running' && now.revision.number < revision.number;
  const nowMs = ground.clock.now();
  const mask = maskFor(revision.group);
  const prices = ground.locations[wish.location]?.prices ?? ground.defaultPrices;
  const mend = mendOf(cause, revision.group, prices);
  const own = intervals.filter((interval) => interval.revision === revision.number);
  return {
    code: cause.code,
    message: mask(cause.message),
    advice: cause.advice,
    group: key,
    revision: revision.number,
    container: cause.about.container ?? null,
    exitCode: cause.exitCode ?? null,
    lastLines: cause.lastLines ?? [],
    place: mend && file.text ? { file: file.path, ...placeOf(file.text, mend.path), path: mend.path } : null,
    suggestion: mend?.suggestion ?? null,
    serving: isOther ? now.revision.number : observed ? servingOf(wish, before, observed) : null,
    ...(isOther ? { isGivenUp: true } : {}),
    running: observed ? runningIn(observed).filter((name) => name !== cause.about.container) : null,
    cost: bill(own, nowMs).total,
    attempt: { startedAtMs: revision.acceptedAtMs, tookMs: Math.max(0, nowMs - revision.acceptedAtMs) },
  };
}

/** The cause of a container's end, with what it printed and what is known of its image. */
export async function causeOfExit(ground: Ground, wish: Wish, run: Run): Promise<Cause> {
  const [lines, events] = await Promise.all([
    lastLinesOf(ground, wish, run),
    ground.events.events({ group: wish.key, last: 100 }),
  ]);
  return { ...exitCause(wish.revision.group, run, lines, ofRevision(events, wish)), lastLines: lines };
}

/** A cause that is about a container which still runs, with what that has printed until now. */
export async function withLines(ground: Ground, wish: Wish, cause: Cause): Promise<Cause> {
  const { container } = cause.about;
  if (container === undefined) return cause;
  const run = { container, startedAtMs: 0, finishedAtMs: Number.POSITIVE_INFINITY };
  return { ...cause, lastLines: await lastLinesOf(ground, wish, run) };
}

function ofRevision(events: readonly Event[], wish: Wish): Event[] {
  return events.filter(({ revision }) => revision === wish.revision.number);
}

async function look(ground: Ground, { host, key }: Wish): Promise<ObservedGroup | undefined> {
  const engine = ground.hosts[host]?.engine;
  const found = await engine?.observe(AbortSignal.timeout(LOOK_TIMEOUT_MS), key).catch(() => undefined);
  return found && (found.get(key) ?? { key, pods: [] });
}

function runningIn({ pods }: ObservedGroup): string[] {
  const members = pods.flatMap((pod) => pod.members);
  return members.filter(({ state, init }) => state === 'running' && !init).map(({ name }) => name);
}

/**
 * The older revision that still serves in full: nothing of the new one is there yet, and every container that both
 * have is running as it was. Anything less is no "nothing changed".
 */
export function servingOf(
  { revision }: Wish,
  before: Wish | undefined,
  { pods }: ObservedGroup,
): number | null {
  const members = pods.flatMap((pod) => pod.members).filter(({ init }) => !init);
  if (members.some((member) => member.revision >= revision.number)) return null;
  const running = members.filter(({ state }) => state === 'running');
  const newest = Math.max(0, ...running.map((member) => member.revision));
  const names = new Set(revision.group.containers.map(({ name }) => name));
  const kept = (before?.revision.group.containers ?? []).filter(({ name }) => names.has(name));
  if (!newest || kept.some(({ name }) => !running.some((member) => member.name === name))) return null;
  // An unchanged container keeps the number of an older revision; what serves is what was wanted before, if it came up.
  return before?.settled === 'Running' ? before.revision.number : newest;
}
