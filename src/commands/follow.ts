import type { EngineFacts, LogLine } from '../engines/index.ts';
import type { Event, Fact } from '../event.ts';
import { bill } from '../metering/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { Mailbox } from './mailbox.ts';
import { maskFor } from './mask.ts';
import type { Plan } from './plan.ts';

/** A group whose wish was just written. */
export interface Followed {
  readonly wish: Wish;
  readonly facts: EngineFacts;
  readonly plan: Pick<Plan, 'path' | 'text'>;
}

/** ACI gives up telling after 30 minutes; the wish stays all the same. */
const FOLLOW_LIMIT_MS = 30 * 60_000;
/** A container that dies this soon after its start did not really come up. */
const EARLY_EXIT_MS = 700;
const LAST_LINES = 5;
/** After a stop of the following, what was seen is still told. */
const LOOK_TIMEOUT_MS = 5_000;

type Exit = Extract<Fact, { kind: 'member-exited' }>;

/** The first exit is restarted at once; after the second the delays begin. */
const MOST_EXITS = 2;

/** Tells one group's way up as it happens. Ends with the group, not the other way round. */
export async function* followDeploy(
  ground: Ground,
  mailbox: Mailbox,
  followed: Followed,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const { wish } = followed;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(FOLLOW_LIMIT_MS)]);
  const exits: Exit[] = [];
  for (;;) {
    const event = await nextOr(mailbox, wish, limit);
    if (!event) return say.stillGoing(wish.revision.group.name);
    if (event.fact.kind === 'failed') return yield* tellFailure(ground, followed, event.fact);
    if (event.fact.kind === 'superseded') return say.superseded(wish.revision.number, event.fact.by);
    if (event.fact.kind === 'removed') return say.superseded(wish.revision.number, event.revision);
    if (event.fact.kind === 'running' || event.fact.kind === 'finished') {
      return yield* tellArrival(ground, mailbox, followed, event.fact, exits[0], limit);
    }
    if (event.fact.kind === 'member-exited' && event.fact.exitCode !== 0) exits.push(event.fact);
    // Nobody should wait for a program that ends each time it is started; the bot goes on trying.
    if (exits.length === MOST_EXITS) return yield* tellCrash(ground, followed, exits[0]);
    const block = say.progressOf(event.fact);
    if (block) yield block;
  }
}

async function nextOr(mailbox: Mailbox, wish: Wish, signal: AbortSignal): Promise<Event | undefined> {
  return mailbox.next(wish.key, wish.revision.number, signal).catch(() => undefined);
}

async function* tellArrival(
  ground: Ground,
  mailbox: Mailbox,
  followed: Followed,
  fact: Extract<Fact, { kind: 'running' | 'finished' }>,
  exit: Exit | undefined,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const { wish, facts } = followed;
  const count = wish.revision.group.containers.length;
  if (fact.kind === 'running') yield say.startStage(count, fact.tookMs);
  else yield say.finishedStage(fact.outcome);
  yield say.isolationStage(facts.isolation, facts.runtime);
  const url = wish.fqdn ? ground.edge.urlOf(wish.fqdn) : '';
  const [probe, crash] = await Promise.all([
    url && fact.kind === 'running' ? ground.edge.probe(url, signal) : undefined,
    exit ?? (fact.kind === 'running' ? earlyExit(ground, mailbox, wish, signal) : undefined),
  ]);
  const ports = (wish.revision.group.ipAddress?.ports ?? []).map(({ port }) => String(port));
  if (wish.address && fact.kind === 'running')
    yield say.addressStage({ url, fqdn: wish.fqdn, address: wish.address, ports }, probe);
  yield* tellEnd(ground, wish, crash);
  return say.arrived(wish, {
    url,
    probe,
    crashed: crash !== undefined || (fact.kind === 'finished' && fact.outcome === 'Failed'),
    tookMs: fact.kind === 'running' ? fact.tookMs : 0,
  });
}

async function* tellCrash(
  ground: Ground,
  { wish }: Followed,
  exit: Exit | undefined,
): AsyncGenerator<Block, Outcome> {
  yield* tellEnd(ground, wish, exit);
  return say.arrived(wish, { url: '', probe: undefined, crashed: true, tookMs: 0 });
}

/** What the group printed last, what it died of if it did, and what it has cost. */
async function* tellEnd(ground: Ground, wish: Wish, exit: Exit | undefined): AsyncGenerator<Block> {
  yield { kind: 'blank' };
  for (const line of await lastLines(ground, wish)) yield say.logBlock(line);
  if (exit) yield say.crashStage(exit.container, exit.reason);
  const intervals = await ground.ledger.intervals({ group: wish.key });
  yield* say.closingFields(wish.revision.group, bill(intervals, ground.clock.now()));
}

/** The first container that ends with an error soon after the group was up, if one does. */
async function earlyExit(ground: Ground, mailbox: Mailbox, wish: Wish, signal: AbortSignal) {
  const soon = new AbortController();
  const cancel = ground.clock.after(EARLY_EXIT_MS, () => soon.abort(new Error('it stayed up')));
  try {
    for (;;) {
      const { fact } = await mailbox.next(
        wish.key,
        wish.revision.number,
        AbortSignal.any([signal, soon.signal]),
      );
      if (fact.kind === 'member-exited' && fact.exitCode !== 0) return fact;
    }
  } catch {
    return undefined;
  } finally {
    cancel();
  }
}

async function* tellFailure(
  ground: Ground,
  { wish }: Followed,
  fact: Extract<Fact, { kind: 'failed' }>,
): AsyncGenerator<Block, Outcome> {
  const engine = ground.locations[wish.location]?.engine;
  const observed = await engine
    ?.observe(AbortSignal.timeout(LOOK_TIMEOUT_MS), wish.key)
    .catch(() => undefined);
  const members = observed?.get(wish.key)?.pods.flatMap((pod) => pod.members) ?? [];
  const serving = members.find(
    (member) => member.state === 'running' && member.revision < wish.revision.number,
  )?.revision;
  yield* say.failureBlocks(fact, serving);
  return say.deployFailed(fact, serving);
}

async function lastLines(ground: Ground, wish: Wish): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  const mask = maskFor(wish.revision.group);
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  try {
    const engine = ground.locations[wish.location]?.engine;
    for await (const line of engine?.logs({ key: wish.key, tail: LAST_LINES, follow: false }, signal) ?? []) {
      lines.push({ ...line, text: mask(line.text) });
    }
  } catch {
    // The group is up; that its log could not be read just now is no reason to say otherwise.
  }
  return lines;
}
