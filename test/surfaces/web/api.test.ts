/** The API beyond one answer: operations that outlive their readers, keys, limits, sessions, TLS, and its own description. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { VERBS } from '../../../src/commands/index.ts';
import type { Session } from '../../../src/engines/index.ts';
import { Failure } from '../../../src/failure.ts';
import { openApi } from '../../../src/surfaces/web/openapi.ts';
import { DONE, linesOf, type ServedWeb, serveWeb } from './served-web.ts';

let web: ServedWeb;

beforeEach(async () => {
  web = await serveWeb();
});

afterEach(() => web.close());

// What comes is compared, part by part, by the tests themselves.
// biome-ignore lint/suspicious/noExplicitAny: as JSON.parse gives it
const jsonOf = async (response: Promise<Response>): Promise<any> => JSON.parse(await (await response).text());
const text = (said: string) => ({ kind: 'text', text: said }) as const;
const STATUS = { words: ['status', 'hello'] };
const DELETE = { words: ['delete', 'hello'] };

describe('an answer', () => {
  test.each([
    [undefined, 'application/x-ndjson'],
    ['*/*', 'application/x-ndjson'],
    ['application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['text/html, application/json;q=0.9', 'application/json'],
  ])('to Accept: %s is %s', async (accept, type) => {
    const response = await web.ask(STATUS, { headers: accept === undefined ? {} : { accept } });
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('location')).toMatch(/^\/api\/v1\/operations\/op-[a-z0-9]{8}$/);
  });

  test('as one document has blocks and outcome together', async () => {
    const response = await web.ask(
      { line: '/kata status "hello"' },
      { headers: { accept: 'application/json' } },
    );
    expect(await response.json()).toEqual({
      operation: expect.stringMatching(/^op-/),
      blocks: [text('first')],
      outcome: DONE,
    });
    expect(web.heard).toEqual([{ words: [], line: '/kata status "hello"', caller: 'ann', surface: 'api' }]);
  });

  test('as events has a number for each block', async () => {
    const response = await web.ask(STATUS, { headers: { accept: 'text/event-stream' } });
    expect(await response.text()).toBe(
      `id: 0\nevent: block\ndata: ${JSON.stringify(text('first'))}\n\nevent: outcome\ndata: ${JSON.stringify(DONE)}\n\n`,
    );
  });

  test('in another form is refused', async () => {
    const response = await web.ask(STATUS, { headers: { accept: 'text/html' } });
    expect([response.status, await response.json()]).toEqual([
      406,
      expect.objectContaining({ code: 'not-acceptable' }),
    ]);
  });

  test.each([
    ['a form', 415, { headers: { 'content-type': 'text/plain' } }, STATUS],
    ['words and a line', 400, {}, { ...STATUS, line: '/kata status' }],
    ['neither', 400, {}, {}],
    ['an empty key', 400, { headers: { 'idempotency-key': '' } }, STATUS],
    ['a key without an end', 400, { headers: { 'idempotency-key': 'k'.repeat(201) } }, STATUS],
  ])('to %s is %i', async (_what, status, more, body) => {
    const response = await web.ask(body, more);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status, title: expect.any(String), type: /^\/problems\// });
  });

  test('to another method says which one', async () => {
    const response = await web.get('/api/v1/commands');
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('carries files, and knows the command line by its name', async () => {
    await web.ask(
      { words: ['plan'], files: [{ path: 'a.yaml', text: 'name: a' }] },
      { headers: { 'user-agent': 'katabot-cli/0.1.0' } },
    );
    expect(web.heard[0]?.surface).toBe('cli');
  });
});

describe('an operation', () => {
  test('that changes something goes on when its reader has left, and a second one picks it up', async () => {
    const gate = Promise.withResolvers<void>();
    web.run = async function* (_said, signal) {
      yield text('begun');
      await gate.promise;
      expect(signal.aborted).toBe(false);
      yield text('over');
      return DONE;
    };
    const reader = new AbortController();
    const response = await web.ask(DELETE, { token: 'of-bo', signal: reader.signal });
    const at = response.headers.get('location') ?? '';
    await response.body?.getReader().read();
    reader.abort();
    web.clock.advance(60_000);
    const second = web.get(`${at}/events?from=1`, {
      token: 'of-bo',
      headers: { accept: 'application/x-ndjson' },
    });
    gate.resolve();
    expect(await linesOf(await second)).toEqual([{ block: text('over') }, { outcome: DONE }]);
    const third = await web.get(`${at}/events`, { token: 'of-bo', headers: { 'last-event-id': '0' } });
    expect(await third.text()).toContain('id: 1\nevent: block');
  });

  test('can be begun without waiting, and asked for later', async () => {
    const gate = Promise.withResolvers<void>();
    web.run = async function* () {
      yield text('begun');
      await gate.promise;
      return DONE;
    };
    const response = await web.ask(DELETE, { headers: { prefer: 'respond-async' } });
    expect(response.status).toBe(202);
    const at = response.headers.get('location') ?? '';
    expect(await jsonOf(web.get(at))).toMatchObject({
      state: 'running',
      caller: 'ann',
      text: 'delete hello',
    });
    gate.resolve();
    await (await web.get(`${at}/events`)).text();
    expect(await jsonOf(web.get(at))).toMatchObject({ state: 'ended', outcome: DONE });
  });

  test('is seen by its caller and by operators, and by nobody else', async () => {
    await (await web.ask(STATUS, { token: 'right' })).text();
    const ids = async (token: string) =>
      (await jsonOf(web.get('/api/v1/operations', { token }))).operations.map(
        ({ caller }: { caller: string }) => caller,
      );
    expect(await ids('right')).toEqual(['ann']);
    expect(await ids('of-olga')).toEqual(['ann']);
    expect(await ids('of-bo')).toEqual([]);
    const { operations } = await jsonOf(web.get('/api/v1/operations'));
    expect((await web.get(`/api/v1/operations/${operations[0].id}`, { token: 'of-bo' })).status).toBe(404);
    expect((await web.get('/api/v1/operations/op-nothing')).status).toBe(404);
  });

  test('is forgotten an hour after its end', async () => {
    const first = await web.ask(STATUS);
    const at = first.headers.get('location') ?? '';
    await first.text();
    web.clock.advance(2 * 3_600_000);
    await (await web.ask(STATUS)).text();
    expect((await web.get(at)).status).toBe(404);
  });

  test('waits for a slow reader rather than losing lines', async () => {
    const total = 25_000;
    web.run = async function* () {
      for (let index = 0; index < total; index++) yield { kind: 'log', source: 'main', text: String(index) };
      return DONE;
    };
    const lines = await linesOf(await web.ask({ words: ['logs', 'hello'] }));
    expect(lines).toHaveLength(total + 1);
    expect(lines[total - 1]).toEqual({ block: { kind: 'log', source: 'main', text: String(total - 1) } });
  });

  test('that changes something loses its oldest lines when nobody reads, and says so', async () => {
    const ended = Promise.withResolvers<void>();
    web.run = async function* () {
      for (let index = 0; index < 30_000; index++) yield text(String(index));
      ended.resolve();
      return DONE;
    };
    const response = await web.ask(DELETE, { headers: { prefer: 'respond-async' } });
    await ended.promise;
    const events = await web.get(`${response.headers.get('location')}/events`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const lines = await linesOf(events);
    expect(lines[0].block.text).toMatch(/^… \d+ earlier lines are no longer kept$/);
    expect(lines.at(-2)).toEqual({ block: text('29999') });
  });
});

describe('a key', () => {
  const key = (name: string, token = 'right') => ({
    token,
    headers: { 'idempotency-key': name, accept: 'application/json' },
  });

  test('used twice does the work once, also when both come at the same moment', async () => {
    const answers = await Promise.all([web.ask(DELETE, key('a')), web.ask(DELETE, key('a'))]);
    const bodies = await Promise.all(answers.map((answer) => jsonOf(Promise.resolve(answer))));
    expect(bodies[0].operation).toBe(bodies[1].operation);
    expect((await jsonOf(web.ask(DELETE, key('a')))).operation).toBe(bodies[0].operation);
    expect(web.heard).toHaveLength(1);
  });

  test('of another caller, or for another command, is another matter', async () => {
    await (await web.ask(DELETE, key('a'))).text();
    await (await web.ask(DELETE, key('a', 'of-bo'))).text();
    expect(web.heard).toHaveLength(2);
    const response = await web.ask(STATUS, key('a'));
    expect([response.status, await response.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'key-used' }),
    ]);
  });

  test('holds over a restart of the bot', async () => {
    const first = await jsonOf(web.ask(DELETE, key('a')));
    await web.restart();
    const again = await jsonOf(web.ask(DELETE, key('a')));
    expect([again.operation, again.outcome]).toEqual([first.operation, DONE]);
    expect(web.heard).toHaveLength(1);
  });

  test('of something that the restart cut short says so, and is free again after a day', async () => {
    web.run = async function* () {
      yield text('begun');
      await new Promise(() => {});
      return DONE;
    };
    await web.ask(DELETE, { headers: { 'idempotency-key': 'a', prefer: 'respond-async' } });
    await web.restart();
    const { outcome } = await jsonOf(web.ask(DELETE, key('a')));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'interrupted' });
    web.clock.advance(25 * 3_600_000);
    web.run = async function* () {
      yield text('anew');
      return DONE;
    };
    expect((await jsonOf(web.ask(DELETE, key('a')))).outcome).toEqual(DONE);
  });
});

describe('limits', () => {
  test('hold back a caller that asks too often, and let it in again', async () => {
    await web.close();
    web = await serveWeb({ requestsPerSecond: 2 });
    const statuses: number[] = [];
    for (let count = 0; count < 7; count++) statuses.push((await web.get('/api/v1/operations')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const refused = await web.get('/api/v1/operations');
    expect([refused.headers.get('retry-after'), (await jsonOf(Promise.resolve(refused))).code]).toEqual([
      '1',
      'too-many-requests',
    ]);
    expect((await web.get('/api/v1/operations', { token: 'of-bo' })).status).toBe(200);
    web.clock.advance(1_000);
    expect((await web.get('/api/v1/operations')).headers.get('ratelimit-remaining')).toBe('1');
  });

  test('hold back an address that guesses tokens', async () => {
    const guess = async () => (await web.get('/api/v1/operations', { token: 'guess' })).status;
    const statuses: number[] = [];
    for (let count = 0; count < 11; count++) statuses.push(await guess());
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await web.get('/api/v1/operations')).status).toBe(200);
  });
});

describe('a session', () => {
  const asked: unknown[] = [];

  function pretend(
    more: Partial<Session> & { said?: [stream: 'stdout' | 'stderr', text: string][]; exit?: number },
  ): Session {
    const { said = [], exit = 0, ...rest } = more;
    return {
      begun: async () => {},
      output: (async function* () {
        for (const [stream, each] of said) yield { stream, bytes: Buffer.from(each) };
      })(),
      exitCode: Promise.resolve(exit),
      write: async () => {},
      endInput() {},
      resize: async () => {},
      close() {},
      ...rest,
    };
  }

  function open(path: string, protocols = ['v5.channel.k8s.io'], token = 'of-olga') {
    const socket = new WebSocket(`${web.url.replace('http', 'ws')}${path}`, protocols, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    const messages: [channel: number, text: string][] = [];
    socket.on('message', (message: Buffer) =>
      messages.push([message[0] ?? -1, message.subarray(1).toString('utf8')]),
    );
    const { promise: closed, resolve, reject } = Promise.withResolvers<number>();
    socket.on('close', resolve);
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (part) => {
        body += part;
      });
      response.on('end', () => reject(Object.assign(new Error(body), { status: response.statusCode })));
    });
    socket.on('error', reject);
    return { socket, messages, closed };
  }

  beforeEach(() => {
    asked.length = 0;
  });

  test('carries output and errors apart, and the exit code', async () => {
    web.session = async (kind, caller, request) => {
      asked.push({ kind, caller: caller.name, request });
      return pretend({
        said: [
          ['stdout', 'out\n'],
          ['stderr', 'err\n'],
        ],
        exit: 7,
      });
    };
    const { messages, closed } = open(
      '/api/v1/exec?group=hello&container=web&command=ls&command=-l%20x&yes=1',
    );
    expect(await closed).toBe(1000);
    expect(messages.slice(0, 2)).toEqual([
      [1, 'out\n'],
      [2, 'err\n'],
    ]);
    expect(JSON.parse(messages[2]?.[1] ?? '')).toMatchObject({
      status: 'Failure',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
    expect(asked).toEqual([
      {
        kind: 'exec',
        caller: 'olga',
        request: {
          group: 'hello',
          environment: 'production',
          container: 'web',
          input: false,
          command: ['ls', '-l x'],
          yes: true,
        },
      },
    ]);
  });

  test('carries input, its end, and the size of the window', async () => {
    const heard: unknown[] = [];
    const over = Promise.withResolvers<void>();
    web.session = async () =>
      pretend({
        output: (async function* () {
          await over.promise;
          yield { stream: 'stdout' as const, bytes: Buffer.from('done') };
        })(),
        async write(bytes) {
          heard.push(Buffer.from(bytes).toString('utf8'));
        },
        async resize(size) {
          heard.push(size);
        },
        endInput() {
          heard.push('end');
          over.resolve();
        },
      });
    const { socket, messages, closed } = open('/api/v1/exec?group=hello&command=cat&input=1&terminal=1');
    await new Promise((go) => socket.once('open', go));
    socket.send(Buffer.from('\u0000typed'));
    socket.send(Buffer.from('\u0004{"Width":100,"Height":40}'));
    socket.send(Buffer.from('\u0004{"Width":-1}'));
    socket.send(Buffer.from([255, 0]));
    await closed;
    expect(heard).toEqual(['typed', { rows: 40, columns: 100 }, 'end']);
    expect(messages).toEqual([
      [1, 'done'],
      [3, '{"status":"Success"}'],
    ]);
  });

  test('takes its token as a subprotocol, for browsers', async () => {
    web.session = async () => pretend({ said: [['stdout', 'x']] });
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('of-olga').toString('base64url')}`;
    const { socket, closed } = open('/api/v1/attach?group=hello', [token, 'v5.channel.k8s.io'], '');
    await closed;
    expect(socket.protocol).toBe('v5.channel.k8s.io');
  });

  test('is closed when its client leaves', async () => {
    const closedByUs = Promise.withResolvers<void>();
    web.session = async () =>
      pretend({
        output: (async function* () {
          await closedByUs.promise;
          yield* [];
        })(),
        close: () => closedByUs.resolve(),
      });
    const { socket } = open('/api/v1/attach?group=hello');
    await new Promise((go) => socket.once('open', go));
    socket.terminate();
    await closedByUs.promise;
  });

  test.each([
    ['without a token', '/api/v1/exec?group=a&command=ls', '', 401, 'token-missing'],
    ['without a group', '/api/v1/exec?command=ls', 'of-olga', 400, 'usage'],
    ['without a program', '/api/v1/exec?group=a', 'of-olga', 400, 'usage'],
    ['without the right', '/api/v1/exec?group=a&command=ls', 'of-olga', 403, 'right-missing'],
    ['elsewhere', '/api/v1/shell?group=a', 'of-olga', 404, 'not-found'],
  ])('%s is refused before the websocket opens', async (_what, path, token, status, code) => {
    web.session = () => Promise.reject(new Failure('right-missing', 'No.', { advice: 'Ask.' }));
    const { closed } = open(path, undefined, token);
    const error = await closed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status });
    expect(JSON.parse(error instanceof Error ? error.message : '')).toMatchObject({ code });
  });

  test('that is asked for over plain HTTP says what it is', async () => {
    expect((await jsonOf(web.get('/api/v1/exec?group=a'))).code).toBe('websocket-expected');
  });
});

test('with a certificate the port speaks TLS 1.2 and newer, and nothing older', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-tls-'));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = spawnSync('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  expect(made.status).toBe(0);
  const secure = await serveWeb({ tls: { certificate, key } });
  try {
    const port = Number(new URL(secure.url).port);
    // openssl says what was agreed on; it may offer old versions only when told not to mind.
    const handshake = async (version: string) => {
      const words = ['s_client', '-connect', `127.0.0.1:${port}`, version, '-cipher', 'DEFAULT@SECLEVEL=0'];
      const child = spawn('openssl', words, { stdio: ['pipe', 'pipe', 'ignore'] });
      child.stdin.end();
      const said = (await buffer(child.stdout)).toString('utf8');
      return /^New, (TLSv[\d.]+), Cipher is (?!\(NONE\))/m.exec(said)?.[1] ?? 'none';
    };
    const agreed = await Promise.all(['-tls1_3', '-tls1_2', '-tls1_1', '-tls1'].map(handshake));
    expect(agreed).toEqual(['TLSv1.3', 'TLSv1.2', 'none', 'none']);
    await expect(fetch(secure.url.replace('https', 'http'))).rejects.toThrow();
  } finally {
    await secure.close();
    await rm(folder, { recursive: true, force: true });
  }
  await expect(serveWeb({ tls: { certificate, key } })).rejects.toMatchObject({
    code: 'certificate-unusable',
  });
});

describe('the description', () => {
  const document = JSON.parse(JSON.stringify(openApi()));

  test('is given to anybody', async () => {
    const response = await fetch(`${web.url}/api/v1/openapi.json`);
    expect(await response.json()).toEqual(document);
  });

  test('has every route that the server has, and no other', async () => {
    for (const [path, methods] of Object.entries<Record<string, unknown>>(document.paths)) {
      for (const method of Object.keys(methods)) {
        const response = await fetch(`${web.url}${path.replace('{id}', 'op-nothing')}`, {
          method: method.toUpperCase(),
          headers: { authorization: 'Bearer right' },
        });
        const known =
          response.status !== 404 || (await jsonOf(Promise.resolve(response))).code !== 'not-found';
        expect([method, path, known]).toEqual([method, path, true]);
      }
    }
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/attach',
      '/api/v1/commands',
      '/api/v1/exec',
      '/api/v1/openapi.json',
      '/api/v1/operations',
      '/api/v1/operations/{id}',
      '/api/v1/operations/{id}/events',
      '/api/v1/sessions/{id}',
      '/healthz',
      '/metrics',
    ]);
  });

  test('refers to nothing that is not there, and answers every operation', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
    for (const methods of Object.values<Record<string, { summary?: string; responses?: object }>>(
      document.paths,
    )) {
      for (const { summary, responses } of Object.values(methods)) {
        expect(summary).toBeTruthy();
        expect(Object.keys(responses ?? {}).length).toBeGreaterThan(0);
      }
    }
    expect(document.openapi).toBe('3.1.0');
  });

  test('knows the verbs of the table', () => {
    const asked = VERBS.filter(({ surfaces }) => surfaces.includes('api')).map(({ name }) => name);
    expect(Object.keys(document.components.schemas.Command.$defs)).toEqual(asked);
  });
});
