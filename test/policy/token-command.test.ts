/** `katabot token`, with the books that the bot keeps and a clock of the test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Command, VERBS } from '../../src/commands/index.ts';
import { createTokens, verifyAudit } from '../../src/policy/index.ts';
import { drawPlain } from '../../src/replies/index.ts';
import type { Vault } from '../../src/secrets/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { runToken } from '../../src/surfaces/cli/token.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';

const DAY_MS = 86_400_000;
const verb = VERBS.find(({ name }) => name === 'token');

let folder: string;
let vault: Vault;
let store: Store;
let clock: ManualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-token-'));
  vault = await openTestVault(folder);
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), vault);
  clock = createManualClock(Date.UTC(2026, 0, 1));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function token(words: string[], options: Command['options'] = {}) {
  if (!verb) throw new Error('there is no verb token');
  const { tokens: book, audit } = store;
  const parts = { tokens: createTokens(book, clock), book, audit, clock, close: async () => {} };
  const outcome = await runToken({ verb, words, options }, parts);
  return { ...outcome, text: outcome.blocks.flatMap((block) => drawPlain(block)).join('\n') };
}

const authenticate = (text: string) => createTokens(store.tokens, clock).authenticate(text);

test('a token that is to end says when, ends then, and is listed as expired', async () => {
  const made = await token(['create', 'ci'], { right: 'operator', expires: 90 * DAY_MS });
  expect(made.text).toContain('Token of ci (operator until 2026-04-01T00:00:00Z)');
  const { token: text } = made.data as { token: string };
  await token(['create', 'ann']);
  expect((await token(['list'])).text).toMatch(/ci +operator +\S+ +2026-04-01T00:00:00Z/);
  clock.advance(90 * DAY_MS - 1);
  expect(await authenticate(text)).toMatchObject({ name: 'ci', right: 'operator' });
  clock.advance(1);
  expect(await authenticate(text)).toBeUndefined();
  const list = await token(['list']);
  expect(list.text).toMatch(/ci +operator +\S+ +expired 2026-04-01T00:00:00Z/);
  expect(list.text).toMatch(/ann +deployer +\S+ +never/);
});

test.each([['90d'], [0], [true]])('an end that cannot be read (%s) makes no token', async (expires) => {
  await expect(token(['create', 'ci'], { expires })).rejects.toMatchObject({ code: 'usage' });
  expect(await store.tokens.list()).toEqual([]);
});

test.each(['local', 'katabot'])('the bot’s own name %s is nobody else’s', async (name) => {
  await expect(token(['create', name])).rejects.toMatchObject({ code: 'usage' });
});

test('whoever makes and takes tokens stands in the audit, and the token does not', async () => {
  const { data } = await token(['create', 'ci'], { right: 'operator', expires: DAY_MS });
  await token(['revoke', 'ci']);
  await token(['create', 'NO']).catch(() => {});
  const rows = await store.audit.entries({});
  expect(
    rows.map(({ caller, surface, text, effect }) => [caller, surface, text, effect].join(' | ')),
  ).toEqual([
    'local | local | token create ci --right operator --expires 86400000 | ',
    'local | local | token create ci --right operator --expires 86400000 | done: token-created',
    'local | local | token revoke ci | ',
    'local | local | token revoke ci | done: token-revoked',
    'local | local | token create NO | ',
    'local | local | token create NO | failed: usage',
  ]);
  expect(JSON.stringify(rows)).not.toContain((data as { token: string }).token);
  expect(await verifyAudit(rows)).toMatchObject({ ok: true });
});

test('tokens of a database from before they could end go on working', async () => {
  const text = await createTokens(store.tokens, clock).create('ann', 'deployer');
  await store.close();
  const file = join(folder, 'katabot.sqlite');
  const database = new DatabaseSync(file);
  const first = 'wishes revisions runs intervals events labels slots tokens branches'.split(' ');
  const newer = database
    .prepare("select name from sqlite_master where type = 'table'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !first.includes(name) && !/^(kysely|sqlite)_/.test(name));
  for (const sql of [
    ...newer.map((name) => `drop table ${name}`),
    'alter table runs drop column unhealthy',
    ...['restart_before_ms', 'expires_at_ms', 'published', 'host', 'waits_since_ms'].map(
      (name) => `alter table wishes drop column ${name}`,
    ),
    ...['reason', 'rollback_of', 'settled'].map((name) => `alter table revisions drop column ${name}`),
    'alter table tokens drop column expires_at_ms',
    "delete from kysely_migration where name <> '0001-books'",
  ])
    database.exec(sql);
  database.close();
  store = await openSqliteStore(file, vault);
  clock.advance(10_000 * DAY_MS);
  expect(await authenticate(text)).toEqual({ name: 'ann', right: 'deployer' });
  expect(await store.audit.entries({})).toEqual([]);
});
