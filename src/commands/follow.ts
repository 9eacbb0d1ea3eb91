import { type EngineFacts, type LogLine, lineMask } from '../engines/index.ts';
import type { Event, Fact } from '../event.ts';
import { bill } from '../metering/index.ts';
import { maskOf, type Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { type Cause, failureCause } from './cause.ts';
import { domainViews } from './domain-view.ts';
import type { Ground } from './ground.ts';
import type { Mailbox } from './mailbox.ts';
import { FOLLOW_LIMIT_MS, type Patience, patienceOf } from './patience.ts';
import { privatePlace } from './private.ts';
import { type Brought, type Exit, tellExit, tellFailure, tellProbe, tellTrial } from './tell-failure.ts';

/** A group whose wish was just written. */
export interface Followed extends Brought {
  readonly facts: EngineFacts;
}

/** A container that dies this soon after its start did not really come up. */
const EARLY_EXIT_MS = 700;
const LAST_LINES = 5;
/** After a stop of the following, what was seen is still told. */
const LOOK_TIMEOUT_MS = 5_000;

/** What is told of a group that waits for others; of an evicted one that does not come back the telling ends. */
const WAITING: ReadonlySet<Fact['kind']> = new Set(['queued', 'evicted', 'gpu-waits']);

type Killing = Extract<Fact, { kind: 'killing' }>;

/** The first exit is restarted at once; after the second the delays begin. */
const MOST_EXITS = 2;

/** Tells one group's way up as it happens. Ends with the group, not the other way round. */
export async function* followDeploy(
  ground: Ground,
  mailbox: Mailbox,
  followed: Followed,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const patience = patienceOf(ground);
  const told: Event[] = [];
  try {
    return yield* tellWayUp(ground, mailbox, followed, { told, patience }, signal);
  } catch (error) {
    // Nobody listens any more, or it took too long; anything else that is thrown is a fault.
    if (signal.aborted) return say.stillGoing(followed.wish.revision.group.name);
    if (!patience.signal.aborted) throw error;
    return yield* tellFailure(ground, followed, timeoutCause(followed.wish, told));
  } finally {
    patience.end();
  }
}

/** Rejects when the signal fires. `told` is what has happened until then. */
async function* tellWayUp(
  ground: Ground,
  mailbox: Mailbox,
  followed: Followed,
  { told, patience }: { readonly told: Event[]; readonly patience: Patience },
  given: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const { wish } = followed;
  const signal = AbortSignal.any([given, patience.signal]);
  for (;;) {
    const event = await mailbox.next(wish.key, wish.revision.number, signal);
    const { fact } = event;
    told.push(event);
    // It is a matter of others, who may take days; one that waits on its host is stopped until then, and still waits.
    if (!isOfStop(fact)) patience.begin(WAITING.has(fact.kind));
    const cause = endingCause(wish, event);
    if (cause?.code === 'exit-code') return yield* tellTrial(ground, followed, cause);
    if (cause?.code === 'probe-failed') return yield* tellProbe(ground, followed, cause);
    if (cause) return yield* tellFailure(ground, followed, cause);
    if (fact.kind === 'running' || fact.kind === 'finished')
      return yield* tellArrival(ground, mailbox, followed, fact, told, signal);
    const exits = exitsIn(told);
    // Nobody should wait for a program that ends each time it is started; the bot goes on trying. Beside another one it does not.
    if (exits.length === MOST_EXITS && !isTrial(told)) return yield* tellExit(ground, followed, exits[0]);
    const block = say.progressOf(fact);
    if (block) yield block;
  }
}

/** What an ordered end brings along; whether it is waited for was told before. */
function isOfStop(fact: Fact): boolean {
  return fact.kind === 'stopped' || (fact.kind === 'member-exited' && fact.asked === true);
}

function isTrial(told: readonly Event[]): boolean {
  return told.some(({ fact }) => fact.kind === 'accepted' && fact.beside);
}

function exitsIn(told: readonly Event[]): Exit[] {
  return told.flatMap(({ fact }) =>
    fact.kind === 'member-exited' && fact.exitCode !== 0 && !fact.asked ? [fact] : [],
  );
}

/** What ends the telling because this revision will not come up by itself, or not at all. */
function endingCause({ key, revision }: Wish, { fact, revision: number }: Event): Cause | undefined {
  const { name } = revision.group;
  switch (fact.kind) {
    case 'failed':
      return failureCause(fact);
    case 'killing':
      return killingCause(fact);
    case 'superseded':
      return { code: 'superseded', ...say.supersededBy(revision.number, fact.by), about: {} };
    case 'evicted':
      return fact.returns ? undefined : { code: 'evicted', ...say.evictedForGood(key), about: {} };
    case 'removing':
    case 'stopping':
      return { code: 'cancelled', ...say.cancelled(name, fact.by), about: {} };
    case 'removed':
      return number > revision.number
        ? { code: 'superseded', ...say.supersededBy(revision.number, number), about: {} }
        : { code: 'cancelled', ...say.cancelled(name, ''), about: {} };
    default:
      return undefined;
  }
}

function killingCause({ container, reason }: Killing): Cause {
  const about = { container, probe: 'liveness' } as const;
  return { code: 'probe-failed', ...say.probeFailed(container, reason), about };
}

function timeoutCause({ revision }: Wish, told: readonly Event[]): Cause {
  const facts = told.map(({ fact }) => fact);
  const images = facts.filter((fact) => fact.kind === 'image');
  const pulled = images.filter(({ state }) => state === 'pulled').map(({ image }) => image);
  const image = images.findLast((fact) => fact.state === 'pulling' && !pulled.includes(fact.image))?.image;
  const minutes = FOLLOW_LIMIT_MS / 60_000;
  return {
    code: 'timeout',
    ...say.timedOut(revision.group.name, minutes, image ?? ''),
    about: image === undefined ? {} : { image },
  };
}

async function* tellArrival(
  ground: Ground,
  mailbox: Mailbox,
  followed: Followed,
  fact: Extract<Fact, { kind: 'running' | 'finished' }>,
  told: readonly Event[],
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const { facts } = followed;
  const newest = await ground.desired.get(followed.wish.key);
  // It may have got another address on its way up.
  const wish = newest?.revision.number === followed.wish.revision.number ? newest : followed.wish;
  const [exit] = exitsIn(told);
  const count = wish.revision.group.containers.length;
  if (fact.kind === 'running') yield say.startStage(count, fact.tookMs, isFromStandby(told));
  else yield say.finishedStage(fact.outcome);
  if (!told.some(({ fact: { kind } }) => kind === 'isolation'))
    yield say.isolationStage(facts.isolation, facts.runtime);
  const url = wish.fqdn ? ground.edge.urlOf(wish.fqdn) : '';
  const [probe, crash] = await Promise.all([
    url && fact.kind === 'running' ? ground.edge.probe(url, signal) : undefined,
    exit ?? (fact.kind === 'running' ? earlyExit(ground, mailbox, wish, signal) : undefined),
  ]);
  if (wish.address && fact.kind === 'running')
    yield say.addressStage({ url, published: wish.published, private: privatePlace(ground, wish) }, probe);
  if (fact.kind === 'running')
    for (const domain of domainViews(ground, wish, await ground.domains.look(wish)))
      yield say.domainStage(domain);
  if (crash?.kind === 'killing') return yield* tellProbe(ground, followed, killingCause(crash));
  if (crash || (fact.kind === 'finished' && fact.outcome === 'Failed'))
    return yield* tellExit(ground, followed, crash);
  yield* tellEnd(ground, wish);
  return say.arrived(wish, { url, probe, tookMs: fact.kind === 'running' ? fact.tookMs : 0 });
}

function isFromStandby(told: readonly Event[]): boolean {
  return told.some(({ fact }) => fact.kind === 'sandbox-started' && fact.standby);
}

/** What the group printed last, and what it has cost. */
async function* tellEnd(ground: Ground, wish: Wish): AsyncGenerator<Block> {
  yield { kind: 'blank' };
  for (const line of await lastLines(ground, wish)) yield say.logBlock(line);
  const intervals = await ground.ledger.intervals({ group: wish.key });
  yield* say.closingFields(wish.revision.group, bill(intervals, ground.clock.now()));
}

/** The first container that ends with an error, or is ended for its probe, soon after the group was up, if one does. */
async function earlyExit(
  ground: Ground,
  mailbox: Mailbox,
  wish: Wish,
  signal: AbortSignal,
): Promise<Exit | Killing | undefined> {
  const soon = new AbortController();
  const cancel = ground.clock.after(EARLY_EXIT_MS, () => soon.abort(new Error('it stayed up')));
  try {
    for (;;) {
      const { fact } = await mailbox.next(
        wish.key,
        wish.revision.number,
        AbortSignal.any([signal, soon.signal]),
      );
      if (fact.kind === 'killing') return fact;
      if (fact.kind === 'member-exited' && fact.exitCode !== 0 && !fact.asked) return fact;
    }
  } catch {
    return undefined;
  } finally {
    cancel();
  }
}

async function lastLines(ground: Ground, wish: Wish): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const mask = lineMask(await maskOf(ground.desired, wish.key));
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  try {
    const engine = ground.hosts[wish.host]?.engine;
    const request = { key: wish.key, tail: LAST_LINES, follow: false, upTo: wish.revision.number };
    for await (const line of engine?.logs(request, signal) ?? []) {
      lines.push(mask(line));
    }
  } catch {
    // The group is up; that its log could not be read just now is no reason to say otherwise.
  }
  return lines;
}
