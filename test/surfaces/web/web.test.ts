import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import { eventually } from '../../world/bot.ts';
import { DONE, linesOf, type ServedWeb, serveWeb } from './served-web.ts';

let web: ServedWeb;

beforeAll(async () => {
  web = await serveWeb();
});

afterAll(() => web.close());

beforeEach(() => {
  web.heard.length = 0;
  web.reported.length = 0;
  web.clock.advance(600_000); // whatever was asked too often is forgotten
  web.run = async function* () {
    yield { kind: 'text', text: 'first' };
    return DONE;
  };
});

describe('the one HTTP port', () => {
  test('tells its health to anybody', async () => {
    const response = await fetch(`${web.url}/healthz`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  });

  test.each(['/', '/api', '/api/v2/commands', '/.git/config'])('has nothing at GET %s', async (path) => {
    const response = await fetch(`${web.url}${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('hands everything below /git/ on, with its body untouched', async () => {
    const body = Buffer.from([0, 1, 2, 254, 255]);
    const response = await fetch(`${web.url}/git/x.git/git-receive-pack?a=b`, { method: 'POST', body });
    expect(await response.text()).toBe('POST /git/x.git/git-receive-pack?a=b 000102feff');
  });

  test('says of an error inside nothing but its reference', async () => {
    const response = await fetch(`${web.url}/git/broken.git`);
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('reference k7f2');
    expect(text).not.toContain('secret of the inside');
    expect(web.reported).toHaveLength(1);
  });
});

describe('a command', () => {
  test('is answered line by line; the last line is the outcome', async () => {
    const response = await web.ask({ words: ['status', 'hello'] });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    expect(await linesOf(response)).toEqual([{ block: { kind: 'text', text: 'first' } }, { outcome: DONE }]);
    expect(web.heard).toEqual([{ words: ['status', 'hello'], caller: 'ann', surface: 'api' }]);
  });

  test('is told as it happens: the first line comes before the command has ended', async () => {
    const end = Promise.withResolvers<void>();
    web.run = async function* () {
      yield { kind: 'text', text: 'begun' };
      await end.promise;
      return DONE;
    };
    const reader = (await web.ask({ words: ['logs', 'hello', '-f'] })).body?.getReader();
    const first = await reader?.read();
    expect(JSON.parse(Buffer.from(first?.value ?? []).toString())).toEqual({
      block: { kind: 'text', text: 'begun' },
    });
    end.resolve();
    const second = await reader?.read();
    expect(JSON.parse(Buffer.from(second?.value ?? []).toString())).toEqual({ outcome: DONE });
  });

  test('that only looks hears that its last reader left, when nobody comes back', async () => {
    const left = Promise.withResolvers<void>();
    web.run = async function* (_said, signal): AsyncGenerator<Block, Outcome> {
      yield { kind: 'text', text: 'begun' };
      signal.addEventListener('abort', () => left.resolve());
      await left.promise;
      return DONE;
    };
    const reader = new AbortController();
    const response = await web.ask({ words: ['logs'] }, { signal: reader.signal });
    await response.body?.getReader().read();
    reader.abort();
    await eventually(async () => {
      web.clock.advance(20_000);
      await Promise.race([left.promise, Promise.reject(new Error('not yet'))]);
    });
    expect(web.reported).toEqual([]);
  });

  test.each([
    ['without a token', ''],
    ['with a token that is none', 'wrong'],
    ['with two words for a token', 'right right'],
  ])('%s is not run', async (_what, token) => {
    const response = await web.ask({ words: ['delete', 'hello'] }, { token });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await response.json()).toMatchObject({
      code: 'token-missing',
      detail: expect.stringContaining('KATABOT_TOKEN'),
    });
    expect(web.heard).toEqual([]);
  });

  test.each([
    ['no JSON', 'delete hello'],
    ['no words', {}],
    ['something else than words', { words: [1] }],
    ['more than it should', { words: ['status'], caller: 'root' }],
    ['too many words', { words: Array.from({ length: 65 }, () => 'x') }],
    ['a word without an end', { words: ['x'.repeat(2_001)] }],
  ])('with %s is refused', async (_what, body) => {
    const response = await web.ask(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'bad-request' });
    expect(web.heard).toEqual([]);
  });

  test('larger than a command can be is refused before it is read', async () => {
    const response = await web.ask(JSON.stringify({ words: ['x'.repeat(1_100 * 1024)] }));
    expect(response.status).toBe(413);
    expect(web.heard).toEqual([]);
  });

  test('that breaks inside ends with a reference and without a trace', async () => {
    web.run = async function* () {
      yield { kind: 'text', text: 'begun' };
      throw new TypeError('a secret of the inside');
    };
    const lines = await linesOf(await web.ask({ words: ['status'] }));
    expect(lines.at(-1)).toMatchObject({ outcome: { kind: 'failed', code: 'internal' } });
    expect(JSON.stringify(lines)).toContain('reference k7f2');
    expect(JSON.stringify(lines)).not.toContain('secret of the inside');
    expect(web.reported).toHaveLength(1);
  });
});
