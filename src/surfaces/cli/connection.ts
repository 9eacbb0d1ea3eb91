import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { json } from 'node:stream/consumers';
import { Failure, messageOf, systemCodeOf } from '../../failure.ts';
import { NotAllowed } from './exit-codes.ts';
import type { Bot } from './parts.ts';

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Below the bot's address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A path that leads nowhere is noticed by the kernel, however long the bot has nothing to say. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Asks the bot; the answer's body comes as the bot sends it, with any pause in between. Throws a Failure when nobody
 * answers or the answer is a refusal.
 */
export async function askHttp(bot: Bot, asked: Request, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await send(bot, asked, signal);
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  throw await refusal(response);
}

function send(
  bot: Bot,
  { method, path, headers, body }: Request,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown) => reject(signal.aborted ? signal.reason : unreachable(bot.url, error));
    try {
      const url = addressOf(bot, path);
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
        method,
        signal,
        headers: { 'user-agent': 'katabot-cli/1', ...headers, authorization: `Bearer ${bot.token}` },
      });
      request.on('response', resolve).on('error', failed);
      request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
      request.end(body);
    } catch (error) {
      failed(error); // an address that is none, a token with characters that no header may have
    }
  });
}

/** The whole address of something below the bot's. Throws for a bot whose address is none. */
export function addressOf(bot: Bot, path: string): URL {
  return new URL(`${bot.url}${path}`);
}

/** Nobody answers at that address. */
export function unreachable(url: string, cause: unknown): Failure {
  const [first] = cause instanceof AggregateError ? cause.errors : [cause]; // one error for each address of a name
  return new Failure('bot-unreachable', `No bot answers at ${url} (${messageOf(first)}).`, {
    advice:
      'Start it with `katabot serve`, or say where it is: `katabot login URL`, or KATABOT_URL=http://host:7070',
    cause,
  });
}

/** Whether a failure says that the bot was there, and the connection to it broke. */
export function isBroken({ cause }: Failure): boolean {
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(systemCodeOf(cause));
}

/** What an answer that is no success means, in the bot's own words where it has some. */
export async function refusal(response: IncomingMessage): Promise<Failure> {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  const told: unknown = await json(response).catch(() => undefined);
  const { code, detail, advice } = Object(told) as Readonly<Record<string, unknown>>;
  const known = typeof detail === 'string';
  const message = known ? detail : `What answers there is no bot, or one behind a proxy (HTTP ${status}).`;
  const options = {
    advice: typeof advice === 'string' ? advice : location ? `It points to ${location}` : '',
  };
  const refused = status === 401 || status === 403 ? NotAllowed : Failure;
  return new refused(typeof code === 'string' ? code : 'bot-refused', message, options);
}
