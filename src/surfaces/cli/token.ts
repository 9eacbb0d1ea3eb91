import type { Command } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { type Right, rightNamed, type TokenBook, type Tokens } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';

export interface TokenParts {
  readonly tokens: Tokens;
  readonly book: TokenBook;
  close(): Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Creates, lists and revokes tokens in the bot's own database; a running bot sees the change at once. */
export async function runToken(
  { words, options }: Command,
  { tokens, book, close }: TokenParts,
): Promise<Outcome> {
  try {
    const [action, caller = ''] = words;
    if (action === 'list') {
      const list = await book.list();
      return say.done('tokens', { tokens: list }, say.tokenTable(list));
    }
    if (!NAME.test(caller)) {
      throw new Failure('usage', `"${caller}" is no name for a caller.`, {
        advice: 'Lower-case letters, digits and hyphens, such as ann.',
      });
    }
    if (action === 'create') {
      const right: Right = rightNamed(String(options['right'] ?? 'deployer')) ?? 'deployer';
      const token = await tokens.create(caller, right);
      return say.done('token-created', { caller, right, token }, say.tokenCreated(caller, right, token));
    }
    if (action === 'revoke') {
      const count = await book.remove(caller);
      return say.done('token-revoked', { caller, count }, say.tokenRevoked(caller, count));
    }
    throw new Failure('usage', `token does not know "${action}".`, { advice: 'Use create, list or revoke.' });
  } finally {
    await close();
  }
}
