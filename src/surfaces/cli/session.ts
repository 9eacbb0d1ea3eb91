import { WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { Failure } from '../../failure.ts';
import { endOfInput, heardIn, inputMessage, resizeMessage, SUBPROTOCOL } from './channels.ts';
import { addressOf, refusal, unreachable } from './connection.ts';
import type { Bot } from './parts.ts';

/** A program in a container, at the other end of a websocket. */
export interface Session {
  /** The exit code of the program. Rejects with a Failure when the session breaks, or with what `close` was given. */
  readonly ended: Promise<number>;
  /** Gives a promise when the bot is slow: it resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  endInput(): void;
  resize(size: { readonly rows: number; readonly columns: number }): void;
  close(reason: unknown): void;
}

/** Takes what the program prints. A promise holds back the rest until it resolves. */
export type TakeOutput = (stream: 'out' | 'error', bytes: Uint8Array) => Promise<void> | undefined;

/** A connection that says nothing for two of these is gone. */
const HEARTBEAT_MS = 20_000;
const MOST_UNSENT_BYTES = 1024 * 1024;

/** Opens a session at a path of the bot. Throws a Failure when the bot refuses it. */
export async function openSession(
  bot: Bot,
  path: string,
  { clock, signal, take }: { readonly clock: Clock; readonly signal: AbortSignal; readonly take: TakeOutput },
): Promise<Session> {
  const socket = connect(bot, path);
  const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
  ended.catch(() => {}); // told when it is waited for
  hear(socket, take, { resolve, reject });
  const close = (reason: unknown) => {
    reject(reason);
    socket.terminate();
  };
  const stop = () => close(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  socket.on('close', () => signal.removeEventListener('abort', stop));
  if (signal.aborted) stop();
  await opened(socket, bot, signal);
  beat(socket, clock, () => close(unreachable(bot.url, new Error('the connection went silent'))));
  return {
    ended,
    write(bytes) {
      const sent = new Promise<void>((done) => socket.send(inputMessage(bytes), () => done()));
      return socket.bufferedAmount > MOST_UNSENT_BYTES ? sent : undefined;
    },
    endInput: () => socket.send(endOfInput()),
    resize: (size) => socket.send(resizeMessage(size)),
    close,
  };
}

function connect(bot: Bot, path: string): WebSocket {
  try {
    const address = addressOf(bot, path);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const headers = { authorization: `Bearer ${bot.token}` };
    return new WebSocket(address, [SUBPROTOCOL], { headers, perMessageDeflate: false });
  } catch (error) {
    throw unreachable(bot.url, error);
  }
}

/** Passes output on, and settles the end: by the program's own status, or by a connection that broke before it. */
function hear(
  socket: WebSocket,
  take: TakeOutput,
  {
    resolve,
    reject,
  }: { readonly resolve: (exitCode: number) => void; readonly reject: (error: unknown) => void },
): void {
  socket.on('message', (message: Buffer) => {
    const heard = heardIn(message);
    if (heard?.kind === 'ended') resolve(heard.exitCode);
    if (heard?.kind === 'failed') reject(failureFrom(heard));
    if (heard?.kind !== 'output') return;
    const full = take(heard.stream, heard.bytes);
    if (!full) return;
    socket.pause();
    void full.finally(() => socket.resume());
  });
  socket.on('error', () => {}); // followed by `close`, which settles
  socket.on('close', () =>
    reject(
      new Failure('bot-unreachable', 'The connection broke before the program had ended.', {
        advice: 'Whether it still runs is up to it: programs of a session are not taken up again.',
      }),
    ),
  );
}

function failureFrom({ code, message, advice }: { code: string; message: string; advice: string }): Failure {
  return new Failure(code, message, { advice });
}

function opened(socket: WebSocket, bot: Bot, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('unexpected-response', (_request, response) => {
      // The socket goes only when the answer was read: its end would be told as an error of its own.
      void refusal(response)
        .then(reject, reject)
        .finally(() => socket.terminate());
    });
    socket.on('error', (error) => reject(signal.aborted ? signal.reason : unreachable(bot.url, error)));
  });
}

/** Asks for a sign of life again and again; a network that is gone says nothing by itself. */
function beat(socket: WebSocket, clock: Clock, silent: () => void): void {
  let alive = true;
  let cancel = () => {};
  const next = () => {
    if (!alive) return silent();
    alive = false;
    socket.ping();
    cancel = clock.after(HEARTBEAT_MS, next);
  };
  socket.on('pong', () => {
    alive = true;
  });
  socket.on('close', () => cancel());
  cancel = clock.after(HEARTBEAT_MS, next);
}
