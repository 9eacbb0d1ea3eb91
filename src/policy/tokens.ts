import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Caller, type Right, rightNamed } from './rights.ts';

/** The book of tokens; it never sees a token itself. */
export interface TokenBook {
  find(hash: string): Promise<Pick<KeptToken, 'name' | 'right' | 'expiresAtMs'> | undefined>;
  add(token: KeptToken & { hash: string }): Promise<void>;
  list(): Promise<KeptToken[]>;
  /** Removes every token of that name; gives how many there were. */
  remove(name: string): Promise<number>;
}

/** What is kept of a token, besides its hash. */
export interface KeptToken {
  readonly name: string;
  /** The most that it allows. */
  readonly right: string;
  readonly createdAtMs: number;
  /** From then on it is nobody's; null: it works until it is revoked. */
  readonly expiresAtMs: number | null;
}

export interface Tokens {
  /** The caller that a token belongs to. With `user`, the token must be that caller's. One that has expired is nobody's. */
  authenticate(token: string, user?: string): Promise<Caller | undefined>;
  /** A new token for a caller; told once, kept only as a hash. */
  create(name: string, right: Right, options?: { expiresAtMs?: number }): Promise<string>;
}

const PREFIX = 'kata_';
const RANDOM_BYTES = 32;

/**
 * Tokens of callers. A token is 256 random bits, so a plain SHA-256 keeps it as well as a slow hash would,
 * and finding it by its hash leaks nothing through time.
 */
export function createTokens(book: TokenBook, clock: Clock): Tokens {
  return {
    async authenticate(token, user) {
      if (!token.startsWith(PREFIX)) return undefined;
      const found = await book.find(hashOf(token));
      const right = found && rightNamed(found.right);
      if (!found || !right || (user !== undefined && user !== found.name)) return undefined;
      if (found.expiresAtMs === null) return { name: found.name, right };
      if (hasExpired(found, clock.now())) return undefined;
      return { name: found.name, right, expiresAtMs: found.expiresAtMs };
    },
    async create(name, right, { expiresAtMs } = {}) {
      const token = `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
      await book.add({
        hash: hashOf(token),
        name,
        right,
        createdAtMs: clock.now(),
        expiresAtMs: expiresAtMs ?? null,
      });
      return token;
    },
  };
}

/** Whether a token no longer works. */
export function hasExpired({ expiresAtMs }: Pick<KeptToken, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs !== null && nowMs >= expiresAtMs;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
