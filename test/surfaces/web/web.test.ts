import type { Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import { createWeb, listen } from '../../../src/surfaces/web/index.ts';

const DONE: Outcome = { kind: 'done', code: 'status', blocks: [], data: { groups: [] } };

let server: Server;
let url: string;
/** What the next command does. */
let run: Parameters<typeof createWeb>[0]['run'];
const heard: { words: readonly string[]; caller: string }[] = [];
const reported: unknown[] = [];

beforeAll(async () => {
  const web = createWeb({
    authenticate: async (token) => (token === 'right' ? { name: 'ann', right: 'reader' } : undefined),
    run(words, caller, signal) {
      heard.push({ words, caller: caller.name });
      return run(words, caller, signal);
    },
    async git(request, response) {
      if (request.url === '/git/broken.git') throw new Error('a secret of the inside');
      response.end(`${request.method} ${request.url} ${(await buffer(request)).toString('hex')}`);
    },
    reportInternal(error) {
      reported.push(error);
      return 'k7f2';
    },
  });
  server = await listen(web, '127.0.0.1', 0);
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});

afterAll(() => new Promise((done) => server.close(done)));

beforeEach(() => {
  heard.length = 0;
  reported.length = 0;
  run = async function* () {
    yield { kind: 'text', text: 'first' };
    return DONE;
  };
});

function ask(body: unknown, { token = 'right', signal }: { token?: string; signal?: AbortSignal } = {}) {
  return fetch(`${url}/api/v1/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

const linesOf = async (response: Response) =>
  (await response.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the one HTTP port', () => {
  test('tells its health to anybody', async () => {
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  test.each(['/', '/api', '/api/v1/commands', '/.git/config'])('has nothing at GET %s', async (path) => {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('hands everything below /git/ on, with its body untouched', async () => {
    const body = Buffer.from([0, 1, 2, 254, 255]);
    const response = await fetch(`${url}/git/x.git/git-receive-pack?a=b`, { method: 'POST', body });
    expect(await response.text()).toBe('POST /git/x.git/git-receive-pack?a=b 000102feff');
  });

  test('says of an error inside nothing but its reference', async () => {
    const response = await fetch(`${url}/git/broken.git`);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('reference k7f2');
    expect(text).not.toContain('secret of the inside');
    expect(reported).toHaveLength(1);
  });
});

describe('a command', () => {
  test('is answered line by line; the last line is the outcome', async () => {
    const response = await ask({ words: ['status', 'hello'] });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    expect(await linesOf(response)).toEqual([{ block: { kind: 'text', text: 'first' } }, { outcome: DONE }]);
    expect(heard).toEqual([{ words: ['status', 'hello'], caller: 'ann' }]);
  });

  test('is told as it happens: the first line comes before the command has ended', async () => {
    const end = Promise.withResolvers<void>();
    run = async function* () {
      yield { kind: 'text', text: 'begun' };
      await end.promise;
      return DONE;
    };
    const reader = (await ask({ words: ['logs', 'hello', '-f'] })).body?.getReader();
    const first = await reader?.read();
    expect(JSON.parse(Buffer.from(first?.value ?? []).toString())).toEqual({
      block: { kind: 'text', text: 'begun' },
    });
    end.resolve();
    const second = await reader?.read();
    expect(JSON.parse(Buffer.from(second?.value ?? []).toString())).toEqual({ outcome: DONE });
  });

  test('hears that its reader left', async () => {
    const left = Promise.withResolvers<void>();
    run = async function* (_words, _caller, signal): AsyncGenerator<Block, Outcome> {
      yield { kind: 'text', text: 'begun' };
      signal.addEventListener('abort', () => left.resolve());
      await left.promise;
      return DONE;
    };
    const reader = new AbortController();
    const response = await ask({ words: ['logs'] }, { signal: reader.signal });
    await response.body?.getReader().read();
    reader.abort();
    await left.promise;
    expect(reported).toEqual([]);
  });

  test.each([
    ['without a token', ''],
    ['with a token that is none', 'wrong'],
    ['with two words for a token', 'right right'],
  ])('%s is not run', async (_what, token) => {
    const response = await ask({ words: ['delete', 'hello'] }, { token });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.json()).toMatchObject({
      code: 'token-missing',
      detail: expect.stringContaining('KATABOT_TOKEN'),
    });
    expect(heard).toEqual([]);
  });

  test.each([
    ['no JSON', 'delete hello'],
    ['no words', {}],
    ['something else than words', { words: [1] }],
    ['more than it should', { words: ['status'], caller: 'root' }],
    ['too many words', { words: Array.from({ length: 65 }, () => 'x') }],
    ['a word without an end', { words: ['x'.repeat(2_001)] }],
  ])('with %s is refused', async (_what, body) => {
    const response = await ask(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'bad-request' });
    expect(heard).toEqual([]);
  });

  test('larger than a command can be is refused before it is read', async () => {
    const response = await ask(JSON.stringify({ words: ['x'.repeat(300 * 1024)] }));
    expect(response.status).toBe(413);
    expect(heard).toEqual([]);
  });

  test('that breaks inside ends with a reference and without a trace', async () => {
    run = async function* () {
      yield { kind: 'text', text: 'begun' };
      throw new TypeError('a secret of the inside');
    };
    const lines = await linesOf(await ask({ words: ['status'] }));
    expect(lines.at(-1)).toMatchObject({ outcome: { kind: 'failed', code: 'internal' } });
    expect(JSON.stringify(lines)).toContain('reference k7f2');
    expect(JSON.stringify(lines)).not.toContain('secret of the inside');
    expect(reported).toHaveLength(1);
  });
});
