/** Images from a registry with a password: Debian's own, on loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AppInTest, commitFiles, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';
import { canHave } from '../world/name-servers.ts';
import { listFor, otherThan, pushImage, READER, type Registry, startRegistry } from '../world/registry.ts';

const PASSWORD = READER.password;
const SETTINGS = {
  instance: 'test-registry',
  locations: { local: { isolation: 'none', addresses: '127.22.48.0/20', networks: '198.18.148.0/22' } },
};

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const withRegistry = canHave('docker-registry') ? test : test.skip;

let folder: string;
let registry: Registry;
let host: string;
let bot: AppInTest;

beforeAll(async () => {
  if (withRegistry !== test) return;
  folder = await mkdtemp(join(tmpdir(), 'katabot-registry-'));
  registry = await startRegistry({ address: '127.22.48.1', folder });
  host = registry.host;
  await pushImage(docker, 'katabot/busybox:1', `${host}/acme/private:1`);
  const architecture = otherThan((await docker.info()).Architecture);
  await listFor(host, 'acme/private', 'foreign', { os: 'linux', architecture });
  bot = await startApp({ settings: SETTINGS });
}, 120_000);

afterAll(async () => {
  if (withRegistry !== test) return;
  for (const { key } of await bot.app.store.desired.list()) await bot.run('delete', key.split('/')[1] ?? '');
  await bot.stop();
  await registry.stop();
  await docker
    .getImage(`${host}/acme/private:1`)
    .remove({ force: true })
    .catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

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
