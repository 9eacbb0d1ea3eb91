/** A bot that says what a test wants, over real HTTP and as the API's pages describe it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Block, Outcome } from '../../../src/replies/index.ts';

/** What a command does: tells blocks, waits for the test, and ends in an outcome. */
export type Script = (
  tell: (...blocks: Block[]) => void,
  words: readonly string[],
) => Outcome | Promise<Outcome>;

/** What a program in a container does with its session. */
export type Program = (session: ProgramSession) => void | Promise<void>;

export interface ProgramSession {
  readonly query: URLSearchParams;
  print(stream: 'stdout' | 'stderr', text: string): void;
  /** Ends with the program's code, as Kubernetes tells it. */
  exit(code: number): void;
  /** Everything that comes on a channel, as text; channel 255 says which channel has ended. */
  on(channel: 'input' | 'resize' | 'close', heard: (text: string) => void): void;
  status(status: unknown): void;
  /** The client went away. */
  readonly left: Promise<unknown>;
  socket: WebSocket;
}

export interface PretendBot {
  readonly url: string;
  readonly token: string;
  /** What came by POST, oldest first. */
  readonly said: { words: string[]; files?: { path: string; text: string }[]; key: string }[];
  /** Paths of everything that was asked. */
  readonly asked: string[];
  /** Breaks the connection after so many lines of an answer, once for each number, in order. */
  readonly breaks: number[];
  /** What the bot still lets in; a bot that is off breaks every connection. */
  on: boolean;
  script: Script;
  program: Program;
  /** Answers every command with this instead. */
  refusal: { status: number; body: unknown } | undefined;
  /** Held back before the answer to a command begins. */
  delay: Promise<unknown> | undefined;
  /** Breaks every connection that is open. */
  drop(): void;
  /** Resolves once so many requests have come. */
  hears(count: number): Promise<void>;
  stop(): Promise<void>;
}

interface Operation {
  readonly id: string;
  readonly words: string[];
  readonly lines: string[];
  ended: boolean;
  changed: () => void;
}

export const TOKEN = 'kata_of_the_test';
const done: Outcome = { kind: 'done', code: 'done', blocks: [], data: {} };

export async function startPretendBot(): Promise<PretendBot> {
  const operations = new Map<string, Operation>();
  const byKey = new Map<string, Operation>();
  const bot: Omit<PretendBot, 'url' | 'stop' | 'drop' | 'hears'> = {
    token: TOKEN,
    said: [],
    asked: [],
    breaks: [],
    on: true,
    script: () => done,
    program: ({ exit }) => exit(0),
    refusal: undefined,
    delay: undefined,
  };
  const waiting = new Set<() => void>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://bot');
    bot.asked.push(`${request.method} ${url.pathname}${url.search}`);
    for (const each of waiting) each();
    if (!bot.on) {
      request.socket.destroy();
      return;
    }
    const problem = refused(request);
    if (problem) return tell(response, problem.status, problem.body, 'application/problem+json');
    const [, id] = /^\/api\/v1\/operations\/([^/]+)\/events$/.exec(url.pathname) ?? [];
    if (request.method === 'POST' && url.pathname === '/api/v1/commands') {
      const operation = begin(request, (await json(request)) as { words: string[] });
      await bot.delay;
      response.setHeader('location', `/api/v1/operations/${operation.id}`);
      return stream(operation, 0, response);
    }
    if (url.pathname === '/api/v1/operations') {
      const list = [...operations.values()].map(({ id, words, ended }) => ({
        id,
        words,
        state: ended ? 'ended' : 'running',
        caller: 'ann',
      }));
      return tell(response, 200, { operations: list });
    }
    const operation = operations.get(id ?? '');
    if (operation) return stream(operation, Number(url.searchParams.get('from') ?? 0), response);
    const detail = 'There is no such operation, or no longer.';
    return tell(
      response,
      404,
      { status: 404, code: 'operation-unknown', detail },
      'application/problem+json',
    );
  }

  function refused(request: IncomingMessage): { status: number; body: unknown } | undefined {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      const body = { type: 'about:blank', title: 'Unauthorized', status: 401, code: 'token-missing' };
      return { status: 401, body: { ...body, detail: 'This needs a token.', advice: 'katabot login' } };
    }
    return bot.refusal;
  }

  function begin(request: IncomingMessage, body: { words: string[] }): Operation {
    const key = String(request.headers['idempotency-key']);
    bot.said.push({ ...body, key });
    const known = byKey.get(key);
    if (known) return known;
    const id = `op-test${String.fromCharCode(97 + operations.size)}1`;
    const operation: Operation = { id, words: body.words, lines: [], ended: false, changed: () => {} };
    operations.set(id, operation);
    byKey.set(key, operation);
    const add = (line: unknown) => {
      operation.lines.push(`${JSON.stringify(line)}\n`);
      operation.changed();
    };
    void (async () => {
      const outcome = await bot.script((...blocks) => {
        for (const block of blocks) add({ block });
      }, body.words);
      operation.ended = true;
      add({ outcome });
    })();
    return operation;
  }

  async function stream(operation: Operation, from: number, response: ServerResponse): Promise<void> {
    response.setHeader('content-type', 'application/x-ndjson');
    response.flushHeaders();
    let sent = 0;
    for (let at = from; ; ) {
      while (at < operation.lines.length) {
        response.write(operation.lines[at++]);
        if (++sent === bot.breaks[0]) {
          bot.breaks.shift();
          await new Promise<void>((flushed) => response.write('', () => flushed()));
          response.socket?.destroy();
          return;
        }
      }
      if (operation.ended) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      operation.changed = resolve;
      response.on('close', resolve);
      await promise;
      if (response.destroyed) return;
    }
    response.end();
  }

  const server = createServer((request, response) => void answer(request, response));
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://bot');
    bot.asked.push(`GET ${url.pathname}${url.search}`);
    const problem = refused(request);
    if (problem) {
      const body = JSON.stringify(problem.body);
      socket.end(
        `HTTP/1.1 ${problem.status} No\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => void bot.program(sessionOn(ws, url.searchParams)));
  });
  server.listen(0, '127.33.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(bot, {
    url: `http://127.33.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    drop: () => server.closeAllConnections(),
    hears: (count: number) =>
      new Promise<void>((heard) => {
        const look = () => {
          if (bot.asked.length < count) return;
          waiting.delete(look);
          heard();
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  });
}

function tell(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

const CHANNELS = { input: 0, resize: 4, close: 255 } as const;

function sessionOn(socket: WebSocket, query: URLSearchParams): ProgramSession {
  const send = (channel: number, text: string) =>
    socket.send(Buffer.concat([Uint8Array.of(channel), Buffer.from(text)]));
  const status = (told: unknown) => {
    send(3, JSON.stringify(told));
    socket.close();
  };
  return {
    query,
    socket,
    status,
    left: once(socket, 'close'),
    print: (stream, text) => send(stream === 'stdout' ? 1 : 2, text),
    exit(code) {
      const causes = [{ reason: 'ExitCode', message: String(code) }];
      status(code === 0 ? { status: 'Success' } : { status: 'Failure', details: { causes } });
    },
    on(channel, heard) {
      socket.on('message', (message: Buffer) => {
        if (message[0] === CHANNELS[channel])
          heard(channel === 'close' ? String(message[1]) : message.subarray(1).toString());
      });
    },
  };
}
