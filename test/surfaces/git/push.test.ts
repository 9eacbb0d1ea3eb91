import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Event } from '../../../src/event.ts';
import { type AppInTest, commitFiles, eventually, git, startApp } from '../../world/bot.ts';
import { groupText } from '../../world/groups.ts';

const SETTINGS = {
  instance: 'test-git',
  locations: { local: { isolation: 'none', addresses: '127.22.0.0/16', networks: '198.18.128.0/18' } },
  repositories: ['named'],
};

let bot: AppInTest;
let root: string;
const events: Event[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'katabot-push-'));
  bot = await startApp({ settings: SETTINGS });
  bot.app.ground.feed.listen((event) => events.push(event));
});

afterAll(async () => {
  for (const { key } of await bot.app.store.desired.list()) await bot.app.store.desired.unwish(key, 'test');
  for (const { key } of await bot.app.store.desired.list()) bot.app.reconciler.wake(key);
  await eventually(async () => expect(await bot.app.store.desired.list()).toEqual([]), 60_000);
  await bot.stop();
  await rm(root, { recursive: true, force: true });
});

/** A working folder of a repository with these files committed. */
async function working(name: string, files: Record<string, string>): Promise<string> {
  const folder = join(root, name);
  await commitFiles(folder, files);
  return folder;
}

function remote(repository: string, { user = 'local', token = bot.token } = {}): string {
  const url = new URL(`/git/${repository}.git`, bot.url);
  url.username = user;
  url.password = token;
  return url.href;
}

const headOf = async (repository: string, branch = 'main') =>
  (await git(root, 'ls-remote', remote(repository), `refs/heads/${branch}`)).text.split('\t')[0];

describe('a push', () => {
  test('tells each stage, brings the group up and moves the branch', async () => {
    const folder = await working('web', {
      'containergroup.yaml': groupText({ name: 'web', label: 'webpage' }),
    });
    const { code, text } = await bot.push(folder, { repository: 'web' });
    expect(code).toBe(0);
    for (const said of [
      /katabot {2}web · production · [0-9a-f]{7}/,
      /✔ containergroup\.yaml +1 container, 0\.1 vCPU, 0\.1 GB/,
      /✔ price/,
      /✔ start +1\/1 running/,
      /! isolation +none \(runc\): development only/,
      /✔ address +http:\/\/webpage\.local\.localhost:\d+ +200 in/,
      /main +\| listening on :80/,
      /cost +: \$0\.0000/,
    ]) {
      expect(text).toMatch(said);
    }
    expect(await headOf('web')).toBe((await git(folder, 'rev-parse', 'HEAD')).text.trim());
  });

  test('of a broken spec is refused with line and column, and the branch stays', async () => {
    const folder = join(root, 'web');
    const before = await headOf('web');
    await commitFiles(folder, {
      'containergroup.yaml': groupText({ name: 'web', label: 'webpage', memoryInGB: 'lots' }),
    });
    const { code, text } = await bot.push(folder, { repository: 'web' });
    expect(code).not.toBe(0);
    expect(text).toMatch(/containergroup\.yaml:13:\d+ error InvalidRequestContent/);
    expect(text).toContain('[remote rejected]');
    expect(await headOf('web')).toBe(before);
    expect((await bot.run('status', 'web')).kind).toBe('done');
  });

  test('of a change says in place, restart or replace', async () => {
    const folder = join(root, 'web');
    await commitFiles(folder, {
      'containergroup.yaml': groupText({ name: 'web', label: 'webpage', image: 'katabot/hello:2' }),
    });
    expect((await bot.push(folder, { repository: 'web' })).text).toMatch(
      /change +restart of the changed containers, the address stays: containers\[main\]\.image/,
    );
    await commitFiles(folder, {
      'containergroup.yaml': groupText({
        name: 'web',
        label: 'webpage',
        image: 'katabot/hello:2',
        more: ['# tagged'],
      }).replace('location:', 'tags: {team: web}\nlocation:'),
    });
    expect((await bot.push(folder, { repository: 'web' })).text).toMatch(
      /change +in place, nothing restarts: tags\.team/,
    );
    await commitFiles(folder, {
      'containergroup.yaml': groupText({
        name: 'web',
        label: 'webpage',
        image: 'katabot/hello:2',
        memoryInGB: '0.2',
      }),
    });
    expect((await bot.push(folder, { repository: 'web' })).text).toMatch(
      /change +replace of the whole group: containers\[main\]\.resources/,
    );
  }, 90_000);

  test('that rewrites history says what it replaces', async () => {
    const folder = join(root, 'web');
    const before = (await headOf('web'))?.slice(0, 7);
    await git(folder, 'reset', '--quiet', '--hard', 'HEAD~1');
    await commitFiles(folder, { 'notes.txt': 'another way' });
    const url = remote('web');
    const { code, text } = await git(folder, 'push', '--force', url, 'main');
    expect(code).toBe(0);
    expect(text).toContain(`force-push: replaces ${before}; 1 commit is no longer on the branch`);
    await git(folder, 'reset', '--quiet', '--hard', 'HEAD~1');
    expect((await git(folder, 'push', '--force', url, 'main')).text).toMatch(
      /goes back from [0-9a-f]{7} to an older commit/,
    );
  }, 90_000);

  test('of a monorepo deploys every group, and a file that is gone takes its group with it', async () => {
    const folder = await working('mono', {
      'api/containergroup.yaml': groupText({ name: 'mono-api' }),
      'jobs/deep/containergroup.yml': groupText({ name: 'mono-job' }),
      'notes/containergroup.yaml.txt': 'not a group',
    });
    const first = await bot.push(folder, { repository: 'mono' });
    expect(first.text).toMatch(/✔ api\/containergroup\.yaml/);
    expect(first.text).toMatch(/✔ jobs\/deep\/containergroup\.yml/);
    await git(folder, 'rm', '--quiet', 'jobs/deep/containergroup.yml');
    await git(folder, 'commit', '--quiet', '--message=no job');
    const second = await bot.push(folder, { repository: 'mono' });
    expect(second.text).toMatch(/removed +mono-job \(its file is no longer in the tree\)/);
    expect((await bot.run('status', 'mono-job')).code).toBe('group-unknown');
  }, 90_000);

  test('of another branch is an environment of its own; deleting the branch removes it and tells the bill', async () => {
    const folder = await working('branches', {
      'containergroup.yaml': groupText({ name: 'branchy', label: 'branchy' }),
    });
    await bot.push(folder, { repository: 'branches' });
    const url = remote('branches');
    const preview = await git(folder, 'push', url, 'main:refs/heads/feature-x');
    expect(preview.text).toMatch(/branches · feature-x/);
    expect(preview.text).toContain('http://branchy-feature-x.local.localhost');
    expect((await bot.run('status', 'branchy', 'in', 'feature-x')).kind).toBe('done');
    const gone = await git(folder, 'push', url, ':feature-x');
    expect(gone.text).toMatch(/branch feature-x deleted: 1 group goes with it/);
    expect(gone.text).toMatch(/lived +vCPU·s +GB·s +GPU·s +total/);
    expect((await bot.run('status', 'branchy')).kind).toBe('done');
  }, 90_000);

  test('of a tag is kept and deploys nothing; a tree without a spec says so', async () => {
    const folder = await working('plain', { 'README.md': 'nothing to run' });
    const { code, text } = await bot.push(folder, { repository: 'plain' });
    expect(code).toBe(0);
    expect(text).toContain('no containergroup.yaml in the tree');
    await git(folder, 'tag', 'v1');
    expect((await git(folder, 'push', remote('plain'), 'v1')).text).toContain('tags deploy nothing');
    expect((await git(folder, 'push', remote('plain'), 'main:refs/odd/ref')).text).toContain(
      'neither a branch nor a tag',
    );
  });

  test('of text that plays with the terminal is shown harmless', async () => {
    const folder = await working('evil', {
      'containergroup.yaml': groupText({
        name: 'evil',
        container: ['environmentVariables: [{name: "\u001b[31m\u202e", value: x}]'],
      }),
    });
    const { code, text } = await bot.push(folder, { repository: 'evil' });
    expect(code).not.toBe(0);
    expect(text).toContain('yaml-syntax');
    expect(text.includes('\u001b') || text.includes('\u202e')).toBe(false);
  });

  test('of a link named like a spec is refused', async () => {
    const folder = await working('link', { 'secret.txt': 'x' });
    await symlink('/etc/passwd', join(folder, 'containergroup.yaml'));
    await git(folder, 'add', '--all');
    await git(folder, 'commit', '--quiet', '--message=link');
    const { code, text } = await bot.push(folder, { repository: 'link' });
    expect(code).not.toBe(0);
    expect(text).toContain('containergroup.yaml is a link, not a file');
  });
});

describe('who may', () => {
  const push = (folder: string, url: string) => git(folder, 'push', url, 'main');

  test('nobody without a token, and nobody with another one’s', async () => {
    const folder = await working('who', { 'containergroup.yaml': groupText({ name: 'who' }) });
    const anonymous = new URL('/git/who.git', bot.url).href;
    expect((await push(folder, anonymous)).text).toMatch(/could not read Username|Authentication failed/);
    expect((await push(folder, remote('who', { token: 'kata_wrong' }))).text).toContain(
      'Authentication failed',
    );
    expect((await push(folder, remote('who', { user: 'ann' }))).text).toContain('Authentication failed');
    const response = await fetch(`${anonymous}/info/refs?service=git-receive-pack`);
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('katabot token create');
  });

  test('a reader clones and does not push; a deployer pushes to named repositories and makes no others', async () => {
    const { tokens, clock } = { tokens: bot.app.store.tokens, clock: bot.app.ground.clock };
    const { createTokens } = await import('../../../src/policy/index.ts');
    const make = createTokens(tokens, clock);
    const [reader, deployer] = [await make.create('rita', 'reader'), await make.create('dora', 'deployer')];
    const folder = await working('named', { 'README.md': 'hello' });
    expect((await push(folder, remote('named', { user: 'rita', token: reader }))).text).toContain(
      'rita is a reader and may not push',
    );
    expect((await push(folder, remote('other', { user: 'dora', token: deployer }))).text).toContain(
      'may not create a repository by pushing to it',
    );
    expect((await push(folder, remote('named', { user: 'dora', token: deployer }))).code).toBe(0);
    const clone = await git(
      root,
      'clone',
      '--quiet',
      remote('named', { user: 'rita', token: reader }),
      'cloned',
    );
    expect(clone.code).toBe(0);
  });

  test.each([
    '/git/../../etc/passwd',
    '/git/%2e%2e%2fx.git/info/refs',
    '/git/-upload-pack=x.git/info/refs?service=git-receive-pack',
    '/git/A%00B.git/info/refs',
    '/git/a/b/c.git/info/refs',
    '/git/x.git/config',
    '/git/x.git/hooks/pre-receive',
  ])('%s leads nowhere', async (path) => {
    const authorization = `Basic ${Buffer.from(`local:${bot.token}`).toString('base64')}`;
    const response = await fetch(`${bot.url}${path}`, { headers: { authorization } });
    expect(response.status).toBe(404);
  });
});

describe('when things cross', () => {
  test('two pushes at once wait for each other, and the second is told', async () => {
    const folder = await working('queue', { 'containergroup.yaml': groupText({ name: 'queue' }) });
    await bot.push(folder, { repository: 'queue' });
    await commitFiles(folder, { 'a.txt': '1' });
    const url = remote('queue');
    await git(folder, 'branch', 'second');
    const [first, second] = await Promise.all([
      git(folder, 'push', url, 'main'),
      git(folder, 'push', url, 'second'),
    ]);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(`${first.text}${second.text}`).toMatch(/queued +waiting for the push of [0-9a-f]{7} by local/);
  }, 90_000);

  test('a client that dies in the middle of a deploy does not stop it', async () => {
    const slow = [
      'initContainers:',
      '- name: slow',
      '  properties: {image: katabot/busybox:1, command: [sleep, "2"]}',
    ];
    const folder = await working('orphan', {
      'containergroup.yaml': groupText({ name: 'orphan', more: slow }),
    });
    const started = new Promise<void>((resolve) => {
      const stop = bot.app.ground.feed.listen(({ group, fact }) => {
        if (group !== 'production/orphan' || fact.kind !== 'sandbox-started') return;
        stop();
        resolve();
      });
    });
    const client = spawn('git', ['push', remote('orphan'), 'main'], {
      cwd: folder,
      detached: true,
      stdio: 'ignore',
    });
    await started;
    process.kill(-(client.pid ?? 0), 'SIGKILL'); // the client and its helpers
    await once(client, 'close');
    await eventually(
      async () => expect((await bot.app.store.desired.get('production/orphan'))?.settled).toBe('Running'),
      30_000,
    );
    expect(await headOf('orphan')).toBe((await git(folder, 'rev-parse', 'HEAD')).text.trim());
  }, 90_000);

  test('what was pushed when the bot died is deployed when it starts again', async () => {
    const folder = await working('late', { 'containergroup.yaml': groupText({ name: 'late' }) });
    const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-late-'));
    const settings = {
      ...SETTINGS,
      instance: 'test-late',
      locations: { local: { isolation: 'none', addresses: '127.22.64.0/18', networks: '198.18.192.0/19' } },
    };
    const first = await startApp({ settings, dataFolder });
    await first.push(folder, { repository: 'late' });
    await first.run('delete', 'late');
    await first.app.store.branches.record('late', 'main', null); // as if it had died before it wrote that down
    await first.stop();
    const second = await startApp({ settings, dataFolder });
    await eventually(
      async () => expect((await second.app.store.desired.get('production/late'))?.settled).toBe('Running'),
      30_000,
    );
    await second.run('delete', 'late');
    await second.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }, 90_000);
});
