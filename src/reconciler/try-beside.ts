import type { Clock } from '../clock.ts';
import type { Engine, ObservedGroup } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { besideKey, TTL_SECONDS } from '../network/index.ts';
import { assess } from './assess.ts';
import { adviceWithoutRetry, type Cause, type Next, nextBeside, partedBy, type Trial } from './beside.ts';
import { engineOf } from './engine-of.ts';
import { FIRST_RETRY_MS, internalFailure, retryAfterMs } from './failed.ts';
import type { Feed } from './feed.ts';
import type { Meter } from './meter.ts';
import type { Names } from './names.ts';
import { identityOf } from './next-step.ts';
import { podOf, withPins } from './pod.ts';
import type { Prober } from './prober.ts';
import type { Queue } from './queue.ts';
import { recordRuns } from './runs.ts';
import { MOST_MOVES_A_PASS, MOST_STEPS_A_PASS, type TakingWork, take } from './take.ts';
import { type DesiredState, type EventBook, triedOf, type Wish } from './wish.ts';

/** What trying a revision beside another one stands on. */
export interface BesideWork extends TakingWork {
  readonly parts: TakingWork['parts'] & {
    readonly engines: Readonly<Record<string, Engine>>;
    readonly feed: Feed;
    readonly clock: Clock;
    readonly pepper: string;
    readonly provisioningTimeoutMs: number;
    readonly names?: Names;
    readonly events: EventBook;
    readonly desired: DesiredState;
    readonly reportInternal: (error: unknown, key: GroupKey) => string;
  };
  readonly meter: Meter;
  readonly prober: Pick<Prober, 'follow' | 'health'>;
  /** What is tried, by its group: how often in a row a step of it has failed, and since when it has run as it does. */
  readonly trials: Map<GroupKey, TrialNote>;
  readonly queue: Queue<GroupKey>;
}

/** Only remembered: after a restart of the bot it begins anew, which costs a moment. */
interface TrialNote {
  readonly revision: number;
  failures: number;
  /** Nothing is done there before, unless something else is wished by then. */
  waits: { readonly untilMs: number; readonly isTried: boolean };
  /** Which runs are meant by `steadySinceMs`. */
  runs: string;
  steadySinceMs: number;
}

const NO_WAIT: TrialNote['waits'] = { untilMs: 0, isTried: false };
/** So often in a row a step may fail before the revision is given up: what serves is no reason to try for ever. */
const MOST_FAILURES = 3;

/**
 * One pass over the second place of a group: look, judge, take one step, look again. Never throws. Which revision serves is
 * written in the books alone; until it is written there that the new one does, all of this may be repeated or given up.
 */
export async function tendBeside(work: BesideWork, key: GroupKey): Promise<void> {
  const taken = new Set<string>();
  let wish: Wish | undefined;
  try {
    for (let count = 0; count < MOST_STEPS_A_PASS && !work.closing.signal.aborted; count++) {
      wish = await work.parts.desired.get(key);
      if (!wish?.beside || wish.wanted === 'deleted') {
        work.trials.delete(key);
        return;
      }
      const { waits } = noteOf(work, wish);
      const leftMs = waits.untilMs - work.parts.clock.now();
      if (leftMs > 0 && wish.wanted === 'running' && wish.beside.isTried === waits.isTried)
        return work.queue.addAfter(key, leftMs);
      const engine = engineOf(work.parts, wish);
      const observed = (await engine.observe(work.closing.signal, key)).get(key);
      const next = await judgeBeside(work, wish, observed);
      if (next.kind === 'step') {
        if (taken.has(identityOf(next.step))) return work.queue.addAfter(key, FIRST_RETRY_MS);
        taken.add(identityOf(next.step));
        const placeKey = besideKey(key);
        const mayMove =
          [...taken].filter((each) => each.startsWith('create-sandbox')).length <= MOST_MOVES_A_PASS;
        await take(work, {
          wish: triedOf(wish) ?? wish,
          engine,
          step: next.step,
          observed,
          mayMove,
          placeKey,
        });
        Object.assign(noteOf(work, wish), { failures: 0, waits: NO_WAIT });
      } else if (!(await goOn(work, wish, engine, next))) return;
    }
    work.queue.add(key);
  } catch (error) {
    if (!work.closing.signal.aborted) await notTaken(work, key, wish, error);
  }
}

/** Writes down what was seen, and gives what is next: an end that was asked for in this pass is gone by the next one. */
async function judgeBeside(work: BesideWork, wish: Wish, observed: ObservedGroup | undefined): Promise<Next> {
  const { clock, provisioningTimeoutMs } = work.parts;
  await work.meter.settle(wish, observed);
  await recordRuns(work.parts, wish, observed);
  work.prober.follow(wish, observed);
  const beside = partedBy(wish, observed).beside;
  const times = { nowMs: clock.now(), provisioningTimeoutMs };
  return nextBeside(wish, beside?.pods ?? [], await trialOf(work, wish, beside), times);
}

async function trialOf(
  work: BesideWork,
  wish: Wish,
  beside: ObservedGroup | undefined,
): Promise<Trial | undefined> {
  const { parts, prober } = work;
  const tried = triedOf(wish);
  if (!tried) return undefined;
  const newer = beside?.pods.filter(({ revision }) => revision > wish.revision.number) ?? [];
  const there = { key: wish.key, pods: newer };
  const pod = podOf(await withPins(parts.desired, tried), there, parts.pepper);
  const runs = await parts.runs.runs(wish.key);
  const nowMs = parts.clock.now();
  const standing = assess(tried, pod, there, runs, nowMs, prober.health(wish.key, 'beside'));
  const note = noteOf(work, wish);
  const members = newer.flatMap((each) => each.members);
  const now = standing.kind === 'in-sync' ? members.map(({ id, startedAtMs }) => `${id} ${startedAtMs}`) : [];
  if (note.runs !== now.join()) Object.assign(note, { runs: now.join(), steadySinceMs: nowMs });
  const imagesPinned = tried.revision.images !== null;
  return { pod, imagesPinned, standing, runs, steadySinceMs: note.steadySinceMs };
}

function noteOf({ trials, parts }: BesideWork, { key, beside }: Wish): TrialNote {
  const revision = beside?.revision.number ?? 0;
  const known = trials.get(key);
  if (known?.revision === revision) return known;
  const fresh = { revision, failures: 0, waits: NO_WAIT, runs: '', steadySinceMs: parts.clock.now() };
  trials.set(key, fresh);
  return fresh;
}

/** Does what is no step of an engine's. Gives whether there is more to do in this pass. */
async function goOn(
  work: BesideWork,
  wish: Wish,
  engine: Engine,
  next: Exclude<Next, { kind: 'step' }>,
): Promise<boolean> {
  const { parts, queue, trials } = work;
  const { key } = wish;
  switch (next.kind) {
    case 'wait':
      if (next.atMs !== undefined) queue.addAfter(key, Math.max(0, next.atMs - parts.clock.now()));
      return false;
    case 'promote':
      await promote(work, wish, next.settled);
      return true;
    case 'abandon':
      await giveUp(work, wish, next.cause);
      return true;
    case 'vacate':
      trials.delete(key);
      await clearRests(work, wish, engine);
      await parts.desired.vacate(key);
      queue.add(key); // its name is said once more, of what serves
      return false;
  }
}

/** The names lead to the new one before it is written down that it serves, and that is before the old one is stopped. */
async function promote(
  { parts }: BesideWork,
  wish: Wish,
  settled: Extract<Next, { kind: 'promote' }>['settled'],
): Promise<void> {
  const tried = triedOf(wish);
  if (!tried) return;
  const { key, revision } = tried;
  await parts.names?.publish(tried);
  const staysUntilMs = parts.clock.now() + TTL_SECONDS * 1000;
  if (!(await parts.desired.promote(key, revision.number, { settled, staysUntilMs }))) return;
  parts.feed.tell(key, wish.revision.number, { kind: 'superseded', by: revision.number });
  const tookMs = parts.clock.now() - revision.acceptedAtMs;
  const containers = revision.group.containers.length;
  parts.feed.tell(
    key,
    revision.number,
    settled === 'Running' ? { kind: 'running', containers, tookMs } : { kind: 'finished', outcome: settled },
  );
  await parts.feed.written();
}

async function giveUp({ parts }: BesideWork, wish: Wish, cause: Cause): Promise<void> {
  const { key } = wish;
  const number = triedOf(wish)?.revision.number;
  if (number === undefined || !(await parts.desired.abandon(key, number))) return;
  const { code, message, advice, about } = cause;
  parts.feed.tell(key, number, { kind: 'failed', code, message, advice, ...about });
}

/**
 * A removal that was cut short leaves a network or volumes, which a look at one group that runs does not show. They go
 * before the place is given to somebody else.
 */
async function clearRests(work: BesideWork, wish: Wish, engine: Engine): Promise<void> {
  const { closing } = work;
  const observed = (await engine.observe(closing.signal)).get(wish.key);
  for (const pod of partedBy(wish, observed).beside?.pods ?? []) {
    const step = { kind: 'remove', key: wish.key, podId: pod.id, keepVolumes: false } as const;
    await take(work, { wish, engine, step, observed, mayMove: false });
  }
}

/** A step has failed: it is taken again after a while, or the revision is given up. An engine that is away is waited for. */
async function notTaken(
  work: BesideWork,
  key: GroupKey,
  wish: Wish | undefined,
  thrown: unknown,
): Promise<void> {
  const { parts, queue } = work;
  const failure = thrown instanceof Failure ? thrown : internalFailure(parts, thrown, key);
  if (!wish?.beside || failure.code === 'superseded') return queue.add(key);
  const note = noteOf(work, wish);
  note.failures++;
  const isAway = failure.code === 'engine-unreachable' || failure.code.startsWith('dns-');
  if (note.failures < MOST_FAILURES || isAway || !wish.beside.isTried) {
    const delayMs = retryAfterMs(note.failures);
    // Its own failing makes hints, and so does what serves, which is looked at meanwhile.
    note.waits = { untilMs: parts.clock.now() + delayMs, isTried: wish.beside.isTried };
    return queue.addAfter(key, delayMs);
  }
  const { code, message, about } = failure;
  const cause = { code, message, about, advice: adviceWithoutRetry(failure.advice) };
  await giveUp(work, wish, cause).catch(() => {}); // the books are away: the next pass finds it failing again
  queue.add(key);
}
