import { Failure, messageOf } from '../../failure.ts';
import type { Block, Outcome } from '../../replies/index.ts';

/** Says a command to a running bot and gives its answer line by line, as it comes. */
export async function* askBot(
  bot: { readonly url: string; readonly token: string },
  words: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<{ block: Block } | { outcome: Outcome }> {
  const response = await post(bot, words, signal);
  if (!response.ok || !response.body) throw await refusal(response);
  let pending = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body) {
      const lines = `${pending}${decoder.decode(chunk, { stream: true })}`.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw new Failure(
      'bot-unreachable',
      `The bot went away in the middle of its answer (${messageOf(error)}).`,
      {
        advice: 'What it had begun goes on when it is back: katabot status',
        cause: error,
      },
    );
  }
}

async function post(
  bot: { url: string; token: string },
  words: readonly string[],
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(`${bot.url}/api/v1/commands`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bot.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ words }),
      signal,
    });
  } catch (error) {
    throw unreachable(bot.url, error);
  }
}

function unreachable(url: string, cause: unknown): Failure {
  const why = cause instanceof Error && cause.cause instanceof Error ? ` (${messageOf(cause.cause)})` : '';
  return new Failure('bot-unreachable', `No bot answers at ${url}${why}.`, {
    advice: 'Start it with `katabot serve`, or say where it is: KATABOT_URL=http://host:7070',
    cause,
  });
}

async function refusal(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  const detail =
    typeof body === 'object' && body !== null && 'detail' in body
      ? String(body.detail)
      : `HTTP ${response.status}`;
  return new Failure(response.status === 401 ? 'token-missing' : 'bot-refused', detail);
}
