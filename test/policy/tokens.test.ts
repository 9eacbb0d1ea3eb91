/** Tokens with the book that the bot keeps: it holds hashes, and a token belongs to one caller. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTokens, type Right, type TokenBook, type Tokens } from '../../src/policy/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';

const RIGHTS: readonly Right[] = ['reader', 'deployer', 'operator', 'admin'];
const CREATED_AT_MS = 1_000;

let folder: string;
let store: Store;
let tokens: Tokens;
/** All that was ever said to the book. */
let said: unknown[];
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-tokens-'));
  store = await openSqliteStore(':memory:', await openTestVault(folder));
  said = [];
  const book: TokenBook = {
    ...store.tokens,
    find: (hash) => {
      said.push(hash);
      return store.tokens.find(hash);
    },
    add: (token) => {
      said.push(token);
      return store.tokens.add(token);
    },
  };
  clock = createManualClock(CREATED_AT_MS);
  tokens = createTokens(book, clock);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a token', () => {
  test('is 256 random bits with a prefix that searches for leaked tokens can find', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => tokens.create('ann', 'reader')));
    for (const token of made) expect(token).toMatch(/^kata_[A-Za-z0-9_-]{43}$/);
    expect(new Set(made).size).toBe(20);
  });

  test('is told to the book as a hash only, when it is made and when it is used', async () => {
    const token = await tokens.create('ann', 'deployer');
    await tokens.authenticate(token, 'ann');
    const hash = createHash('sha256').update(token).digest('hex');
    expect(said).toEqual([
      { hash, name: 'ann', right: 'deployer', createdAtMs: CREATED_AT_MS, expiresAtMs: null },
      hash,
    ]);
    expect(JSON.stringify(said)).not.toContain(token.slice('kata_'.length));
    expect(await store.tokens.list()).toEqual([
      { name: 'ann', right: 'deployer', createdAtMs: CREATED_AT_MS, expiresAtMs: null },
    ]);
  });

  test.each(RIGHTS)('gives its caller the right it was made with: %s', async (right) => {
    const token = await tokens.create('ann', right);
    expect(await tokens.authenticate(token)).toEqual({ name: 'ann', right });
  });

  test('is its caller’s: with another name it is nobody’s', async () => {
    const token = await tokens.create('ann', 'deployer');
    expect(await tokens.authenticate(token, 'ann')).toEqual({ name: 'ann', right: 'deployer' });
    for (const user of ['bo', 'Ann', '']) expect(await tokens.authenticate(token, user)).toBeUndefined();
  });

  test('that was revoked is nobody’s, and so is every other of that caller; those of others stay', async () => {
    const [one, two] = [await tokens.create('ann', 'admin'), await tokens.create('ann', 'reader')];
    const other = await tokens.create('bo', 'reader');
    expect(await store.tokens.remove('ann')).toBe(2);
    expect(await tokens.authenticate(one)).toBeUndefined();
    expect(await tokens.authenticate(two)).toBeUndefined();
    expect(await tokens.authenticate(other)).toEqual({ name: 'bo', right: 'reader' });
    expect(await store.tokens.remove('ann')).toBe(0);
  });

  test('that is none is not even looked up', async () => {
    const token = await tokens.create('ann', 'reader');
    said = [];
    for (const wrong of ['', 'kata', token.slice(1), token.toUpperCase(), ` ${token}`, 'Bearer x']) {
      expect(await tokens.authenticate(wrong)).toBeUndefined();
    }
    expect(said).toEqual([]);
  });

  test('that is almost right is wrong, and its hash is not a token', async () => {
    const token = await tokens.create('ann', 'reader');
    const hash = createHash('sha256').update(token).digest('hex');
    for (const wrong of [`${token} `, token.slice(0, -1), `kata_${hash}`, hash]) {
      expect(await tokens.authenticate(wrong)).toBeUndefined();
    }
  });

  test('with an end works until then, and is nobody’s from then on', async () => {
    const token = await tokens.create('ci', 'operator', { expiresAtMs: CREATED_AT_MS + 90 });
    const caller = { name: 'ci', right: 'operator', expiresAtMs: CREATED_AT_MS + 90 };
    expect(await tokens.authenticate(token)).toEqual(caller);
    clock.advance(89);
    expect(await tokens.authenticate(token, 'ci')).toEqual(caller);
    clock.advance(1);
    expect(await tokens.authenticate(token)).toBeUndefined();
    expect(await tokens.authenticate(token, 'ci')).toBeUndefined();
    expect(await store.tokens.list()).toMatchObject([{ name: 'ci', expiresAtMs: CREATED_AT_MS + 90 }]);
  });

  test('with a right that this bot does not know has none', async () => {
    const token = `kata_${'x'.repeat(43)}`;
    const hash = createHash('sha256').update(token).digest('hex');
    await store.tokens.add({ hash, name: 'ann', right: 'emperor', createdAtMs: 0, expiresAtMs: null });
    expect(await tokens.authenticate(token)).toBeUndefined();
  });
});
