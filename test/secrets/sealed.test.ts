/** Values that are sealed for a file, and the book that the bot keeps: what opens where. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateX25519Identity } from 'age-encryption';
import {
  findSecret,
  fingerprintOf,
  isSecretName,
  openSealed,
  openVault,
  Secret,
  sealValue,
  type Vault,
} from '../../src/secrets/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

const VALUE = 'correct horse battery';
const HERE = { repository: 'acme/shop', environment: 'production' };
let folder: string;
let vault: Vault;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-sealed-'));
  vault = await openVault(join(folder, 'identity.age'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a sealed value', () => {
  const seal = (repository: string, environment: string) =>
    sealValue(vault.recipient, { repository, environment }, new Secret(VALUE));

  test.each([
    ['acme/shop', 'production'],
    ['acme/shop', ''],
    ['', 'production'],
    ['', ''],
  ])('for "%s" "%s" opens in production of acme/shop', async (repository, environment) => {
    const opened = await openSealed(vault, await seal(repository, environment), HERE);
    expect(opened instanceof Secret && opened.reveal()).toBe(VALUE);
  });

  test.each([
    ['acme/other', 'production'],
    ['acme/other', ''],
    ['acme/shop', 'staging'],
    ['', 'staging'],
    ['acme', ''],
  ])('for "%s" "%s" does not', async (repository, environment) => {
    expect(await openSealed(vault, await seal(repository, environment), HERE)).toBe('for-another-place');
  });

  test('is one word, shows nothing, and looks different each time', async () => {
    const [one, two] = [await seal('', ''), await seal('', '')];
    expect(one).toMatch(/^katabot:age:[\w-]+$/);
    expect(one).not.toBe(two);
    expect(Buffer.from(one.slice(12), 'base64url').toString('latin1')).not.toContain('horse');
  });

  test('of which anything was changed or is missing is broken', async () => {
    const sealed = await seal('', '');
    const bytes = Buffer.from(sealed.slice(12), 'base64url');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const spoilt = [
      sealed.slice(0, -20),
      'katabot:age:',
      'katabot:age:AAAA',
      `katabot:age:${bytes.toString('base64url')}`,
    ];
    for (const text of spoilt) expect(await openSealed(vault, text, HERE)).toBe('broken');
  });

  test('for another bot is told from a broken one', async () => {
    const other = await openVault(join(folder, 'other.age'));
    const sealed = await sealValue(other.recipient, HERE, new Secret(VALUE));
    expect(await openSealed(vault, sealed, HERE)).toBe('for-another-bot');
  });

  test('is not what the bot seals for itself: a row of its database in a file opens nothing', async () => {
    const row = await vault.seal(JSON.stringify(['DATABASE', '', '', VALUE]));
    const text = `katabot:age:${Buffer.from(row, 'base64').toString('base64url')}`;
    expect(await openSealed(vault, text, HERE)).toBe('broken');
  });

  test('cannot be made for what is no recipient', async () => {
    await expect(sealValue('age1nothing', HERE, new Secret(VALUE))).rejects.toMatchObject({
      code: 'recipient-invalid',
    });
  });
});

test('a new identity above the old one seals from then on, and both open; fingerprints stay', async () => {
  const file = join(folder, 'rotated.age');
  const before = await openVault(file);
  const [sealed, committed] = [
    await before.seal(VALUE),
    await sealValue(before.recipient, HERE, new Secret(VALUE)),
  ];
  const old = await readFile(file, 'utf8');
  await writeFile(file, `# made by age-keygen\n${await generateX25519Identity()}\n${old}`);
  const after = await openVault(file);
  expect(after.recipient).not.toBe(before.recipient);
  expect(after.pepper).toBe(before.pepper);
  expect(await after.unseal(sealed)).toBe(VALUE);
  expect(await openSealed(after, committed, HERE)).toBeInstanceOf(Secret);
  const fresh = await after.seal(VALUE);
  expect(await after.unseal(fresh)).toBe(VALUE);
  await expect(before.unseal(fresh)).rejects.toMatchObject({ code: 'vault-mismatch' });
});

describe('the book of secrets', () => {
  const kept = (name: string, repository: string, environment: string) => ({
    name,
    repository,
    environment,
    setBy: 'ann',
    setAtMs: 1,
    fingerprint: 'f',
  });

  test('gives a place the secret of the narrowest scope: its environment of its repository first, everywhere last', async () => {
    const store = await openSqliteStore(':memory:', vault);
    const scopes = [
      ['', ''],
      ['', 'production'],
      ['acme/shop', ''],
      ['acme/shop', 'production'],
    ] as const;
    await store.secrets.set(kept('A', 'acme/other', 'production'), new Secret('another repository'));
    await store.secrets.set(kept('A', '', 'staging'), new Secret('another environment'));
    expect(await findSecret(store.secrets, 'A', HERE)).toBeUndefined();
    for (const [repository, environment] of scopes) {
      const value = `${repository}|${environment}`;
      expect(await store.secrets.set(kept('A', repository, environment), new Secret(value))).toBe(true);
      expect((await findSecret(store.secrets, 'A', HERE))?.reveal()).toBe(value);
    }
    expect(await findSecret(store.secrets, 'B', HERE)).toBeUndefined();
    for (const [repository, environment] of scopes.toReversed()) {
      expect((await findSecret(store.secrets, 'A', HERE))?.reveal()).toBe(`${repository}|${environment}`);
      expect(await store.secrets.remove('A', { repository, environment })).toBe(true);
    }
    expect(await store.secrets.remove('A', HERE)).toBe(false);
    await store.close();
  });

  test('replaces a value, keeps it sealed on the disk, and lists everything but it', async () => {
    const file = join(folder, 'book.sqlite');
    const store = await openSqliteStore(file, vault);
    await store.secrets.set(kept('A', '', ''), new Secret('the first value'));
    expect(await store.secrets.set({ ...kept('A', '', ''), setBy: 'bea' }, new Secret(VALUE))).toBe(false);
    expect((await store.secrets.read('A', { repository: '', environment: '' }))?.reveal()).toBe(VALUE);
    expect(await store.secrets.list()).toEqual([{ ...kept('A', '', ''), setBy: 'bea' }]);
    await store.close();
    const bytes = await readFile(file, 'latin1');
    for (const value of [VALUE, 'the first value', Buffer.from(VALUE).toString('base64').slice(4, 20)])
      expect(bytes).not.toContain(value);
  });

  test('opens no value that was put into another row', async () => {
    const file = join(folder, 'moved.sqlite');
    const store = await openSqliteStore(file, vault);
    await store.secrets.set(kept('A', 'acme/shop', ''), new Secret(VALUE));
    const database = new DatabaseSync(file);
    database.exec("update secrets set repository = 'acme/other'");
    database.close();
    await expect(
      store.secrets.read('A', { repository: 'acme/other', environment: '' }),
    ).rejects.toMatchObject({ code: 'secret-moved' });
    await store.close();
  });
});

test('a fingerprint changes with the value, the name and the bot', () => {
  const prints = [
    fingerprintOf('A', new Secret('one'), 'p'),
    fingerprintOf('A', new Secret('two'), 'p'),
    fingerprintOf('B', new Secret('one'), 'p'),
    fingerprintOf('A', new Secret('one'), 'q'),
  ];
  expect(new Set(prints).size).toBe(4);
  expect(fingerprintOf('A', new Secret('one'), 'p')).toBe(prints[0]);
});

test.each([
  ['DATABASE', true],
  ['a.b-c_1', true],
  ['registry:ghcr.io', true],
  ['registry:localhost:5000', true],
  ['kept', false],
  ['age', false],
  ['registry:', false],
  ['registry:https://ghcr.io', false],
  ['with blank', false],
  ['', false],
  ['1', false],
])('%j as the name of a secret: %s', (name, allowed) => expect(isSecretName(name)).toBe(allowed));
