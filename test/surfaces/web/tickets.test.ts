/** A session that is asked for with a token and opened without one: once, within a minute, by whoever has its password. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Session, TerminalSize } from '../../../src/engines/index.ts';
import { Failure } from '../../../src/failure.ts';
import { createAuthority, signed } from '../../world/certificates.ts';
import { onTerminal } from '../cli/run-katabot.ts';
import { type ServedWeb, serveWeb } from './served-web.ts';

let web: ServedWeb;
const opened: unknown[] = [];

beforeAll(async () => {
  web = await serveWeb();
});
afterAll(() => web.close());
beforeEach(() => {
  opened.length = 0;
  web.revoked.clear();
  web.clock.advance(600_000);
  web.admitSession = async () => {};
  web.session = async (kind, caller, request) => {
    opened.push({ kind, caller: caller.name, request });
    return echo('hello');
  };
});

/** A program that says one thing and ends. */
function echo(text: string): Session {
  return {
    output: (async function* () {
      yield { stream: 'stdout' as const, bytes: Buffer.from(text) };
    })(),
    begun: async () => {},
    exitCode: Promise.resolve(0),
    write: async () => {},
    endInput() {},
    resize: async () => {},
    close() {},
  };
}

interface Ticket {
  readonly webSocketUri: string;
  readonly password: string;
  readonly expiresAt: string;
}

async function ticketFor(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Ticket }> {
  const response = await fetch(`${web.url}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer of-olga', ...headers },
  });
  const body: Ticket = Object(await response.json());
  return { status: response.status, body };
}

/** What came, or the status and the code of the refusal. */
function use(
  { webSocketUri }: Ticket,
  password: string,
  protocols = ['v5.channel.k8s.io'],
): Promise<unknown> {
  const headers = password ? { authorization: `Bearer ${password}` } : {};
  const socket = new WebSocket(webSocketUri, protocols, { headers });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const said: string[] = [];
  socket.on('message', (message: Buffer) => said.push(message.subarray(1).toString('utf8')));
  socket.on('close', () => resolve(said));
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.on('data', (part) => {
      body += part;
    });
    response.on('end', () => resolve([response.statusCode, JSON.parse(body).code]));
  });
  socket.on('error', reject);
  return promise;
}

const EXEC = '/api/v1/exec?group=hello&container=web&command=ls&command=-l';

describe('a session of its own', () => {
  test('is opened by its password alone, for the caller who asked', async () => {
    const { status, body } = await ticketFor(EXEC);
    expect(status).toBe(201);
    expect(body).toEqual({
      webSocketUri: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+\/api\/v1\/sessions\/[\w-]{22}$/),
      password: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: new Date(web.clock.now() + 60_000).toISOString(),
    });
    expect(opened).toEqual([]);
    expect(await use(body, body.password)).toEqual(['hello', '{"status":"Success"}']);
    expect(opened).toEqual([
      {
        kind: 'exec',
        caller: 'olga',
        request: {
          group: 'hello',
          environment: 'production',
          container: 'web',
          input: false,
          command: ['ls', '-l'],
          yes: false,
        },
      },
    ]);
  });

  test('takes its password as browsers hand it over', async () => {
    const { body } = await ticketFor('/api/v1/attach?group=hello');
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from(body.password).toString('base64url')}`;
    expect(await use(body, '', ['v5.channel.k8s.io', protocol])).toEqual(['hello', '{"status":"Success"}']);
  });

  test('is opened once', async () => {
    const { body } = await ticketFor(EXEC);
    await use(body, body.password);
    expect(await use(body, body.password)).toEqual([401, 'session-over']);
    expect(opened).toHaveLength(1);
  });

  test('is lost by a wrong password, and guessing is held back', async () => {
    const { body } = await ticketFor(EXEC);
    expect(await use(body, 'a-guess')).toEqual([401, 'session-over']);
    expect(await use(body, body.password)).toEqual([401, 'session-over']);
    const answers = [];
    for (let count = 0; count < 12; count++) answers.push(await use(body, `guess-${count}`));
    expect(answers.at(-1)).toEqual([429, 'too-many-requests']);
    expect(opened).toEqual([]);
  });

  test('is over after a minute', async () => {
    const { body } = await ticketFor(EXEC);
    web.clock.advance(60_000);
    expect(await use(body, body.password)).toEqual([401, 'session-over']);
  });

  test('is over when the token of who asked was taken back', async () => {
    const { body } = await ticketFor(EXEC);
    web.revoked.add('of-olga');
    expect(await use(body, body.password)).toEqual([401, 'session-over']);
    expect(opened).toEqual([]);
  });

  test('that would be refused is not given', async () => {
    web.admitSession = () => Promise.reject(new Failure('right-missing', 'No.', { advice: 'Ask.' }));
    expect(await ticketFor(EXEC)).toMatchObject({ status: 403, body: { code: 'right-missing' } });
    expect(await ticketFor('/api/v1/exec?group=hello')).toMatchObject({
      status: 400,
      body: { code: 'usage' },
    });
    expect(await ticketFor(EXEC, { authorization: '' })).toMatchObject({
      status: 401,
      body: { code: 'token-missing' },
    });
  });

  test('is over TLS where a proxy before the bot is', async () => {
    const { body } = await ticketFor(EXEC, { 'x-forwarded-proto': 'https' });
    expect(body.webSocketUri).toMatch(/^wss:/);
  });
});

test('over TLS a terminal is a terminal: what is typed, its size, and how the program ended', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-secure-'));
  const authority = createAuthority(folder, 'authority');
  const { cert: certificate, key } = signed(folder, 'bot', authority);
  const secure = await serveWeb({ tls: { certificate, key } });
  try {
    const sizes: TerminalSize[] = [];
    const typed = Promise.withResolvers<string>();
    const resized = Promise.withResolvers<void>();
    secure.session = async () => ({
      ...echo(''),
      output: (async function* () {
        yield { stream: 'stdout' as const, bytes: Buffer.from('ready\r\n') };
        await resized.promise;
        yield { stream: 'stdout' as const, bytes: Buffer.from(`typed ${await typed.promise}\r\n`) };
      })(),
      exitCode: typed.promise.then(() => 5),
      write: async (bytes) => typed.resolve(Buffer.from(bytes).toString('utf8').trim()),
      async resize(size) {
        sizes.push(size);
        resized.resolve();
      },
    });
    const variables = {
      KATABOT_URL: secure.url,
      KATABOT_TOKEN: 'of-olga',
      NODE_EXTRA_CA_CERTS: authority.cert,
    };
    const running = onTerminal(['exec', 'hello', '-t', '--', 'sh'], { folder, variables });
    await running.sees(/ready/);
    running.resize(33, 77);
    running.type('quit\r');
    await running.sees(/typed quit/);
    expect([(await running.ended).code, await running.cooked]).toEqual([5, true]);
    expect(sizes).toContainEqual({ rows: 33, columns: 77 });

    const stranger = onTerminal(['exec', 'hello', '-t', '--', 'sh'], {
      folder,
      variables: { ...variables, NODE_EXTRA_CA_CERTS: '' },
    });
    expect(await stranger.ended).toMatchObject({ code: 3, out: expect.stringContaining('certificate') });
  } finally {
    await secure.close();
    await rm(folder, { recursive: true, force: true });
  }
});
