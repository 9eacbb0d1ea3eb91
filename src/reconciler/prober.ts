import type { Clock } from '../clock.ts';
import type { Engine, ObservedGroup, ObservedMember } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { maskFor, type Probe } from '../spec/index.ts';
import { ask, NOTHING, type Rest } from './ask.ts';
import type { Feed } from './feed.ts';
import {
  type Answer,
  firstDelayMs,
  firstVerdict,
  type Health,
  judge,
  type ProbePlan,
  planOf,
  type Verdict,
} from './health.ts';
import { isProbed, type Seen, seenOf } from './seen.ts';
import { createTurns, type Turns } from './turns.ts';
import { triedOf, type Wish } from './wish.ts';

export interface ProberParts {
  /** By the name of their host. */
  readonly engines: Readonly<Record<string, Engine>>;
  readonly feed: Feed;
  /** With which fingerprints are made. */
  readonly pepper: string;
  readonly clock: Clock;
  /** A group's health has changed. */
  readonly wake: (key: GroupKey) => void;
}

export interface Prober {
  /** Begins to ask the runs that are new, and forgets those that have ended. Costs nothing for a group without probes. */
  follow(wish: Wish, observed: ObservedGroup | undefined): void;
  /** One entry for each run that is asked, or was asked to its end: of what serves, or of what is tried beside it. */
  health(key: GroupKey, which?: 'serving' | 'beside'): readonly Health[];
  /** Resolves when nothing is being asked. */
  idle(): Promise<void>;
  close(): void;
}

const STILL_RUNS: Answer = { ok: false, text: 'the probe before it has not ended yet' };

interface Asked {
  readonly kind: 'liveness' | 'readiness';
  readonly probe: Probe;
  readonly plan: ProbePlan;
  verdict: Verdict;
}

/** One run of a container with its probes; they end with it. */
interface Followed {
  readonly key: GroupKey;
  readonly revision: number;
  readonly host: string;
  readonly container: string;
  readonly memberId: string;
  readonly startedAtMs: number;
  readonly mask: (text: string) => string;
  readonly asked: readonly Asked[];
  readonly ending: AbortController;
  /** Whether it is only tried; that ends when it is promoted. */
  beside: boolean;
}

interface Work {
  readonly parts: ProberParts;
  readonly followed: Map<GroupKey, Followed[]>;
  readonly turns: Turns;
  readonly asking: Set<Promise<void>>;
  /** What began before was there when the bot came. */
  readonly begunAtMs: number;
}

/** Asks containers how they are, as their groups say, and holds what they answered; a restart of the bot begins anew. */
export function createProber(parts: ProberParts): Prober {
  const work: Work = {
    parts,
    followed: new Map(),
    turns: createTurns(),
    asking: new Set(),
    begunAtMs: parts.clock.now(),
  };
  return {
    follow: (wish, observed) => follow(work, wish, observed),
    health: (key, which = 'serving') =>
      (work.followed.get(key) ?? []).filter(({ beside }) => beside === (which === 'beside')).map(healthIn),
    async idle() {
      while (work.asking.size) await Promise.all(work.asking);
    },
    close() {
      for (const runs of work.followed.values()) for (const run of runs) end(run);
      work.followed.clear();
    },
  };
}

function healthIn({ container, memberId, startedAtMs, asked }: Followed): Health {
  const passes = (kind: Asked['kind']) => asked.every((each) => each.kind !== kind || each.verdict.passing);
  const failing = asked.find(({ verdict }) => !verdict.passing);
  return {
    container,
    memberId,
    startedAtMs,
    live: passes('liveness'),
    ready: passes('readiness'),
    text: failing?.verdict.text ?? '',
  };
}

function follow(work: Work, wish: Wish, observed: ObservedGroup | undefined): void {
  const { key } = wish;
  const before = work.followed.get(key) ?? [];
  const tried = triedOf(wish);
  if (!before.length && !isProbed(wish) && !(tried && isProbed(tried))) return;
  const seen = wish.wanted === 'running' ? seenOf(work.parts.pepper, wish, observed) : [];
  const followed = seen.flatMap((from) =>
    from.members.flatMap((member) => {
      const known = before.find((each) => isRun(member, each));
      if (known) return [Object.assign(known, { beside: from.beside })];
      // One that is to be replaced was made for other probes.
      const isOwn = from.pod.memberFingerprints[member.name] === member.fingerprint;
      return isOwn ? begin(work, from, member) : [];
    }),
  );
  for (const each of before) if (!followed.includes(each)) end(each);
  if (followed.length) work.followed.set(key, followed);
  else work.followed.delete(key);
}

function isRun(member: ObservedMember, { memberId, startedAtMs }: Followed): boolean {
  return member.id === memberId && member.startedAtMs === startedAtMs;
}

function end({ ending }: Followed): void {
  ending.abort(new Error('the run has ended'));
}

function begin(
  work: Work,
  { wish, beside }: Seen,
  { id, name, revision, startedAtMs }: ObservedMember,
): Followed[] {
  const { group, number } = wish.revision;
  const container = group.containers.find((each) => each.name === name);
  if (startedAtMs === undefined) return [];
  // What was serving when the bot came goes on serving until it says otherwise.
  const wasReady = startedAtMs < work.begunAtMs && (wish.settled === 'Running' || revision < number);
  const asked = (
    [
      ['liveness', container?.livenessProbe],
      ['readiness', container?.readinessProbe],
    ] as const
  ).flatMap(([kind, probe]): Asked[] =>
    probe
      ? [{ kind, probe, plan: planOf(probe), verdict: firstVerdict(kind === 'liveness' || wasReady) }]
      : [],
  );
  if (!asked.length) return [];
  const run: Followed = {
    key: wish.key,
    revision: number,
    host: wish.host,
    container: name,
    memberId: id,
    startedAtMs,
    mask: maskFor(group),
    asked,
    ending: new AbortController(),
    beside,
  };
  for (const each of asked)
    later(work, run, each, firstDelayMs(each.plan, startedAtMs, work.parts.clock.now()));
  return [run];
}

function later(work: Work, run: Followed, asked: Asked, delayMs: number, before = NOTHING): void {
  const { signal } = run.ending;
  if (signal.aborted) return;
  const cancel = work.parts.clock.after(delayMs, () => {
    signal.removeEventListener('abort', cancel);
    const asking = askOnce(work, run, asked, before).finally(() => work.asking.delete(asking));
    work.asking.add(asking);
  });
  signal.addEventListener('abort', cancel, { once: true });
}

/** Asks, takes the answer in, and sets the next time. `before` is the asking before this one, which may not have ended. */
async function askOnce(work: Work, run: Followed, asked: Asked, before: Rest): Promise<void> {
  const { parts, turns } = work;
  const askedAtMs = parts.clock.now();
  const { answer, rest } = before.over
    ? await turns.take(() => askNow(parts, run, asked))
    : { answer: before.begun ? STILL_RUNS : undefined, rest: before };
  if (run.ending.signal.aborted) return;
  if (answer) take(work, run, asked, answer);
  if (asked.kind === 'liveness' && !asked.verdict.passing) return; // the run is going to end
  later(work, run, asked, Math.max(0, askedAtMs + asked.plan.periodMs - parts.clock.now()), rest);
}

async function askNow({ engines, clock }: ProberParts, run: Followed, { probe, plan }: Asked) {
  const engine = engines[run.host];
  if (!engine || run.ending.signal.aborted) return { answer: undefined, rest: NOTHING };
  const { key, container, revision: upTo } = run;
  return ask(
    { engine, clock },
    { key, container, upTo, probe, timeoutMs: plan.timeoutMs },
    run.ending.signal,
  );
}

function take({ parts }: Work, run: Followed, asked: Asked, answer: Answer): void {
  const { key, revision, container } = run;
  const before = asked.verdict;
  const masked: Answer = answer.ok ? answer : { ok: false, text: run.mask(answer.text) };
  asked.verdict = judge(before, masked, asked.plan);
  const { passing, failures, text } = asked.verdict;
  if (failures === asked.plan.failureThreshold)
    parts.feed.tell(key, revision, { kind: 'unhealthy', container, probe: asked.kind, answer: text });
  if (passing === before.passing) return;
  if (passing) parts.feed.tell(key, revision, { kind: 'ready', container });
  parts.wake(key);
}
