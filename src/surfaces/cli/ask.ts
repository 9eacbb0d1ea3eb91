import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { GivenFile } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import type { Secret } from '../../secrets/index.ts';
import { askHttp, isBroken } from './connection.ts';
import type { Bot } from './parts.ts';

/** One line of an answer. The last one is the outcome. */
export type Line = { readonly block: Block } | { readonly outcome: Outcome };

/** What the bot does for a command: it has a name, and its lines can be read by anybody who may, at any time. */
export interface Answer {
  /** Such as op-7f3k2m; '' when the bot names none. */
  readonly operation: string;
  /** Lines as they come, those that came together in one piece. Ends after the outcome. */
  readonly lines: AsyncIterable<readonly Line[]>;
}

export interface Saying {
  readonly words: readonly string[];
  readonly files: readonly GivenFile[];
  readonly secret?: Secret;
}

export interface Asking {
  readonly bot: Bot;
  readonly clock: Clock;
  /** Ends the reading at once. */
  readonly signal: AbortSignal;
}

/** A bot that starts anew is back within seconds; a proxy in between sometimes takes longer. */
const PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
const OPERATION = /\/operations\/(op-[a-z0-9]{6,40})$/;

/** Says a command to the bot. `patience` is for the first answer alone: a command that was sent may have begun. */
export async function askBot(asking: Asking, said: Saying, patience = asking.signal): Promise<Answer> {
  const request = {
    method: 'POST',
    path: '/api/v1/commands',
    headers: {
      'content-type': 'application/json',
      accept: 'application/x-ndjson',
      'idempotency-key': randomUUID(), // said twice over a bad line, it is done once
    },
    body: bodyOf(said),
  } as const;
  for (let tries = 0; ; tries++) {
    try {
      const response = await askHttp(asking.bot, request, patience);
      const operation = OPERATION.exec(response.headers.location ?? '')?.[1] ?? '';
      return { operation, lines: readOn(asking, operation, response) };
    } catch (error) {
      const pauseMs = PAUSES_MS[tries];
      if (!(error instanceof Failure) || !isBroken(error) || pauseMs === undefined) throw error;
      await pause(asking.clock, pauseMs, patience);
    }
  }
}

function bodyOf({ words, files, secret }: Saying): string {
  return JSON.stringify({
    words,
    ...(files.length ? { files } : {}),
    ...(secret ? { secret: secret.reveal() } : {}),
  });
}

/** Picks up what runs already, from its first line on. */
export async function pickUp(asking: Asking, operation: string): Promise<Answer> {
  return { operation, lines: readOn(asking, operation, await eventsFrom(asking, operation, 0)) };
}

/** Reads to the outcome, over as many connections as that takes. Throws a Failure when none of them brings more. */
async function* readOn(
  asking: Asking,
  operation: string,
  first: IncomingMessage,
): AsyncGenerator<readonly Line[]> {
  let [received, tries] = [0, 0];
  for (let response: IncomingMessage | undefined = first; ; ) {
    for await (const lines of response ? linesOf(response, asking.signal) : []) {
      received += lines.length;
      tries = 0;
      yield lines;
      if (lines.some((line) => 'outcome' in line)) return;
    }
    const pauseMs = PAUSES_MS[tries++];
    if (operation === '' || pauseMs === undefined) throw wentAway(operation);
    await pause(asking.clock, pauseMs, asking.signal);
    response = await eventsFrom(asking, operation, received).catch(passing);
  }
}

/** Ends with the connection, however that ends. Throws only when the signal fires, or for what is no answer. */
async function* linesOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<readonly Line[]> {
  const stop = () => response.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let pending = '';
  try {
    signal.throwIfAborted();
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${pending}${chunk}`.split('\n');
      pending = lines.pop() ?? '';
      if (lines.length) yield lines.map(lineFrom);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}

function lineFrom(text: string): Line {
  try {
    const line: unknown = JSON.parse(text);
    if (isLine(line)) return line;
  } catch {
    // told below, as any other answer that is none
  }
  throw new Failure('bot-refused', 'What answers there is no bot: its answer is not what a bot says.', {
    advice: 'Check KATABOT_URL, or `katabot login URL`.',
  });
}

function isLine(line: unknown): line is Line {
  return typeof line === 'object' && line !== null && ('block' in line || 'outcome' in line);
}

function wentAway(operation: string): Failure {
  return operation
    ? new Failure('bot-unreachable', 'The connection to the bot broke, and the bot does not answer.', {
        advice: `Pick it up when it is back: katabot follow ${operation}`,
      })
    : new Failure('bot-unreachable', 'The bot went away in the middle of its answer.', {
        advice: 'What it had begun goes on when it is back: katabot status',
      });
}

function passing(error: unknown): undefined {
  if (!(error instanceof Failure) || error.code !== 'bot-unreachable') throw error;
}

function eventsFrom({ bot, signal }: Asking, operation: string, from: number): Promise<IncomingMessage> {
  const path = `/api/v1/operations/${encodeURIComponent(operation)}/events?from=${from}`;
  return askHttp(bot, { method: 'GET', path, headers: { accept: 'application/x-ndjson' } }, signal);
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
