import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Caller, type Right, rightNamed } from './decide.ts';

/** The book of tokens; it never sees a token itself. */
export interface TokenBook {
  find(hash: string): Promise<{ name: string; right: string } | undefined>;
  add(token: { hash: string; name: string; right: string; createdAtMs: number }): Promise<void>;
  list(): Promise<{ name: string; right: string; createdAtMs: number }[]>;
  /** Removes every token of that name; gives how many there were. */
  remove(name: string): Promise<number>;
}

export interface Tokens {
  /** The caller that a token belongs to. With `user`, the token must be that caller's. */
  authenticate(token: string, user?: string): Promise<Caller | undefined>;
  /** A new token for a caller; told once, kept only as a hash. */
  create(name: string, right: Right): Promise<string>;
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
      return { name: found.name, right };
    },
    async create(name, right) {
      const token = `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
      await book.add({ hash: hashOf(token), name, right, createdAtMs: clock.now() });
      return token;
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
