import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { basicOf } from '../../../src/surfaces/git/caller.ts';
import { routeOf } from '../../../src/surfaces/git/route.ts';
import { commitFiles, git } from '../../world/bot.ts';
import { type Served, serveGit } from './served.ts';

let served: Served;
let folder: string;

beforeAll(async () => {
  served = await serveGit();
  folder = join(served.root, 'work');
  await commitFiles(folder, { 'containergroup.yaml': 'name: hello' });
});

afterAll(() => served.stop());

const push = (url: string) => git(folder, 'push', url, 'main');

test('without a token nobody comes in, and a line says how to get one', async () => {
  const response = await fetch(`${served.url}/git/shop.git/info/refs?service=git-receive-pack`);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm="katabot"/);
  expect(await response.text()).toContain('katabot token create');
  expect((await push(`${served.url}/git/shop.git`)).code).not.toBe(0);
});

test('a wrong token, or the token of somebody else, is told so', async () => {
  for (const who of ['olga:kata_wrong', 'dora:kata_of-olga', ':', 'olga:']) {
    const { code, text } = await push(`${served.url.replace('//', `//${who}@`)}/git/shop.git`);
    expect(code).not.toBe(0);
    expect(text).toMatch(/do not belong together|could not read (Username|Password)/);
    expect(text).not.toContain('kata_of');
  }
});

test('the first push makes a repository for an operator, and for others one that the settings name', async () => {
  expect((await push(served.remote('made/by-olga'))).code).toBe(0);
  const refused = await push(served.remote('made/by-dora', 'dora'));
  expect(refused.code).not.toBe(0);
  expect(refused.text).toMatch(/remote: dora is a deployer and may not create a repository/);
  expect((await push(served.remote('named', 'dora'))).code).toBe(0);
});

test('an unknown repository is told as one to who would read it', async () => {
  const { code, text } = await git(served.root, 'clone', served.remote('nowhere', 'rita'), 'nowhere');
  expect(code).not.toBe(0);
  expect(text).toContain('remote: There is no repository nowhere here.');
});

test('a reader clones what was pushed, and may not push', async () => {
  await push(served.remote('read'));
  const clone = await git(served.root, 'clone', '--quiet', served.remote('read', 'rita'), 'clone');
  expect(clone.code).toBe(0);
  expect(await readFile(join(served.root, 'clone', 'containergroup.yaml'), 'utf8')).toBe('name: hello');
  expect((await push(served.remote('read', 'rita'))).text).toContain('rita is a reader and may not push');
});

test.each([
  '/git/../../etc/passwd',
  '/git/../x.git/info/refs?service=git-upload-pack',
  '/git/%2e%2e%2fx.git/info/refs?service=git-upload-pack',
  '/git/x%00y.git/info/refs?service=git-upload-pack',
  '/git/--upload-pack=x.git/info/refs?service=git-receive-pack',
  '/git/-x.git/info/refs?service=git-receive-pack',
  '/git/UPPER.git/info/refs?service=git-receive-pack',
  '/git/a/b/c.git/info/refs?service=git-receive-pack',
  `/git/${'a'.repeat(41)}.git/info/refs?service=git-receive-pack`,
  '/git/.git/info/refs?service=git-receive-pack',
  '/git/x.git/config',
  '/git/x.git/HEAD',
  '/git/x.git/hooks/pre-receive',
  '/git/x.git/objects/../config',
  '/git/x.git/info/refs',
  '/git/x.git/info/refs?service=git-upload-archive',
  '/git/x.git/info/refs?service=git-upload-pack&service=git-receive-pack',
  '//git/x.git/info/refs?service=git-upload-pack',
])('%s leads nowhere', async (path) => {
  expect(routeOf(path)).toBeUndefined();
  expect(await statusOf(path)).toBe(404);
});

test('a whole URL is no path', () => {
  expect(routeOf('http://elsewhere/git/x.git/info/refs?service=git-upload-pack')).toBeUndefined();
});

test('a broken pack is an answer of git, not an error of the bot', async () => {
  await push(served.remote('broken'));
  const response = await fetch(`${served.url}/git/broken.git/git-receive-pack`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from('olga:kata_of-olga').toString('base64')}`,
      'content-type': 'application/x-git-receive-pack-request',
    },
    body: 'ffffthis is no pack',
  });
  await response.arrayBuffer().catch(() => {}); // cut off, so that no client takes it for whole
  expect(served.internal).toEqual([]);
  expect((await push(served.remote('broken'))).code).toBe(0);
});

test.each([
  [`Basic ${Buffer.from('ann:a:b').toString('base64')}`, { user: 'ann', token: 'a:b' }],
  [`basic ${Buffer.from('ann:x').toString('base64')}`, { user: 'ann', token: 'x' }],
  [`Basic ${Buffer.from('ann').toString('base64')}`, undefined],
  ['Bearer x', undefined],
  ['Basic !!!', undefined],
  [undefined, undefined],
])('the header %j names %j', (header, expected) => {
  expect(basicOf(header)).toEqual(expected);
});

/** Asks for exactly this path; `fetch` would tidy it up before. */
function statusOf(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ hostname, port, path, auth: 'olga:kata_of-olga' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('error', reject).end();
  });
}
