/** A rollback with nobody there to ask: the repositories are gone, the registry never answered, the tags are off. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AppInTest, commitFiles, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';

const REGISTRY = '127.35.250.1:1';
const SETTINGS = {
  instance: 'rollback',
  locations: { local: { isolation: 'none', addresses: '127.38.0.0/16', networks: '198.19.112.0/20' } },
};

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
let app: AppInTest;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-rollback-'));
  app = await startApp({ settings: SETTINGS });
});

afterAll(async () => {
  for (const name of ['back', 'pruned']) await app.run('delete', name);
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

test('runs the very images that the revision ran, with registry and git host gone', async () => {
  const image = (tag: string) => `${REGISTRY}/acme/back:${tag}`;
  const ids: string[] = [];
  for (const [tag, source] of [
    ['1', 'katabot/busybox:1'],
    ['2', 'katabot/hello:1'],
  ] as const) {
    await docker.getImage(source).tag({ repo: `${REGISTRY}/acme/back`, tag });
    ids.push((await docker.getImage(source).inspect()).Id);
    const text = groupText({ name: 'back', image: image(tag) });
    const command = tag === '1' ? text : text.replace(/ {6}command: .*\n/, '');
    await commitFiles(join(folder, 'work'), { 'containergroup.yaml': command });
    expect(await app.push(join(folder, 'work'), { repository: 'back' })).toMatchObject({ code: 0 });
  }
  for (const tag of ['1', '2']) await docker.getImage(image(tag)).remove();
  await rm(join(app.dataFolder, 'repositories'), { recursive: true });
  expect(await runningImage()).toBe(ids[1]);

  expect(await app.run('rollback', 'back')).toMatchObject({ kind: 'done', code: 'deployed' });
  expect(await runningImage()).toBe(ids[0]);
  expect(await app.run('history', 'back')).toMatchObject({
    data: { revisions: [{ number: 3, rollbackOf: 1 }, { number: 2 }, { number: 1 }] },
  });
});

test('an image that was pruned is named, and what runs goes on serving', async () => {
  const image = `${REGISTRY}/acme/pruned:1`;
  for (const version of ['1', '2']) {
    await makeImage(image, version);
    await commitFiles(join(folder, 'pruned'), {
      'containergroup.yaml': groupText({ name: 'pruned', image }).replace('sleep', `: ${version}; sleep`),
    });
    expect(await app.push(join(folder, 'pruned'), { repository: 'pruned' })).toMatchObject({ code: 0 });
  }
  const [second, first] = await app.app.store.desired.revisions('production/pruned');
  const gone = first?.images?.[image] ?? '';
  await docker.getImage(gone).remove();

  const outcome = await app.run('rollback', 'pruned');
  expect(outcome).toMatchObject({
    kind: 'failed',
    code: 'image-pruned',
    data: {
      message: expect.stringContaining(`as it ran then (${gone.slice(7, 19)}) is no longer on the host`),
      advice: expect.stringContaining('docker load'),
      serving: second?.number,
    },
  });
});

/** The same name each time, for an image that is another one. */
async function makeImage(image: string, version: string): Promise<void> {
  const container = await docker.createContainer({ Image: 'katabot/busybox:1', Cmd: ['true'] });
  const [repo, tag] = [image.slice(0, -2), image.slice(-1)];
  await container.commit({ repo, tag, changes: `LABEL version=${version}` });
  await container.remove();
}

async function runningImage(): Promise<string | undefined> {
  const running = await docker.listContainers({
    filters: { label: ['katabot.owner=rollback', 'katabot.role=member'] },
  });
  return running[0] && (await docker.getContainer(running[0].Id).inspect()).Image;
}
