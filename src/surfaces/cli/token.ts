import type { Clock } from '../../clock.ts';
import { type Command, endOf, type RecordGround, record, typedText } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { OWN_CALLERS, type Right, rightNamed, type TokenBook, type Tokens } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';

export interface TokenParts extends RecordGround {
  readonly tokens: Tokens;
  readonly book: TokenBook;
  readonly clock: Clock;
  close(): Promise<void>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Creates, lists and revokes tokens in the bot's own database; a running bot sees the change at once. */
export async function runToken(command: Command, parts: TokenParts): Promise<Outcome> {
  try {
    const asked = await record(parts, {
      caller: 'local',
      surface: 'local',
      text: typedText(['token', ...command.words, ...optionWords(command.options)]),
      group: '',
      environment: '',
      decision: 'allowed: data folder',
    });
    return await answer(command, parts).then(
      async (outcome) => {
        await asked.end(outcome);
        return outcome;
      },
      async (error) => {
        await asked.end(endOf(error));
        throw error;
      },
    );
  } finally {
    await parts.close();
  }
}

function optionWords(options: Command['options']): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  );
}

async function answer({ words, options }: Command, parts: TokenParts): Promise<Outcome> {
  const { book, clock } = parts;
  const [action, caller = ''] = words;
  if (action === 'list') {
    const list = await book.list();
    return say.done('tokens', { tokens: list }, say.tokenTable(list, clock.now()));
  }
  if (!NAME.test(caller)) {
    throw new Failure('usage', `"${caller}" is no name for a caller.`, {
      advice: 'Lower-case letters, digits and hyphens, such as ann.',
    });
  }
  if (action === 'create') return create(caller, options, parts);
  if (action === 'revoke') {
    const count = await book.remove(caller);
    return say.done('token-revoked', { caller, count }, say.tokenRevoked(caller, count));
  }
  throw new Failure('usage', `token does not know "${action}".`, { advice: 'Use create, list or revoke.' });
}

async function create(
  caller: string,
  options: Command['options'],
  { tokens, clock }: TokenParts,
): Promise<Outcome> {
  if (OWN_CALLERS.includes(caller)) {
    throw new Failure('usage', `${caller} is the bot’s own name.`, { advice: 'Take another, such as ann.' });
  }
  const right: Right = rightNamed(String(options['right'] ?? 'deployer')) ?? 'deployer';
  const expiresAtMs = expiryFrom(options['expires'], clock.now());
  const token = await tokens.create(caller, right, expiresAtMs === undefined ? {} : { expiresAtMs });
  return say.done(
    'token-created',
    { caller, right, token, expiresAtMs: expiresAtMs ?? null },
    say.tokenCreated(caller, right, token, expiresAtMs),
  );
}

/** The option is a duration in milliseconds. What cannot be read must not become a token that works for ever. */
function expiryFrom(given: string | number | boolean | undefined, nowMs: number): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number' && given > 0) return nowMs + given;
  throw new Failure('usage', `--expires ${given}: expected how long the token is to work.`, {
    advice: 'Such as --expires 90d.',
  });
}
