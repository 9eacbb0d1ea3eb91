import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { Failure } from '../../failure.ts';

/** What a ticket opens: a session as it was asked for, for the caller of a token. */
export interface Admits {
  readonly kind: 'exec' | 'attach';
  readonly query: string;
  /** Looked at again when the ticket is used: it may have been taken back meanwhile. */
  readonly token: string;
}

export interface Ticket {
  readonly id: string;
  readonly password: string;
  readonly expiresAtMs: number;
}

/** Ways into a container that open once, for whoever is not to have the token of a caller, such as a page in a browser. */
export interface Tickets {
  /** Throws a Failure `too-many-sessions` while too many wait to be used. */
  issue(admits: Admits): Ticket;
  /** What it opens; undefined for one that was used, is over, or has another password. Either way it opens nothing more. */
  take(id: string, password: string): Admits | undefined;
}

/** Long enough for a page to load. */
const LIFE_MS = 60_000;
const MOST_WAITING = 1_000;

/** They live in memory alone: none is worth more than a minute. */
export function createTickets(clock: Clock): Tickets {
  const waiting = new Map<
    string,
    { readonly admits: Admits; readonly hash: Buffer; readonly expiresAtMs: number }
  >();
  const clear = () => {
    for (const [id, { expiresAtMs }] of waiting) {
      if (expiresAtMs > clock.now()) return; // the oldest come first
      waiting.delete(id);
    }
  };
  return {
    issue(admits) {
      clear();
      if (waiting.size >= MOST_WAITING)
        throw new Failure('too-many-sessions', 'Too many sessions wait to be opened.', {
          advice: 'Try again in a minute.',
        });
      const [id, password] = [randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')];
      const expiresAtMs = clock.now() + LIFE_MS;
      waiting.set(id, { admits, hash: hashOf(password), expiresAtMs });
      return { id, password, expiresAtMs };
    },
    take(id, password) {
      clear();
      const ticket = waiting.get(id);
      waiting.delete(id);
      return ticket && timingSafeEqual(ticket.hash, hashOf(password)) ? ticket.admits : undefined;
    },
  };
}

function hashOf(password: string): Buffer {
  return createHash('sha256').update(password).digest();
}
