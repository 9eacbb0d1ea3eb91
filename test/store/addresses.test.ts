/** The books of a bot from before groups could have several addresses, brought to the form of today. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type GroupKey, groupKey } from '../../src/event.ts';
import { allocate, besideKey, poolsFrom } from '../../src/network/index.ts';
import type { Vault } from '../../src/secrets/index.ts';
import { readGroup } from '../../src/spec/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { documentOf } from '../reconciler/groups.ts';
import { openTestVault } from './vault.ts';

const POOLS = poolsFrom({ addresses: '127.21.0.0/29', networks: '198.19.0.0/16', ports: '20000-29999' });
const SHOP = groupKey('production', 'shop');
const WORKER = groupKey('production', 'worker');
const NEW = groupKey('staging', 'shop');

let folder: string;
let vault: Vault;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-addresses-'));
  vault = await openTestVault(folder);
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

test('groups of an older bot keep their address with all its ports, and no other group is given it', async () => {
  await put(SHOP, '127.21.0.1', ['80 TCP']);
  await put(SHOP, '127.21.0.1', ['80 TCP', '53 UDP']); // what its newest revision publishes counts
  await put(WORKER, '', []);
  await asBefore();

  const at = { address: '127.21.0.1', hostPort: 80, port: 80, protocol: 'TCP' };
  const published = [at, { ...at, hostPort: 53, port: 53, protocol: 'UDP' }];
  expect(await store.desired.get(SHOP)).toMatchObject({ address: '127.21.0.1', published });
  expect(await store.desired.get(WORKER)).toMatchObject({ address: '', published: [] });
  expect(await store.addresses.all('local')).toEqual(published.map((each) => ({ ...each, key: SHOP })));

  const asked = { key: NEW, ports: [{ port: 80, protocol: 'TCP' as const }] };
  const given = await store.addresses.take('local', NEW, (taken) => allocate(POOLS, asked, taken));
  expect(given).toMatchObject({ ok: true, published: [{ address: '127.21.0.2' }] });
  await store.desired.unwish(SHOP, 'ann');
  await store.desired.forget(SHOP);
  expect((await store.addresses.all('local')).map(({ key }) => key)).toEqual([NEW]);
});

async function put(key: GroupKey, address: string, ports: readonly string[]): Promise<void> {
  const document = JSON.parse(documentOf({ containers: { web: {} } }));
  const open = ports.map((each) => {
    const [port, protocol] = each.split(' ');
    return { port: Number(port), protocol };
  });
  if (open.length) document.properties.ipAddress = { type: 'Public', ports: open };
  document.properties.containers[0].properties.ports = open;
  const { group, problems } = readGroup(JSON.stringify(document), { file: 'a.yaml' });
  if (!group) throw new Error(JSON.stringify(problems));
  await store.desired.put({
    key,
    location: 'local',
    host: 'local',
    repository: '',
    slot: 0,
    address,
    subnet: '198.19.0.0/28',
    published: [],
    fqdn: '',
    after: (await store.desired.get(key))?.revision.number ?? 0,
    expiresAtMs: null,
    revision: { commit: '', path: 'a.yaml', group, acceptedBy: 'ann', acceptedAtMs: 1 },
  });
}

test('books that could not be brought up to date to the end are left as they were', async () => {
  await put(SHOP, '127.21.0.1', ['80 TCP']);
  await expect(asBefore('create table names (key text)')).rejects.toThrow('already exists');
  const database = new DatabaseSync(join(folder, 'katabot.sqlite'));
  expect(database.prepare("select name from sqlite_master where name = 'addresses'").all()).toEqual([]);
  database.exec('drop table names');
  database.close();
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
  expect((await store.desired.get(SHOP))?.published).toHaveLength(1);
});

test('groups that an older bot has evicted wait on, and those that somebody has stopped since do not', async () => {
  const evicted = { kind: 'evicted', returns: true } as const;
  for (const key of [SHOP, WORKER, NEW]) await put(key, '', []);
  const told = { revision: 1, atMs: 7 };
  await store.events.append([
    { ...told, group: SHOP, fact: evicted },
    { ...told, group: WORKER, fact: evicted },
    { ...told, group: WORKER, fact: { kind: 'stopping', by: 'ann' } },
    { ...told, group: NEW, fact: { kind: 'evicted', returns: false } },
  ]);
  for (const key of [SHOP, WORKER, NEW]) await store.desired.change(key, { wanted: 'stopped' });
  await asBefore();
  const since = (await store.desired.list()).map(({ key, waitsSinceMs }) => [key, waitsSinceMs]);
  expect(Object.fromEntries(since)).toEqual({ [SHOP]: 7, [WORKER]: undefined, [NEW]: undefined });
});

test('the second place of a group stays its own over a start of the bot; one that nothing was put at does not', async () => {
  await put(SHOP, '', []);
  const place = async (key: GroupKey) => ({ slot: await store.slots.take('local', besideKey(key), 16) });
  const wish = await store.desired.get(SHOP);
  if (!wish) throw new Error('it was put');
  await store.desired.put({ ...wish, ...(await place(SHOP)), after: 1, isTrial: true });
  await place(WORKER);
  await store.close();
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
  expect((await store.slots.all('local')).map(({ key }) => key)).toEqual([besideKey(SHOP)]);
});

/** Takes away what came with the addresses and since, and opens the file again as a newer bot does. */
async function asBefore(...more: readonly string[]): Promise<void> {
  await store.close();
  const file = join(folder, 'katabot.sqlite');
  const database = new DatabaseSync(file);
  for (const sql of [
    'drop table addresses',
    'drop table names',
    'alter table wishes drop column published',
    'alter table wishes drop column host',
    'drop table drained',
    'drop table gpus',
    'drop table certificates',
    'drop table acme_accounts',
    'drop table shipped',
    'drop table pulled_images',
    'drop table beside',
    'alter table wishes drop column waits_since_ms',
    "delete from kysely_migration where name >= '0040-addresses'",
    ...more,
  ])
    database.exec(sql);
  database.close();
  store = await openSqliteStore(file, vault);
}
