/** Images that a real engine has pulled from a real registry, and which of them go when there are too many. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitingProgram } from '../../src/engines/docker/sandbox-image.ts';
import type { Engine } from '../../src/engines/index.ts';
import { createImageCache } from '../../src/reconciler/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import { podFor, wishFor } from '../reconciler/groups.ts';
import { type AppInTest, commitFiles, startApp } from '../world/bot.ts';
import { createManualClock } from '../world/clock.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';
import { loadImage } from '../world/load-image.ts';
import { canHave } from '../world/name-servers.ts';
import { pushImage, READER, type Registry, startRegistry } from '../world/registry.ts';

const HOUR = 3_600_000;
const NAMES = ['runs', 'stopped', 'unused', 'named', 'taken', 'renamed', 'pinned'] as const;
type Name = (typeof NAMES)[number];
const LOGIN = { username: READER.username, password: new Secret(READER.password) };
const THEIRS = 'katabot-image-cache-test/theirs';

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const withRegistry = canHave('docker-registry') ? describe : describe.skip;

withRegistry('of the images that were pulled', () => {
  const clock = createManualClock(Date.now());
  const told: string[] = [];
  const ids = new Map<Name, string>();
  let pinned: string;
  let meanwhile = async () => {};
  let folder: string;
  let registry: Registry;
  let bot: AppInTest;
  let cache: ReturnType<typeof createImageCache>;
  let engine: Engine;

  const imageOf = (name: Name) => `${registry.host}/acme/${name}:1`;
  const isThere = (image: string) =>
    docker
      .getImage(image)
      .inspect()
      .then(
        () => true,
        () => false,
      );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'katabot-image-cache-'));
    registry = await startRegistry({ address: '127.44.0.1', folder });
    await fill();
    bot = await startApp({
      settings: {
        instance: 'test-image-cache',
        locations: { local: { isolation: 'none', addresses: '127.44.1.0/24', networks: '198.18.244.0/24' } },
      },
    });
    const host = bot.app.ground.hosts['local'];
    if (!host) throw new Error('the bot has no host');
    cache = createImageCache({
      book: bot.app.store.images,
      desired: bot.app.store.desired,
      limits: new Map([['local', 0]]),
      clock,
      tell: ({ image }, message) => told.push(`${message} ${image ?? ''}`),
      reportInternal: (error) => told.push(String(error)),
    });
    engine = cache.guard('local', {
      ...host.engine,
      async storedImages(signal) {
        const seen = await host.engine.storedImages(signal);
        await meanwhile();
        meanwhile = async () => {};
        return seen;
      },
    });
  }, 120_000);

  afterAll(async () => {
    await cache?.close();
    for (const { key } of await bot.app.store.desired.list())
      await bot.run('delete', key.split('/')[1] ?? '');
    await bot.stop();
    for (const container of await docker.listContainers({ all: true, filters: { label: [THEIRS] } }))
      await docker.getContainer(container.Id).remove({ force: true });
    for (const id of ids.values())
      await docker
        .getImage(id)
        .remove({ force: true })
        .catch(() => {});
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Each with a content of its own: what is alike has one id, whatever it is called. */
  async function fill(): Promise<void> {
    const { Architecture } = await docker.info();
    const architecture = Architecture === 'x86_64' ? 'amd64' : 'arm64';
    const run = Buffer.from(waitingProgram(Architecture));
    for (const name of NAMES) {
      const local = `${THEIRS}-${name}:1`;
      await loadImage(docker, local, { architecture, files: { run, content: Buffer.from(name) } });
      const digest = await pushImage(docker, local, imageOf(name));
      const { Id } = await docker.getImage(local).inspect();
      ids.set(name, Id);
      if (name === 'pinned') pinned = `${registry.host}/acme/pinned@${digest}`;
      await docker.getImage(local).remove();
      expect(await isThere(Id)).toBe(false);
    }
  }

  async function push(name: Name): Promise<void> {
    const login = `imageRegistryCredentials: [{server: '${registry.host}', username: reader, password: '${READER.password}'}]`;
    const text = groupText({ name, image: imageOf(name), more: [login] }).replace(/ +command: .*\n/, '');
    await commitFiles(join(folder, name), { 'containergroup.yaml': text });
    const pushed = await bot.push(join(folder, name), { repository: name });
    expect(pushed.text).toMatch(/start +1\/1 running/);
  }

  /** As a group does that is gone by the time of the look. */
  async function pull(image: string): Promise<void> {
    const { group, ...rest } = podFor(wishFor({ containers: { web: { image } } }));
    const imageRegistryCredentials = [{ server: registry.host, ...LOGIN }];
    const pod = { ...rest, images: {}, group: { ...group, imageRegistryCredentials } };
    await engine.apply(
      { kind: 'pull', pod },
      { signal: AbortSignal.timeout(30_000), report: async () => {} },
    );
  }

  async function look(): Promise<void> {
    clock.advance(2 * HOUR);
    await cache.look('local');
  }

  test('those go that nobody needs; what a group has, also a stopped one, stays', async () => {
    await push('runs');
    await push('stopped');
    expect(await bot.run('stop', 'stopped')).toMatchObject({ kind: 'done' });
    await pull(imageOf('unused'));
    await pull(pinned);
    await look();
    expect(told.toSorted()).toEqual([pinned, imageOf('unused')].map((name) => `image removed ${name}`));
    const there = await Promise.all(NAMES.map((name) => isThere(ids.get(name) ?? '')));
    expect(NAMES.filter((_, index) => there[index])).toEqual(['runs', 'stopped']);
  });

  test('one that somebody has named stays; one that is named meanwhile loses our name only', async () => {
    await pull(imageOf('named'));
    await pull(imageOf('renamed'));
    await docker.getImage(imageOf('named')).tag({ repo: THEIRS, tag: 'named' });
    told.length = 0;
    meanwhile = () => docker.getImage(imageOf('renamed')).tag({ repo: THEIRS, tag: 'renamed' });
    await look();
    expect(told).toEqual([]);
    const names = [imageOf('named'), `${THEIRS}:named`, imageOf('renamed'), `${THEIRS}:renamed`];
    expect(await Promise.all(names.map(isThere))).toEqual([true, true, false, true]);
    await look();
    expect(told).toEqual([]);
    expect(await isThere(`${THEIRS}:renamed`)).toBe(true);
  });

  test('one that is used by the time it goes stays, and the others go all the same', async () => {
    await pull(imageOf('taken'));
    await pull(imageOf('unused'));
    told.length = 0;
    meanwhile = async () => {
      await docker.createContainer({ Image: imageOf('taken'), Labels: { [THEIRS]: '' } });
    };
    await look();
    expect(told).toEqual([`image removed ${imageOf('unused')}`]);
    expect(await isThere(imageOf('taken'))).toBe(true);
  });
});
