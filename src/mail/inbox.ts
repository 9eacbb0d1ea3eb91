import type { Clock } from '../clock.ts';
import { createQueue } from '../reconciler/index.ts';
import { pauseMs } from './pause.ts';

/** Something that was delivered. */
export interface Delivery {
  /** Who sends it, such as `github`. */
  readonly source: string;
  /** Unique in its source; a repeat of the same delivery has the same. */
  readonly id: string;
  /** What the delivery is about; the same event under another id has the same. */
  readonly naturalKey: string;
  /** Deliveries of one lane are worked on in order, those of several side by side. */
  readonly lane: string;
  readonly event: string;
  readonly payload: string;
  readonly receivedAtMs: number;
}

export interface InboxCounts {
  readonly waiting: number;
  readonly failed: number;
  /** When the oldest that waits was received, epoch ms; undefined when none waits. */
  readonly oldestAtMs?: number;
}

export interface Next {
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly isLast: boolean;
}

/** The book of deliveries. Every method has written to disk when it resolves. */
export interface InboxBook {
  /** Gives false, and keeps nothing, when its id or its natural key is known. */
  add(delivery: Delivery): Promise<boolean>;
  /** Lanes in which something of that source waits; a lane belongs to one source. */
  lanes(source: string): Promise<string[]>;
  /** The oldest of a lane that waits, how often it was tried, and whether nothing waits behind it. */
  next(lane: string): Promise<Next | undefined>;
  tried(source: string, id: string): Promise<void>;
  /** It waits no longer; its payload is forgotten, its id is not. */
  end(source: string, id: string, how: 'done' | 'failed'): Promise<unknown>;
  /** Which of these ids were taken. */
  known(source: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  counts(): Promise<InboxCounts>;
  forget(beforeMs: number): Promise<void>;
}

export interface InboxParts {
  /** Whose deliveries it takes: several inboxes may keep one book. */
  readonly source: string;
  readonly book: InboxBook;
  readonly clock: Clock;
  /** 0 to 1; spreads retries. */
  readonly random: () => number;
  /** Does what a delivery asks for. May be asked twice for one, after a crash or a failure: it has to be safe to repeat. */
  readonly work: (delivery: Delivery, signal: AbortSignal) => Promise<void>;
  /** Hears of a delivery that was given up. */
  readonly alarm: (delivery: Delivery, error: unknown) => void;
}

export interface Inbox {
  /** `known`: it was taken before, also when it came under another id. It is on disk when this resolves. */
  take(delivery: Delivery): Promise<'new' | 'known'>;
  known(source: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  counts(): Promise<InboxCounts>;
  /** Goes on with what an earlier process has left. */
  start(): Promise<void>;
  /** Nothing is being worked on, and nothing is due now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const WORKERS = 8;
const MOST_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** As long as anybody repeats a delivery, and some. */
const KEPT_MS = 30 * 86_400_000;
const SWEEP_MS = 3_600_000;

/** Takes deliveries and works on them later, at least once each. Deliveries only name what to look at: twice is harmless. */
export function createInbox(parts: InboxParts): Inbox {
  const { book, clock } = parts;
  const closing = new AbortController();
  const queue = createQueue<string>({
    clock,
    workers: WORKERS,
    run: (lane) => workLane(parts, lane, closing.signal, later),
  });
  const later = (lane: string, attempts: number) =>
    queue.addAfter(
      lane,
      pauseMs({ attempts, first: FIRST_PAUSE_MS, longest: LONGEST_PAUSE_MS, random: parts.random }),
    );
  let cancelSweep = () => {};
  const sweep = () => {
    cancelSweep = clock.after(SWEEP_MS, sweep);
    void book.forget(clock.now() - KEPT_MS).catch(() => {}); // tried again in an hour
  };
  return {
    async take(delivery) {
      if (!(await book.add(delivery))) return 'known';
      queue.add(delivery.lane);
      return 'new';
    },
    known: (source, ids) => book.known(source, ids),
    counts: () => book.counts(),
    async start() {
      for (const lane of await book.lanes(parts.source)) queue.add(lane);
      sweep();
    },
    idle: () => queue.idle(),
    async close() {
      cancelSweep();
      closing.abort(new Error('the bot is stopping'));
      await queue.close();
    },
  };
}

/** Works through a lane; a delivery that fails holds up its lane until it is tried again, or given up. */
async function workLane(
  { book, work, alarm }: InboxParts,
  lane: string,
  signal: AbortSignal,
  later: (lane: string, attempts: number) => void,
): Promise<void> {
  try {
    for (;;) {
      const next = await book.next(lane);
      if (!next || signal.aborted) return;
      const { delivery, attempts, isLast } = next;
      const error = await failureOf(() => work(delivery, signal));
      if (signal.aborted && error !== undefined) return;
      if (error === undefined) await book.end(delivery.source, delivery.id, 'done');
      else if (attempts + 1 >= MOST_ATTEMPTS) {
        await book.end(delivery.source, delivery.id, 'failed');
        alarm(delivery, error);
      } else {
        await book.tried(delivery.source, delivery.id);
        return later(lane, attempts + 1);
      }
      if (isLast) return; // what came meanwhile has asked for the lane again
    }
  } catch {
    if (!signal.aborted) later(lane, 1); // the book could not be read or written, as with a full disk
  }
}

/** What a piece of work threw; undefined when it went well. */
async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('it failed without a reason');
  }
}
