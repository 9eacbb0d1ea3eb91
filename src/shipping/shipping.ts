import { type Clock, within } from '../clock.ts';
import type { LogTargetLook } from '../commands/index.ts';
import type { Engine } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { messageOf } from '../failure.ts';
import { pauseMs } from '../mail/index.ts';
import { createQueue, type Feed, type Wish } from '../reconciler/index.ts';
import type { Batch } from './batch.ts';
import { type GroupParts, type Shipped, shipGroup, shipRest } from './ship-group.ts';
import { type LogTarget, Refused } from './target.ts';

export interface ShippingParts extends Omit<GroupParts, 'send'> {
  /** By the name of their host. */
  readonly engines: Readonly<Record<string, Engine>>;
  readonly feed: Pick<Feed, 'listen'>;
  /** Where the lines of a location's groups go; undefined where the settings do not say. */
  readonly target: (location: string) => LogTarget | undefined;
  readonly clock: Clock;
  /** 0 to 1; spreads retries. */
  readonly random: () => number;
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => void;
}

/** Ships what containers print to where the settings say; one that does not take it keeps nobody else waiting. */
export interface Shipping {
  start(): Promise<void>;
  looks(): LogTargetLook[];
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A feed tells much at once; one look sees all of it. */
const LOOK_AFTER_MS = 500;
/** What no event told shows by then. */
const LOOK_EVERY_MS = 60_000;

type State = { -readonly [Name in Exclude<keyof LogTargetLook, 'groups'>]: LogTargetLook[Name] };

/** The target took nothing; it knows why. */
class Unsent extends Error {}

interface Session {
  /** What it is about; when that changes, another one takes its place. */
  readonly about: string;
  readonly target: LogTarget | undefined;
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

export function createShipping(parts: ShippingParts): Shipping {
  const { desired, book, feed, clock, reportInternal } = parts;
  const closing = new AbortController();
  const sessions = new Map<GroupKey, Session>();
  const states = new Map<string, State>();
  const stateOf = ({ setting, name }: LogTarget): State => {
    const fresh = { setting, name, sentLines: 0, refusedLines: 0, refusal: '', failing: undefined };
    const state = states.get(setting) ?? fresh;
    states.set(setting, state);
    return state;
  };
  const send: GroupParts['send'] = (target, batch, signal) =>
    sendTo(parts, stateOf(target), target, batch, signal);
  const look = async () => {
    const wishes = await desired.list();
    const wanted = new Map([
      ...leftBehind(await book.all(), wishes).map((each) => [each.key, restOf(parts, each)] as const),
      ...wishes.flatMap((wish) => {
        const work = workOf(parts, wish);
        return work ? [[wish.key, work] as const] : [];
      }),
    ]);
    for (const [key, session] of sessions) {
      if (wanted.get(key)?.about === session.about) continue;
      session.ending.abort(new Error('there is another thing to ship'));
      await session.ended;
      if (!wanted.has(key)) await book.remove(key);
    }
    for (const [key, work] of wanted) {
      if (sessions.has(key) || closing.signal.aborted) continue;
      if (work.target) stateOf(work.target);
      const ending = new AbortController();
      const signal = AbortSignal.any([closing.signal, ending.signal]);
      const ended = keepOn({ ...parts, send }, work, signal).finally(() => sessions.delete(key));
      sessions.set(key, { about: work.about, target: work.target, ending, ended });
    }
  };
  const queue = createQueue<'look'>({
    clock,
    workers: 1,
    async run(name) {
      await look().catch((error: unknown) => {
        if (!closing.signal.aborted) reportInternal(error);
      });
      queue.addAfter(name, LOOK_EVERY_MS);
    },
  });
  let unlisten = () => {};
  return {
    async start() {
      unlisten = feed.listen(() => queue.addAfter('look', LOOK_AFTER_MS));
      queue.add('look');
      await queue.idle();
    },
    looks: () =>
      [...states.values()].map((state) => ({
        ...state,
        groups: [...sessions.values()].filter(({ target }) => target?.setting === state.setting).length,
      })),
    async close() {
      unlisten();
      closing.abort(new Error('the bot is stopping'));
      await queue.close();
      await Promise.all([...sessions.values()].map(({ ended }) => ended));
    },
  };
}

interface Work {
  readonly about: string;
  readonly target: LogTarget | undefined;
  run(parts: GroupParts, signal: AbortSignal): Promise<void>;
  /** Whether there may be more once it has come to its end. */
  readonly goesOn: boolean;
}

/** Nothing for a group whose lines are not shipped, or that is on no host yet. */
function workOf({ target: targetOf, engines }: ShippingParts, wish: Wish): Work | undefined {
  const target = targetOf(wish.location);
  const engine = engines[wish.host];
  const isAsked = target?.groups === 'all' || wish.revision.group.diagnostics?.logAnalytics !== undefined;
  if (!target || !engine || !isAsked) return undefined;
  return {
    // What has just come up is looked for at once: a log that is followed finds new containers after a while.
    about: `${wish.host} ${wish.revision.number} ${wish.settled}`,
    target,
    run: (parts, signal) => shipGroup(parts, { wish, engine, target }, signal),
    goesOn: true,
  };
}

function leftBehind(shipped: readonly Shipped[], wishes: readonly Wish[]): Shipped[] {
  const wanted = new Set(wishes.map(({ key }) => key));
  return shipped.filter(({ key }) => !wanted.has(key));
}

function restOf({ target: targetOf }: ShippingParts, shipped: Shipped): Work {
  const target = targetOf(shipped.location);
  return {
    about: 'rest',
    target,
    run: (parts, signal) => shipRest(parts, shipped, target, signal),
    goesOn: false,
  };
}

/** Does it again and again until it is told to end; never throws. */
async function keepOn(parts: GroupParts & ShippingParts, work: Work, signal: AbortSignal): Promise<void> {
  const { clock, random, tell } = parts;
  let failures = 0;
  while (!signal.aborted) {
    const begunAtMs = clock.now();
    try {
      await work.run(parts, signal);
      if (!work.goesOn) return;
      failures = 0; // the log has ended: the engine is away, or has more than could be read
    } catch (error) {
      failures = clock.now() - begunAtMs > LONGEST_PAUSE_MS ? 1 : failures + 1;
      if (failures === 1 && !signal.aborted && !(error instanceof Unsent))
        tell({ about: work.about }, `a log cannot be shipped: ${messageOf(error)}`);
    }
    const delayMs = pauseMs({ attempts: failures, first: FIRST_PAUSE_MS, longest: LONGEST_PAUSE_MS, random });
    await paused(clock, delayMs, signal);
  }
}

async function paused(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(delayMs, resolve);
  await within(signal, promise).catch(() => {});
  cancel();
}

/** Sends a batch, and notes how it went; what the target will never take is left out, and counted. */
async function sendTo(
  { clock, tell }: ShippingParts,
  state: State,
  target: LogTarget,
  batch: Batch,
  signal: AbortSignal,
): Promise<void> {
  const { setting, name } = target;
  try {
    await target.send(batch, signal);
    state.sentLines += batch.lines.length;
  } catch (error) {
    if (signal.aborted) throw error;
    const why = messageOf(error);
    if (!(error instanceof Refused)) {
      if (!state.failing) tell({ target: name, setting }, `logs are not taken: ${why}`);
      state.failing = { sinceMs: state.failing?.sinceMs ?? clock.now(), why };
      throw new Unsent(why, { cause: error });
    }
    state.refusedLines += batch.lines.length;
    state.refusal = why;
    tell({ target: name, setting, lines: batch.lines.length }, `lines are refused: ${why}`);
  }
  if (state.failing) tell({ target: name, setting }, 'logs are taken again');
  state.failing = undefined;
}
