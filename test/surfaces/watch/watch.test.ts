/** Repositories that live elsewhere, over real git: a bot with an engine in memory, and no webhook at all. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { parseSettings } from '../../../src/config.ts';
import { type AppInTest, commitFiles, eventually, git, startApp } from '../../world/bot.ts';
import { createMemoryEngine } from '../../world/memory-engine.ts';

const group = (name: string, text = 'one') =>
  JSON.stringify({
    name,
    location: 'local',
    properties: {
      osType: 'Linux',
      containers: [
        {
          name: 'main',
          properties: {
            image: 'web:1',
            command: ['sh', '-c', `echo ${text}; serve`],
            resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
          },
        },
      ],
    },
  });

let root: string;
let work: string;
let app: AppInTest;
let host: { url: string; seen: IncomingMessage[]; close(): Promise<void> };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-watch-'));
  work = join(root, 'work');
  await git(root, 'init', '--quiet', '--bare', '--initial-branch=main', 'shop.git');
  await push({ 'containergroup.yaml': group('shop'), 'other/containergroup.yaml': group('other') });
  host = await serveGit(root);
  await writeFile(join(root, 'token'), 'a-token-of-mine\n');
  app = await start();
});

afterAll(async () => {
  await app.stop();
  await host.close();
  await rm(root, { recursive: true, force: true });
});

async function start(): Promise<AppInTest> {
  const engine = createMemoryEngine(systemClock, ['web:1']);
  return startApp({
    dataFolder: join(root, 'data'),
    settings: {
      watch: [
        {
          name: 'shop',
          url: `${host.url}/shop.git`,
          branches: { main: 'production', 'pr-*': '' },
          every: '60s',
          tokenFile: join(root, 'token'),
        },
      ],
    },
    parts: { engine: () => engine },
  });
}

/** Commits files (null removes one) and pushes them to where the repository lives. */
async function push(files: Record<string, string>, branch = 'main', remove: string[] = []): Promise<string> {
  for (const path of remove) await git(work, 'rm', '--quiet', path);
  const commit = await commitFiles(work, files);
  const { code, text } = await git(
    work,
    'push',
    '--quiet',
    '--force',
    join(root, 'shop.git'),
    `HEAD:refs/heads/${branch}`,
  );
  if (code !== 0) throw new Error(text);
  return commit;
}

async function groups(): Promise<Record<string, { commit: string; state: string }>> {
  await app.app.watch.poke('shop');
  const outcome = Object(await app.run('list'));
  return Object.fromEntries(
    outcome.data.groups.map(({ name, environment, commit, state }: Record<string, string>) => [
      `${environment}/${name}`,
      { commit, state },
    ]),
  );
}

async function doctor(): Promise<string> {
  await app.app.watch.poke('shop');
  const outcome = Object(await app.run('doctor'));
  return outcome.data.findings
    .filter(({ name }: { name: string }) => name === 'watch')
    .map(({ text }: { text: string }) => text)
    .join('\n');
}

describe('a watched repository', () => {
  test('is deployed without a push to the bot and without a webhook', async () => {
    await eventually(async () => {
      expect(Object.keys(await groups()).sort()).toEqual(['production/other', 'production/shop']);
    });
    expect(await doctor()).toMatch(/^shop main: at [0-9a-f]{7}$/);
  });

  test('hands its token to that host alone, never in an address', async () => {
    const headers = host.seen.map(({ headers: { authorization } }) => authorization);
    const expected = `Basic ${Buffer.from('x-access-token:a-token-of-mine').toString('base64')}`;
    expect(new Set(headers)).toEqual(new Set([expected]));
    for (const { url } of host.seen) expect(url).not.toContain('token');
  });

  test('deploys a new commit, and takes away a group whose file is gone', async () => {
    const commit = await push({ 'containergroup.yaml': group('shop', 'two') }, 'main', [
      'other/containergroup.yaml',
    ]);
    await eventually(async () => {
      expect(await groups()).toEqual({ 'production/shop': { commit, state: 'Running' } });
    });
  });

  test('changes nothing for a broken commit, and says where it is broken', async () => {
    const [before] = Object.values(await groups());
    await push({ 'containergroup.yaml': group('shop').replace('"memoryInGB":0.1', '"memoryInGB":"lots"') });
    await eventually(async () => expect(await doctor()).toContain('containergroup.yaml:1:'));
    expect(await doctor()).toContain('memoryInGB is "lots"');
    expect(Object.values(await groups())).toEqual([before]);
    await push({ 'containergroup.yaml': group('shop', 'three') });
    await eventually(async () => expect(await doctor()).toMatch(/^shop main: at [0-9a-f]{7}$/));
  });

  test('deploys other branches as the settings say, and takes them away with their groups', async () => {
    await push({ 'containergroup.yaml': group('shop', 'preview') }, 'pr-7');
    await eventually(async () => expect(Object.keys(await groups())).toContain('pr-7/shop'));
    await git(work, 'push', '--quiet', join(root, 'shop.git'), ':refs/heads/pr-7');
    await eventually(async () => expect(Object.keys(await groups())).toEqual(['production/shop']));
  });

  test('is not deployed twice by a bot that starts anew', async () => {
    const outcome = Object(await app.run('history', 'shop'));
    const { length } = outcome.data.revisions;
    const pushes = async () =>
      Object(await app.run('audit', '--last', '500')).data.rows.filter(
        ({ text, kind }: { text: string; kind: string }) =>
          kind === 'asked' && text.startsWith('git push shop main'),
      ).length;
    const before = await pushes();
    await app.stop();
    app = await start();
    await eventually(async () => expect(await doctor()).toMatch(/^shop main: at/));
    expect(await pushes()).toBe(before);
    expect(Object(await app.run('history', 'shop')).data.revisions).toHaveLength(length);
  });

  test('gives an earlier commit of its branch again, and none that is not on the branch', async () => {
    const [[, newest = { commit: '' }] = []] = Object.entries(await groups());
    const earlier = (await git(work, 'log', '--format=%H', '--skip=2', '-1', newest.commit)).text.trim();
    expect(await app.run('plan', 'shop', `@${earlier.slice(0, 10)}`)).toMatchObject({ code: 'plan' });
    expect(await app.run('deploy', 'shop', `@${earlier}`)).toMatchObject({ kind: 'done', code: 'deployed' });
    expect(await groups()).toEqual({ 'production/shop': { commit: earlier, state: 'Running' } });

    const elsewhere = await push({ 'containergroup.yaml': group('shop', 'elsewhere') }, 'nobody-watches');
    expect(await app.run('plan', 'shop', `@${elsewhere}`)).toMatchObject({ code: 'source-missing' });
    await git(work, 'reset', '--quiet', '--hard', newest.commit);
    expect(await app.run('deploy', 'shop')).toMatchObject({ kind: 'done', code: 'deployed' });
  });

  test('can be read again by a command, and is nobody’s to push to here', async () => {
    expect(await app.run('plan', 'shop')).toMatchObject({ kind: 'done', code: 'plan' });
    const { code, text } = await app.push(work, { repository: 'shop' });
    expect(code).not.toBe(0);
    expect(text).toContain('shop is watched, not hosted here');
  });

  test('whose host is away is told, and taken up again when it answers', async () => {
    await host.close();
    await eventually(async () => expect(await doctor()).toContain('cannot be fetched'));
    expect(await doctor()).not.toContain('a-token-of-mine');
    expect(Object.values(await groups())).toHaveLength(1);
  });
});

test('one whose settings say so waits for room, and another one is refused until its branch moves', async () => {
  const here = join(root, 'late.git');
  await git(root, 'init', '--quiet', '--bare', '--initial-branch=main', here);
  const entry = (name: string, environment: string) => ({
    name,
    url: `file://${here}`,
    branches: { main: environment },
  });
  const engine = createMemoryEngine(systemClock, ['web:1']); // 16 GB of memory
  const bot = await startApp({
    settings: { watch: [{ ...entry('patient', 'production'), queue: true }, entry('strict', 'staging')] },
    parts: { engine: () => engine },
  });
  try {
    const all = group('all').replace('"memoryInGB":0.1', '"memoryInGB":16');
    await commitFiles(join(root, 'all'), { 'containergroup.yaml': all });
    expect(await bot.push(join(root, 'all'), { repository: 'all' })).toMatchObject({ code: 0 });
    await commitFiles(join(root, 'late'), { 'containergroup.yaml': group('late') });
    await git(join(root, 'late'), 'push', '--quiet', here, 'HEAD:refs/heads/main');
    for (const name of ['patient', 'strict']) await bot.app.watch.poke(name);
    const wish = (environment: string) => bot.app.store.desired.get(`${environment}/late`);
    expect(await wish('production')).toMatchObject({ wanted: 'running', host: '' });
    expect(JSON.stringify(await bot.run('status', 'late'))).toContain('room, first in line');
    expect(await wish('staging')).toBeUndefined();
    expect(JSON.stringify(await bot.run('doctor'))).toMatch(
      /strict main: [0-9a-f]{7}: containergroup.yaml:1:/,
    );
    await bot.run('delete', 'all');
    await eventually(async () => expect(await wish('production')).toMatchObject({ settled: 'Running' }));
    expect(await wish('staging')).toBeUndefined();
  } finally {
    await bot.stop();
  }
});

describe('settings that would be no good', () => {
  const read = (watch: string) => () =>
    parseSettings(`locations: {local: {}}\nwatch: [${watch}]`, 'katabot.yml');

  test.each([
    ['a transport that runs programs', "{name: a, url: 'ext::sh -c x'}", /expected an address/],
    ['an option for an address', "{name: a, url: '--upload-pack=x'}", /expected an address/],
    ['a login in the address', "{name: a, url: 'https://ann:pw@host/a.git'}", /use tokenFile/],
    ['an odd branch', "{name: a, url: 'https://host/a.git', branches: {'a b': x}}", /expected a branch/],
    [
      'an odd environment',
      "{name: a, url: 'https://host/a.git', branches: {main: 'A B'}}",
      /expected an environment/,
    ],
    [
      'two branches to one environment',
      "{name: a, url: 'https://host/a.git', branches: {main: production, master: production}}",
      /main and master both go to production; give each an environment of its own/,
    ],
    ['ssh without a key', "{name: a, url: 'ssh://git@host/a.git'}", /needs keyFile .* and hostKey/],
    [
      'ssh with a host key that is none',
      "{name: a, url: 'ssh://git@host/a.git', keyFile: /k, hostKey: 'SHA256:abc'}",
      /as ssh-keyscan prints it/,
    ],
    ['looking all the time', "{name: a, url: 'https://host/a.git', every: 1s}", /5s at least/],
    [
      'two of one name',
      "{name: a, url: 'https://host/a.git'}, {name: a, url: 'https://host/b.git'}",
      /one name/,
    ],
  ])('%s', (_name, watch, message) => {
    expect(read(watch)).toThrow(message);
  });
});

/** `git http-backend` behind a few lines of HTTP; remembers what was asked. */
async function serveGit(folder: string) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const url = new URL(request.url ?? '/', 'http://host');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REQUEST_METHOD: request.method ?? 'GET',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      },
    });
    request.pipe(child.stdin);
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('close', () => {
      const answer = Buffer.concat(parts);
      const end = answer.indexOf('\r\n\r\n');
      for (const line of answer.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number(value.slice(0, 3));
        else if (name) response.setHeader(name, value);
      }
      response.end(answer.subarray(end + 4));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    seen,
    close: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
