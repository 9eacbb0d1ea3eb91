import type { Clock } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { CertificateBook, CertificatePair, Kept } from './book.ts';
import { certificateDue, retryAt } from './due.ts';
import type { Keyring } from './keyring.ts';

/** Sees to it that every name has a certificate that is good. */
export interface Keeper {
  /** Shows what is kept, then looks. */
  start(): Promise<void>;
  /** Looks at what is due now; called when names may have changed, as often as one likes. */
  look(): void;
  /** What is known of the names that are wanted now. */
  known(): readonly Kept[];
  /** Resolves when what is being asked for has come to an end. */
  close(): Promise<void>;
}

export interface KeeperParts {
  /** Names of the certificates that are to be there. */
  readonly wanted: () => readonly string[];
  /** Gives a certificate for a name; throws a Failure that people can read. */
  readonly issue: (name: string, signal: AbortSignal) => Promise<CertificatePair>;
  readonly ring: Keyring;
  readonly book: CertificateBook;
  readonly clock: Clock;
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => void;
}

/** Orders at once; one at a time for each name. */
const MOST_ORDERS = 4;
/** A look that no change asks for: timers of node end after 24 days. */
const LONGEST_PAUSE_MS = 6 * 3_600_000;

export function createKeeper(parts: KeeperParts): Keeper {
  const { wanted, ring, book, clock } = parts;
  const kept = new Map<string, Kept>();
  const orders = new Map<string, Promise<void>>();
  const closing = new AbortController();
  let cancel = () => {};
  const order = async (name: string) => {
    const next = await ask(parts, name, kept.get(name), closing.signal);
    if (!next) return;
    kept.set(name, next); // first, so that a book that cannot be written does not have the authority asked again
    await book.put(next);
  };
  const look = () => {
    if (closing.signal.aborted) return;
    cancel();
    const nowMs = clock.now();
    let nextMs = nowMs + LONGEST_PAUSE_MS;
    for (const name of wanted()) {
      const dueMs = certificateDue(name, kept.get(name));
      if (orders.has(name)) continue;
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
      else if (orders.size < MOST_ORDERS)
        orders.set(
          name,
          order(name)
            .catch(parts.reportInternal)
            .finally(() => {
              orders.delete(name);
              look();
            }),
        );
    }
    cancel = clock.after(Math.max(nextMs - nowMs, 1_000), look);
  };
  return {
    async start() {
      for (const each of await book.all()) {
        if (isOver(each, clock.now()) && !wanted().includes(each.name)) await book.remove(each.name);
        else if (each.pair) kept.set(each.name, { ...each, life: ring.put(each.name, each.pair) });
        else kept.set(each.name, each);
      }
      look();
    },
    look,
    known: () => wanted().flatMap((name) => kept.get(name) ?? []),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      cancel();
      await Promise.all(orders.values());
    },
  };
}

function isOver({ life, retryAtMs }: Kept, nowMs: number): boolean {
  return (life?.untilMs ?? retryAtMs) < nowMs;
}

/** What is known of the name after it has been asked for; undefined when the bot stops meanwhile. */
async function ask(
  { issue, ring, clock, tell, warn }: KeeperParts,
  name: string,
  before: Kept | undefined,
  signal: AbortSignal,
): Promise<Kept | undefined> {
  try {
    const pair = await issue(name, signal);
    const life = ring.put(name, pair);
    tell({ name }, before?.pair ? 'a certificate was renewed' : 'a certificate was issued');
    return { name, pair, life, failures: 0, retryAtMs: 0, problem: '' };
  } catch (error) {
    if (signal.aborted) return undefined;
    const failures = (before?.failures ?? 0) + 1;
    const limited = error instanceof Failure && error.code === 'certificate-limited';
    const retryAtMs = retryAt(name, failures, clock.now(), limited);
    const problem = messageOf(error);
    warn({ name, problem, retryAt: new Date(retryAtMs).toISOString() }, 'no certificate for a name');
    return { name, pair: before?.pair, life: before?.life, failures, retryAtMs, problem };
  }
}
