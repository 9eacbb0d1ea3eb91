/** The list of wishes is kept between two looks; what this process or another writes shows in the next one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GroupKey, groupKey } from '../../src/event.ts';
import { besideKey } from '../../src/network/index.ts';
import type { WishDraft } from '../../src/reconciler/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { groupFrom } from '../reconciler/groups.ts';
import { openTestVault } from './vault.ts';

let folder: string;
let store: Store;
let other: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-list-'));
  const vault = await openTestVault(folder);
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
  other = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
});

afterEach(async () => {
  await store.close();
  await other.close();
  await rm(folder, { recursive: true, force: true });
});

function put({ desired }: Store, key: GroupKey, more: Partial<WishDraft> = {}) {
  return desired.put({
    key,
    location: 'local',
    host: 'local',
    repository: '',
    slot: 0,
    address: '',
    subnet: '198.18.0.0/28',
    published: [],
    fqdn: '',
    after: 0,
    expiresAtMs: null,
    revision: {
      commit: '',
      path: 'a.yaml',
      group: groupFrom({ containers: { web: {} } }),
      acceptedBy: 'ann',
      acceptedAtMs: 1,
    },
    ...more,
  });
}

const keysOf = async ({ desired }: Store) => (await desired.list()).map(({ key }) => key);

test('every change shows in the next list', async () => {
  const key = groupKey('production', 'web');
  await put(store, key);
  expect(await keysOf(store)).toEqual([key]);
  await put(store, groupKey('staging', 'web'));
  expect(await keysOf(store)).toEqual([key, 'staging/web']);
  await store.desired.note(key, 1, { settled: 'Running' });
  expect((await store.desired.list())[0]?.settled).toBe('Running');
  const beside = async () => (await store.desired.list())[0]?.beside?.isTried;
  const tryAnother = async () =>
    put(store, key, { isTrial: true, slot: await store.slots.take('local', besideKey(key), 16) });
  await tryAnother();
  expect(await beside()).toBe(true);
  await store.desired.abandon(key, 2);
  expect(await beside()).toBe(false);
  await store.desired.vacate(key);
  expect(await beside()).toBeUndefined();
  await tryAnother();
  expect(await beside()).toBe(true);
  await store.desired.promote(key, 3, { settled: 'Running', staysUntilMs: 1 });
  expect((await store.desired.list())[0]?.revision.number).toBe(3);
  await store.desired.change(key, { wanted: 'stopped' });
  expect((await store.desired.list())[0]?.wanted).toBe('stopped');
  await store.desired.unwish(key, 'ann');
  expect((await store.desired.list())[0]?.wanted).toBe('deleted');
  await store.desired.forget(key);
  expect(await keysOf(store)).toEqual(['staging/web']);
});

test('so does what another process writes to the same file', async () => {
  expect(await keysOf(store)).toEqual([]);
  await put(other, groupKey('production', 'web'));
  expect(await keysOf(store)).toEqual(['production/web']);
  await other.desired.unwish(groupKey('production', 'web'), 'bo');
  expect((await store.desired.list())[0]?.wanted).toBe('deleted');
});

test('whoever changes the list that they were given changes nobody else’s', async () => {
  await put(store, groupKey('production', 'web'));
  (await store.desired.list()).pop();
  expect(await keysOf(store)).toEqual(['production/web']);
});
