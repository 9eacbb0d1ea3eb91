import { type Clock, within } from '../clock.ts';
import { createQueue } from '../reconciler/index.ts';
import {
  type Budget,
  HOUR_MS,
  type Importance,
  nextWrite,
  type SentWrite,
  type WaitingWrite,
} from './next-write.ts';
import { pauseMs } from './pause.ts';

/** Something that should stand somewhere, such as a comment with a text. Only the newest content of a key is ever sent. */
export interface Write {
  /** In whose name, such as `github:7`: one writer each. */
  readonly account: string;
  readonly key: string;
  /** What the deliverer does with it. */
  readonly kind: string;
  /** JSON. */
  readonly content: unknown;
  readonly importance: Importance;
  /** Whether its first sending makes something new; what was sent before is edited. */
  readonly creates: boolean;
  /** Where new things come no faster than the budget says, such as a channel. */
  readonly place?: string;
}

/** A write with all that its sending needs. */
export interface KeptWrite {
  readonly write: Write;
  /** Grows with each content. */
  readonly sequence: number;
  /** What the other side calls it, as the deliverer gave it; undefined before the first sending. */
  readonly remote: string | undefined;
  readonly attempts: number;
  readonly sinceMs: number;
}

/** The book of writes. Every method has written to disk when it resolves. */
export interface OutboxBook {
  /** Keeps the newest content of a key; one that is the same as what was sent last does not wait. Gives whether it waits. */
  put(write: Write, atMs: number): Promise<boolean>;
  accounts(): Promise<string[]>;
  waiting(account: string): Promise<WaitingWrite[]>;
  read(account: string, key: string): Promise<KeptWrite | undefined>;
  /** It is about to be sent: it counts towards the budgets, and what stands there is not known until `sent`. */
  begin(account: string, key: string, atMs: number): Promise<void>;
  /** It was sent, and is called `remote` there. It waits on when a newer content has come meanwhile. */
  sent(account: string, key: string, sequence: number, remote: string, atMs: number): Promise<void>;
  /** It failed: not again before then. */
  postpone(account: string, key: string, nextAtMs: number): Promise<void>;
  /** This content is never sent. */
  drop(account: string, key: string, sequence: number): Promise<void>;
  forgetRemote(account: string, key: string): Promise<void>;
  remote(account: string, key: string): Promise<string | undefined>;
  /** What was begun to be sent since then, the newest last. */
  sentSince(account: string, sinceMs: number): Promise<SentWrite[]>;
  /** How long the account waits as a whole, and how often in a row it had to. */
  pause(account: string): Promise<{ readonly untilMs: number; readonly times: number }>;
  setPause(account: string, untilMs: number, times: number): Promise<void>;
  /** Of every account. */
  counts(): Promise<{ readonly waiting: number; readonly oldestAtMs?: number }>;
  forget(beforeMs: number): Promise<void>;
}

export interface OutboxParts {
  /** What its accounts begin with, such as `github:`: several outboxes may keep one book. */
  readonly accounts: string;
  readonly book: OutboxBook;
  readonly clock: Clock;
  /** 0 to 1; spreads retries. */
  readonly random: () => number;
  readonly budget: Budget;
  /**
   * Sends a write and gives what the other side calls it. It may be asked again for what it has sent, when the bot died
   * before that was noted: it has to find its own work. Throws Later, Refused or Gone; anything else is tried again.
   */
  readonly deliver: (kept: KeptWrite, signal: AbortSignal) => Promise<string>;
  /** Hears of a write that is never sent. */
  readonly alarm: (write: Write, why: string) => void;
}

export interface Outbox {
  /** On disk when it resolves; sent as soon as the budgets allow. */
  put(write: Write): Promise<void>;
  remote(account: string, key: string): Promise<string | undefined>;
  /** How many writes wait. */
  waiting(account: string): Promise<number>;
  start(): Promise<void>;
  /** Nothing is being sent, and nothing is due now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** The other side wants to be left alone, or cannot be reached: all of the account waits. */
export class Later extends Error {
  readonly retryAfterMs: number | undefined;
  readonly firstPauseMs: number;

  /** Without a time from the other side: `firstPauseMs`, and twice as long each time that follows at once. */
  constructor(
    why: string,
    { retryAfterMs, firstPauseMs = ACCOUNT_PAUSE_MS }: { retryAfterMs?: number; firstPauseMs?: number } = {},
  ) {
    super(why);
    this.retryAfterMs = retryAfterMs;
    this.firstPauseMs = firstPauseMs;
  }
}

/** The other side will never take this content. */
export class Refused extends Error {}

/** What was to be edited is no longer there: it is made anew, once. */
export class Gone extends Error {}

const WORKERS = 8;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** GitHub blocks for 60 to 120 s when it does not say how long. */
const ACCOUNT_PAUSE_MS = 75_000;
const LONGEST_ACCOUNT_PAUSE_MS = 10 * 60_000;
/** A write that fails by itself, while others of its account go, is given up after so many tries: about a day. */
const MOST_ATTEMPTS = 290;
/** How long it is remembered what an edited thing is called. */
const KEPT_MS = 90 * 86_400_000;
const SWEEP_MS = 86_400_000;
/** How long the bot waits at its end for what is being sent. */
const PATIENCE_MS = 5_000;

/** Sends what should stand elsewhere: one writer an account, in order of importance, within the budgets, over restarts. */
export function createOutbox(parts: OutboxParts): Outbox {
  const { book, clock } = parts;
  const stop: Stop = { asked: false, cutting: new AbortController() };
  const queue = createQueue<string>({
    clock,
    workers: WORKERS,
    run: (account) => serve(parts, account, stop, (delayMs) => queue.addAfter(account, delayMs)),
  });
  let cancelSweep = () => {};
  const sweep = () => {
    cancelSweep = clock.after(SWEEP_MS, sweep);
    void book.forget(clock.now() - KEPT_MS).catch(() => {}); // tried again tomorrow
  };
  return {
    async put(write) {
      if (await book.put(write, clock.now())) queue.add(write.account);
    },
    remote: (account, key) => book.remote(account, key),
    waiting: async (account) => (await book.waiting(account)).length,
    async start() {
      sweep();
      for (const account of await book.accounts()) {
        if (account.startsWith(parts.accounts)) queue.add(account);
      }
    },
    idle: () => queue.idle(),
    async close() {
      cancelSweep();
      stop.asked = true;
      const cancelCut = clock.after(PATIENCE_MS, () => stop.cutting.abort(new Error('the bot is stopping')));
      await queue.close();
      cancelCut();
    },
  };
}

/** The end of the bot: nothing more is begun; what does not end by itself is cut off later. */
interface Stop {
  asked: boolean;
  readonly cutting: AbortController;
}

/** Sends what may be sent now, one after the other; then sets the time of the next look. */
async function serve(
  parts: OutboxParts,
  account: string,
  stop: Stop,
  later: (delayMs: number) => void,
): Promise<void> {
  const { book, clock, budget } = parts;
  try {
    while (!stop.asked) {
      const { untilMs } = await book.pause(account);
      if (untilMs > clock.now()) return later(untilMs - clock.now());
      const sent = await book.sentSince(account, clock.now() - HOUR_MS);
      const next = nextWrite(await book.waiting(account), sent, budget, clock.now());
      if (!next) return;
      if ('waitMs' in next) return later(next.waitMs);
      const kept = await book.read(account, next.send.key);
      if (!kept) continue;
      await book.begin(account, next.send.key, clock.now());
      await send(parts, kept, stop.cutting.signal);
    }
  } catch {
    if (!stop.asked) later(FIRST_PAUSE_MS); // the book could not be read or written, as with a full disk
  }
}

async function send(parts: OutboxParts, kept: KeptWrite, signal: AbortSignal): Promise<void> {
  const { book, clock, deliver } = parts;
  const { write, sequence } = kept;
  try {
    const remote = await within(signal, deliver(kept, signal));
    await book.sent(write.account, write.key, sequence, remote, clock.now());
    if ((await book.pause(write.account)).times > 0) await book.setPause(write.account, 0, 0);
  } catch (error) {
    if (!signal.aborted) await afterFailure(parts, kept, error);
  }
}

async function afterFailure(parts: OutboxParts, kept: KeptWrite, error: unknown): Promise<void> {
  const { book, clock, random, alarm } = parts;
  const { write, sequence, attempts, remote } = kept;
  const { account, key } = write;
  if (error instanceof Later) {
    const times = (await book.pause(account)).times + 1;
    const guessed = pauseMs({
      attempts: times,
      first: error.firstPauseMs,
      longest: LONGEST_ACCOUNT_PAUSE_MS,
      random,
    });
    const pause = Math.min(error.retryAfterMs ?? guessed, HOUR_MS); // what is asked for by mistake is not obeyed for ever
    return book.setPause(account, clock.now() + pause, times);
  }
  if (error instanceof Gone && remote !== undefined) return book.forgetRemote(account, key);
  const why = error instanceof Error ? error.message : String(error);
  const isHopeless = error instanceof Refused || error instanceof Gone || attempts + 1 >= MOST_ATTEMPTS;
  if (isHopeless) {
    await book.drop(account, key, sequence);
    return alarm(write, why);
  }
  const pause = pauseMs({ attempts: attempts + 1, first: FIRST_PAUSE_MS, longest: LONGEST_PAUSE_MS, random });
  await book.postpone(account, key, clock.now() + pause);
}
