/** Images from a registry with a password: Debian's own, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';
import { canRunPrivateEngine, find, installPackages } from '../world/private-engine.ts';

const PASSWORD = 'pull-me-please';
/** What `htpasswd -nbB reader pull-me-please` prints. */
const LOGIN = 'reader:$2y$05$JJPvAUGzzlWQBtBYDrYezeiWbKJG94dE8i8GeJ2RfolvGvxDBI.d2';
const SETTINGS = {
  instance: 'test-registry',
  locations: { local: { isolation: 'none', addresses: '127.22.48.0/20', networks: '198.18.148.0/22' } },
};

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
// Debian and Ubuntu package the registry; elsewhere, or without the right to install it, there is none to ask.
const withRegistry = find('docker-registry') || canRunPrivateEngine() ? test : test.skip;

let folder: string;
let registry: ChildProcess | undefined;
let host: string;
let bot: AppInTest;

beforeAll(async () => {
  if (withRegistry !== test) return;
  if (!find('docker-registry')) installPackages(['docker-registry']);
  folder = await mkdtemp(join(tmpdir(), 'katabot-registry-'));
  host = `127.22.48.1:${await freePort('127.22.48.1')}`;
  await writeFile(join(folder, 'htpasswd'), `${LOGIN}\n`);
  const settings = [
    'version: 0.1',
    'log: {level: error}',
    `storage: {filesystem: {rootdirectory: ${join(folder, 'storage')}}}`,
    `http: {addr: '${host}'}`,
    `auth: {htpasswd: {realm: tests, path: ${join(folder, 'htpasswd')}}}`,
  ];
  await writeFile(join(folder, 'config.yml'), `${settings.join('\n')}\n`);
  registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  await eventually(async () => expect((await fetch(`http://${host}/v2/`)).status).toBe(401));
  await fill();
  bot = await startApp({ settings: SETTINGS });
}, 120_000);

afterAll(async () => {
  if (withRegistry !== test) return;
  for (const { key } of await bot.app.store.desired.list()) await bot.run('delete', key.split('/')[1] ?? '');
  await bot.stop();
  if (registry?.exitCode === null) {
    registry.kill('SIGTERM');
    await once(registry, 'exit');
  }
  await docker
    .getImage(`${host}/acme/private:1`)
    .remove({ force: true })
    .catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

function freePort(address: string): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, address, () => {
      const place = server.address();
      server.close(() => resolve(typeof place === 'object' && place ? place.port : 0));
    });
  });
}

/** Puts the small image into the registry and off the engine, so that it has to be pulled. */
async function fill(): Promise<void> {
  const name = `${host}/acme/private`;
  await docker.getImage('katabot/busybox:1').tag({ repo: name, tag: '1' });
  const progress = await docker
    .getImage(`${name}:1`)
    .push({ authconfig: { username: 'reader', password: PASSWORD, serveraddress: host } });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())),
  );
  await docker.getImage(`${name}:1`).remove();
  await listForAnother(name);
}

/** The same image as a list that has it for another processor only: what a multi-platform build without ours leaves. */
async function listForAnother(name: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`reader:${PASSWORD}`).toString('base64')}`;
  const at = (tag: string) => `http://${host}/v2/${name.slice(host.length + 1)}/manifests/${tag}`;
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
  const found = await fetch(at('1'), { headers: { authorization, accept: mediaType } });
  const { Architecture } = await docker.info();
  const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
  const manifest = {
    mediaType,
    size: Buffer.byteLength(await found.text()),
    digest: found.headers.get('docker-content-digest'),
    platform: { os: 'linux', architecture: Architecture === 'x86_64' ? 'arm64' : 'amd64' },
  };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: list, manifests: [manifest] });
  const put = await fetch(at('foreign'), {
    method: 'PUT',
    headers: { authorization, 'content-type': list },
    body,
  });
  if (put.status !== 201) throw new Error(`${put.status} ${await put.text()}`);
}

let count = 0;
/** Pushes a group that wants an image of the registry, with a login or without one. */
async function push(image: string, password?: string) {
  const login =
    password === undefined
      ? []
      : [`imageRegistryCredentials: [{server: '${host}', username: reader, password: '${password}'}]`];
  const name = `pulled-${++count}`;
  const work = join(folder, name);
  await commitFiles(work, {
    'containergroup.yaml': groupText({ name, image: `${host}/${image}`, more: login }),
  });
  return { name, text: (await bot.push(work, { repository: name })).text };
}

withRegistry('an image is refused without a login, and with a wrong one', async () => {
  const without = await push('acme/private:1');
  expect(without.text).toMatch(/✗ registry-refused +\S+ refused the login/);
  expect(without.text).toMatch(/The line to change: containergroup\.yaml:10:14[\s\S]*There is no login for/);
  const wrong = await push('acme/private:1', 'not-the-password');
  expect(wrong.text).toMatch(/✗ registry-refused/);
  expect(wrong.text).toMatch(/The line to change: containergroup\.yaml:7:\d+[\s\S]*Check the entry for/);
  expect(wrong.text).not.toContain('not-the-password');
});

withRegistry('a tag that does not exist is not found', async () => {
  expect((await push('acme/private:2', PASSWORD)).text).toMatch(
    /✗ image-not-found +The image \S+acme\/private:2 was not found/,
  );
});

withRegistry('an image that is built for other processors only names that as the cause', async () => {
  const { text } = await push('acme/private:foreign', PASSWORD);
  expect(text).toMatch(
    /✗ wrong-architecture +The image \S+acme\/private:foreign is not made for the host’s processor/,
  );
  expect(text).toMatch(/The line to change: containergroup\.yaml:11:14/);
});

withRegistry(
  'with the login it is pulled, pinned, run, and paid for from the start of the pull',
  async () => {
    const { name, text } = await push('acme/private:1', PASSWORD);
    expect(text).toMatch(/image +\S+acme\/private:1 \(pulled, [0-9a-f]{12}\)/);
    expect(text).toMatch(/start +1\/1 running/);
    expect(text).not.toContain(PASSWORD);
    const wish = await bot.app.store.desired.get(`production/${name}`);
    expect(Object.values(wish?.revision.images ?? {})).toEqual([expect.stringMatching(/^sha256:/)]);
    const [interval] = await bot.app.store.ledger.intervals({ group: `production/${name}` });
    const [sandbox] = await docker.listContainers({
      filters: {
        label: ['katabot.owner=test-registry', 'katabot.role=sandbox', `katabot.group=production/${name}`],
      },
    });
    const made = await docker.getContainer(sandbox?.Id ?? '').inspect();
    expect(interval?.podId).toBe(sandbox?.Id);
    expect(interval?.startedAtMs).toBeLessThan(Date.parse(made.Created));
    expect(made.Config.Labels['katabot.metered-from']).toBe(String(interval?.startedAtMs));
    const events = JSON.stringify(await bot.app.store.events.events({}));
    expect(events).toContain('acme/private@sha256:');
    expect(events).not.toContain(PASSWORD);
  },
);
