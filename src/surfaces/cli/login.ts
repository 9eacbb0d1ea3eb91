import type { Command } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { askBot } from './ask.ts';
import { NotAllowed } from './exit-codes.ts';
import { isHere, keepLogin, LOCAL_URL } from './logins.ts';
import type { Bot, CliParts } from './parts.ts';
import { askSecret } from './question.ts';

/** Remembers a bot and who one is there, once the bot has said that it knows the token. */
export async function runLogin({ words }: Command, parts: CliParts): Promise<Outcome> {
  const url = addressFrom(words[0] ?? LOCAL_URL);
  if (url.startsWith('http:') && !isHere(url)) {
    await parts.error.write('The address is http, not https: the token crosses the network as it is.\n');
  }
  const bot = { url, token: await askToken(url, parts) };
  const { outcome, blocks } = await whoami(bot, parts);
  if (outcome.kind !== 'done') return outcome;
  await keepLogin(parts.loginFile(), bot);
  return say.done('logged-in', { url, whoami: outcome.data }, [
    say.stage('done', 'login', `${url}; katabot talks to it from now on`),
    ...blocks,
    ...outcome.blocks,
  ]);
}

/** An address as it is kept and compared: nothing after its path, nobody's name in it. */
function addressFrom(word: string): string {
  const url = URL.parse(word);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.search && !url.hash) {
    return url.href.replace(/\/+$/, '');
  }
  const host = /^[\w.-]+(:\d+)?$/.test(word) ? word : 'bot.example.com';
  throw new Failure('usage', `"${word}" is no address of a bot.`, {
    advice: `katabot login https://${host}`,
  });
}

async function askToken(url: string, { keyboard, error, signal }: CliParts): Promise<string> {
  const given = keyboard.terminal
    ? await askSecret({ keyboard, error, signal }, `Token for ${url} (not shown): `)
    : (await keyboard.readAll()).toString('utf8').trim();
  if (/^[\x21-\x7e]+$/.test(given)) return given;
  throw new Failure('usage', given ? 'That is no token: a token is one word.' : 'No token was given.', {
    advice: 'Whoever runs the bot makes one: katabot token create NAME. Type it when asked, or pipe it in.',
  });
}

async function whoami(bot: Bot, { clock, signal }: CliParts): Promise<{ outcome: Outcome; blocks: Block[] }> {
  const blocks: Block[] = [];
  const { lines } = await askBot({ bot, clock, signal }, { words: ['whoami'], files: [] }).catch(refused);
  for await (const piece of lines) {
    for (const line of piece) {
      if ('outcome' in line) return { outcome: line.outcome, blocks };
      blocks.push(line.block);
    }
  }
  throw new Failure('bot-refused', 'The bot did not say who the token belongs to.');
}

function refused(error: unknown): never {
  if (!(error instanceof NotAllowed)) throw error;
  throw new NotAllowed('token-unknown', 'The bot does not know this token. Nothing was kept.', {
    advice: 'Check that it is whole, and made by this bot: katabot token list',
    cause: error,
  });
}
