/** Which images go from a host, and that none goes that somebody needs. */
import { describe, expect, test } from '@jest/globals';
import { diskFindings } from '../../src/commands/disk-findings.ts';
import { imageStoreFrom } from '../../src/engines/docker/stored-images.ts';
import { diskIn } from '../../src/engines/docker/survey.ts';
import type { Engine, StoredImage } from '../../src/engines/index.ts';
import { Failure } from '../../src/failure.ts';
import { createGate } from '../../src/reconciler/image-gate.ts';
import { cacheBytes, imagesToDrop } from '../../src/reconciler/images.ts';
import { createImageCache } from '../../src/reconciler/index.ts';
import { KEY, podFor, wishFor } from './groups.ts';
import { createReconciledWorld } from './reconciled-world.ts';

const GB = 2 ** 30;
const HOUR = 3_600_000;

const image = (name: string, more: Partial<StoredImage> = {}): StoredImage => ({
  id: `id-of-${name}`,
  tags: [`${name}:1`],
  digests: [],
  sizeBytes: 2 * GB,
  sharedBytes: 0,
  containers: 0,
  ...more,
});
const own = (name: string, usedAtMs = 0, names = [`${name}:1`]) => ({ id: `id-of-${name}`, names, usedAtMs });

interface Differs {
  readonly images?: readonly StoredImage[];
  readonly books?: Parameters<typeof imagesToDrop>[0]['own'];
  readonly ids?: readonly string[];
  readonly names?: readonly string[];
  readonly keepUnder?: number;
}

function dropped({
  images = [image('a'), image('b'), image('c')],
  books = [own('a', 3), own('b', 1), own('c', 2)],
  ids = [],
  names = [],
  keepUnder = 0,
}: Differs): string[] {
  const totalBytes = images.reduce((sum, { sizeBytes, sharedBytes }) => sum + sizeBytes - sharedBytes, 0);
  return imagesToDrop({
    store: { images, totalBytes },
    own: books,
    wanted: { ids: new Set(ids), names: new Set(names) },
    keepUnderBytes: keepUnder * GB,
    nowMs: 10 * HOUR,
  }).map(({ id }) => id.slice('id-of-'.length));
}

describe('images go', () => {
  test.each<[string, Differs, string[]]>([
    ['the longest unused first, all that may, where nothing is to be kept', {}, ['b', 'c', 'a']],
    ['no more than is too much', { keepUnder: 4 }, ['b']],
    ['none that fit', { keepUnder: 6 }, []],
    ['not what a group has or may go back to, by id', { ids: ['id-of-b'] }, ['c', 'a']],
    ['not what a group names and has not pinned yet', { names: ['b:1', 'docker.io/library/c:1'] }, ['a']],
    ['not what somebody else brought', { books: [own('a')] }, ['a']],
    ['not what a container was made from', { images: [image('a', { containers: 1 }), image('b')] }, ['b']],
    ['not what was used within the last hour', { books: [own('a', 9.5 * HOUR), own('b')] }, ['b']],
    [
      'not what somebody has given a name of their own',
      { images: [image('a', { tags: ['a:1', 'golden:1'] }), image('b')] },
      ['b'],
    ],
    [
      'by all names that the bot has for it',
      { images: [image('a', { tags: ['a:1', 'a:latest'] })], books: [own('a', 0, ['a:1', 'a'])] },
      ['a'],
    ],
    ['without a tag, when that has moved on', { images: [image('a', { tags: [] })] }, ['a']],
    [
      'not by digest when a group names that',
      { images: [image('a', { tags: [], digests: ['a@sha256:1'] })], names: ['a@sha256:1'] },
      [],
    ],
  ])('%s', (_, differs, expected) => {
    expect(dropped(differs)).toEqual(expected);
  });

  test('and images of others do not count', () => {
    const images = [image('a'), image('theirs', { sizeBytes: 50 * GB, sharedBytes: GB })];
    expect(cacheBytes({ images, totalBytes: 51 * GB }, [own('a')])).toBe(2 * GB);
    expect(dropped({ images, keepUnder: 3 })).toEqual([]);
  });
});

test('an engine’s answer is read as older and newer ones give it', () => {
  expect(
    imageStoreFrom({
      LayersSize: 7,
      Images: [
        {
          Id: 'sha256:1',
          RepoTags: ['<none>:<none>'],
          RepoDigests: null,
          Size: 5,
          SharedSize: -1,
          Containers: -1,
        },
        {
          Id: 'sha256:2',
          RepoTags: ['a:1'],
          RepoDigests: ['a@sha256:3'],
          Size: 4,
          SharedSize: 2,
          Containers: 3,
        },
      ],
    }),
  ).toEqual({
    totalBytes: 7,
    images: [
      { id: 'sha256:1', tags: [], digests: [], sizeBytes: 5, sharedBytes: 0, containers: 0 },
      { id: 'sha256:2', tags: ['a:1'], digests: ['a@sha256:3'], sizeBytes: 4, sharedBytes: 2, containers: 3 },
    ],
  });
  expect(imageStoreFrom({ Images: null })).toEqual({ totalBytes: 0, images: [] });
  expect(diskIn(['== disk', '12 34', ''])).toEqual({ freeBytes: 12, totalBytes: 34 });
  expect(diskIn(['nothing'])).toBeUndefined();
});

test('nothing is removed while somebody pulls, and nobody pulls while something is removed', async () => {
  const gate = createGate();
  const pulling = Promise.withResolvers<string>();
  const pulled = gate.enter(() => pulling.promise);
  expect(await gate.whileNobodyIsIn(async () => true)).toBe(false);
  pulling.resolve('pulled');
  expect(await pulled).toBe('pulled');
  const removing = Promise.withResolvers<boolean>();
  const removed = gate.whileNobodyIsIn(() => removing.promise);
  const seen: string[] = [];
  const later = gate.enter(async () => seen.push('in'));
  await Promise.resolve();
  expect(seen).toEqual([]);
  removing.resolve(true);
  expect(await removed).toBe(true);
  await later;
  expect(seen).toEqual(['in']);
});

/** A host whose images are kept under a size, and what is told of those that go. */
async function createKeptWorld() {
  const world = await createReconciledWorld();
  const told: string[] = [];
  const looks: string[] = [];
  let decided: { readonly since: number; readonly happens: () => Promise<void> } | undefined;
  const cache = createImageCache({
    book: {
      ...world.store.images,
      async all(host) {
        const read = await world.store.images.all(host);
        const happens = decided && looks.length > decided.since ? decided.happens : undefined;
        if (happens) decided = undefined;
        await happens?.();
        return read;
      },
    },
    desired: {
      ...world.store.desired,
      async list() {
        looks.push('list');
        return world.store.desired.list();
      },
    },
    limits: new Map([['local', GB]]),
    clock: world.clock,
    tell: ({ image: name }, message) => told.push(`${message} ${name}`),
    reportInternal: (error) => told.push(String(error)),
  });
  const engine: Engine = cache.guard('local', world.engine);
  const pull = async (name: string) => {
    const wish = wishFor({ containers: { web: { image: name } } });
    await engine.apply(
      { kind: 'pull', pod: { ...podFor(wish), images: {} } },
      { signal: AbortSignal.timeout(5_000), report: async () => {} },
    );
  };
  const close = async () => {
    await cache.close();
    await world.close();
  };
  /** Happens once, between a decision and what follows from it. */
  const meanwhile = (happens: () => Promise<void>) => {
    decided = { since: looks.length, happens };
  };
  return { world, told, looks, cache, pull, meanwhile, close };
}

test('what goes is decided once, however many images go, and anew when somebody has pulled meanwhile', async () => {
  const { world, told, looks, cache, pull, meanwhile, close } = await createKeptWorld();
  const names = ['web:1', 'web:2', 'job:1'];
  for (const name of names) world.engine.images.delete(name);
  for (const name of names) await pull(name);
  world.clock.advance(2 * HOUR);
  await cache.look('local');
  expect([told.length, looks.length]).toEqual([2, 2]); // the look that was due, and this one
  for (const name of names) await pull(name);
  world.clock.advance(2 * HOUR);
  meanwhile(() => pull('job:1'));
  await cache.look('local');
  expect(told.slice(2)).not.toEqual([]);
  expect(told.slice(2)).not.toContain('image removed job:1');
  await close();
});

test('what a group has pulled goes once the group is gone, its revisions are old, and room is wanted', async () => {
  const { world, told, cache, pull, close } = await createKeptWorld();
  world.engine.images.delete('web:1');
  world.engine.images.delete('web:2');
  for (const name of ['web:1', 'web:2', 'job:1']) await pull(name); // job:1 was there before
  expect((await world.store.images.all('local')).map(({ names }) => names)).toEqual([['web:1'], ['web:2']]);
  await world.wish({ containers: { web: { image: 'web:1', script: 'serve' } } });
  await world.rest();
  await cache.look('local');
  expect(told).toEqual([]); // too young
  world.clock.advance(2 * HOUR);
  await cache.look('local');
  expect(told).toEqual(['image removed web:2']);
  await world.wish({ containers: { web: { image: 'job:1', script: 'serve' } } });
  await world.rest();
  world.clock.advance(2 * HOUR);
  world.engine.images.add('theirs:1');
  await cache.look('local');
  expect(told).toHaveLength(1); // one may go back to it
  await world.unwish();
  await world.rest();
  expect(await world.store.desired.get(KEY)).toBeUndefined();
  await cache.look('local');
  expect(told).toHaveLength(1);
  world.clock.advance(2 * HOUR);
  await pull('web:2');
  await cache.look('local');
  expect(told).toEqual(['image removed web:2', 'image removed web:1']);
  expect([...world.engine.images].sort()).toEqual(['job:1', 'theirs:1', 'web:2']);
  await close();
});

test.each([
  [
    'engine-refused',
    'its layers are held',
    ['image cannot be removed: its layers are held web:1', 'image removed web:2'],
  ],
  ['engine-unreachable', 'nobody is there', ['images cannot be looked at: nobody is there undefined']],
])('one that does not go (%s: %s): %j', async (code, message, expected) => {
  const { world, told, cache, pull, close } = await createKeptWorld();
  for (const name of ['web:1', 'web:2', 'job:1']) {
    world.engine.images.delete(name);
    await pull(name);
    world.clock.advance(1);
  }
  cache.guard('local', {
    ...world.engine,
    dropImage: (image, signal) =>
      image.tags.includes('web:1')
        ? Promise.reject(new Failure(code, message))
        : world.engine.dropImage(image, signal),
  });
  world.clock.advance(2 * HOUR);
  await cache.look('local');
  expect([...new Set(told)]).toEqual(expected); // the look that was due, and this one
  await close();
});

test('what serves is kept, however many were tried beside it and given up', async () => {
  const { world, told, cache, pull, close } = await createKeptWorld();
  for (const name of ['web:1', 'web:2']) {
    world.engine.images.delete(name);
    await pull(name);
  }
  await world.wish({ containers: { web: { image: 'web:1', script: 'serve' } } });
  await world.rest();
  for (let count = 0; count < 5; count++) {
    const tried = await world.tryBeside({
      containers: { web: { image: 'job:1', script: `sleep ${count}` } },
    });
    await world.store.desired.abandon(KEY, tried.revision.number);
    await world.rest();
  }
  await world.change({ wanted: 'stopped' });
  await world.rest();
  world.engine.lose(KEY, 'web'); // somebody has cleared away what was stopped
  world.clock.advance(2 * HOUR);
  await cache.look('local');
  expect(told).toEqual(['image removed web:2']);
  await close();
});

test.each<[string, { readonly keepImagesUnderBytes?: number }, number, number, string]>([
  ['enough', {}, 50, 5, 'fine: 50.0 GB of 100.0 GB disk free'],
  ['little', {}, 9, 5, 'warning: 9.0 GB of 100.0 GB disk free'],
  ['images', {}, 50, 5, 'fine: images take 5.0 GB, the 1 that the bot has pulled 5.0 GB'],
  [
    'images within the limit',
    { keepImagesUnderBytes: 20 * GB },
    50,
    5,
    'fine: images take 5.0 GB, the 1 that the bot has pulled 5.0 GB, kept under 20.0 GB',
  ],
  [
    'images that are all needed',
    { keepImagesUnderBytes: 4 * GB },
    50,
    5,
    'warning: images take 5.0 GB, the 1 that the bot has pulled 5.0 GB, more than 4.0 GB',
  ],
])('doctor tells of a disk with %s', (_, host, freeGB, imageGB, expected) => {
  const machine = {
    shmBytes: 0,
    kvm: 'missing' as const,
    vfioGroups: 0,
    nvidiaDevices: 0,
    propagates: true,
    disk: { freeBytes: freeGB * GB, totalBytes: 100 * GB },
  };
  const store = { totalBytes: imageGB * GB, images: [image('a', { sizeBytes: imageGB * GB })] };
  const found = diskFindings({
    host: { name: 'one', location: 'office', ...host },
    ownImages: [own('a')],
    survey: { machine, images: store },
  });
  expect(found.map(({ state, text }) => `${state}: ${text}`)).toContain(expected);
});
