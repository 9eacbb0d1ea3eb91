/** The audit: a chain that shows every change, on the book that the bot keeps. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AuditEntry, type AuditRow, rowAfter, verifyAudit } from '../../src/policy/index.ts';
import type { Vault } from '../../src/secrets/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';

let folder: string;
let file: string;
let vault: Vault;
let store: Store;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-audit-'));
  file = join(folder, 'katabot.sqlite');
  vault = await openTestVault(folder);
  store = await openSqliteStore(file, vault);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function entry(more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    atMs: 1_000,
    id: 'c1',
    kind: 'asked',
    caller: 'ann',
    surface: 'cli',
    text: 'delete hello',
    group: 'production/hello',
    environment: 'production',
    decision: 'allowed: callers.ann',
    effect: '',
    cost: '',
    ...more,
  };
}

const rowsOf = (count: number) => {
  const rows: AuditRow[] = [];
  for (let n = 1; n <= count; n++) rows.push(rowAfter(rows.at(-1), entry({ id: `c${n}`, atMs: n })));
  return rows;
};

/** Somebody with the file in hand, who knows SQLite and takes the triggers away. */
async function tamper(sql: string): Promise<void> {
  const database = new DatabaseSync(file);
  for (const trigger of ['audit_continues', 'audit_is_not_changed', 'audit_is_not_shortened'])
    database.exec(`drop trigger ${trigger}`);
  database.exec(sql);
  database.close();
}

const verify = () => verifyAudit(store.audit.all());

describe('the chain', () => {
  test('begins at zeros, and each row holds the hash of the one before and of itself', () => {
    const [first, second] = rowsOf(2);
    expect(first).toMatchObject({ number: 1, previous: '0'.repeat(64) });
    expect(second).toMatchObject({ number: 2, previous: first?.hash });
    // The form is fixed for ever: rows that were written must go on being right.
    const canonical = JSON.stringify([
      1,
      '0'.repeat(64),
      1,
      'c1',
      'asked',
      'ann',
      'cli',
      'delete hello',
      'production/hello',
      'production',
      'allowed: callers.ann',
      '',
      '',
    ]);
    expect(first?.hash).toBe(createHash('sha256').update(canonical).digest('hex'));
  });

  test('that is whole is so, and nothing is whole as well', async () => {
    expect(await verifyAudit(rowsOf(5))).toEqual({ ok: true, rows: 5, head: rowsOf(5).at(-1)?.hash });
    expect(await verifyAudit([])).toEqual({ ok: true, rows: 0, head: '0'.repeat(64) });
  });

  const parts = Object.keys(rowsOf(1)[0] ?? {}).filter((part) => part !== 'number') as (keyof AuditRow)[];

  test.each(parts)('shows a change of %s, at the row', async (part) => {
    for (const place of [1, 3, 5]) {
      const rows = rowsOf(5).map((row) => {
        if (row.number !== place) return row;
        const value = row[part];
        return { ...row, [part]: typeof value === 'number' ? value + 1 : `${value}x` } as AuditRow;
      });
      expect(await verifyAudit(rows)).toMatchObject({ ok: false, row: place });
    }
  });

  test('shows a change whose hash was made anew', async () => {
    const rows = rowsOf(5);
    rows[2] = rowAfter(rows[1], entry({ text: 'status', id: 'c3', atMs: 3 }));
    expect(await verifyAudit(rows)).toEqual({
      ok: false,
      row: 3,
      why: 'it was changed and given a new hash; row 4 holds the old one',
    });
  });

  test.each([1, 3, 4])('shows that row %i is missing', async (number) => {
    const rows = rowsOf(5).filter((row) => row.number !== number);
    expect(await verifyAudit(rows)).toEqual({ ok: false, row: number, why: 'it is missing' });
  });

  test('shows that a row is missing whose number was given to the next', async () => {
    const rows = rowsOf(5)
      .filter((row) => row.number !== 3)
      .map((row) => (row.number > 3 ? { ...row, number: row.number - 1 } : row));
    expect(await verifyAudit(rows)).toMatchObject({ ok: false, row: 3 });
  });

  test('shows a row that was put in, with the later ones moved along', async () => {
    const rows = rowsOf(5);
    const put = rowAfter(rows[2], entry({ text: 'delete everything' }));
    const all = [
      ...rows.slice(0, 3),
      put,
      ...rows.slice(3).map((row) => ({ ...row, number: row.number + 1 })),
    ];
    expect(await verifyAudit(all)).toEqual({ ok: false, row: 4, why: 'it was put in' });
  });

  test('takes no token and no password in an address', () => {
    const said = `login https://ann:hunter2@git.example.com/x kata_${'a'.repeat(43)} --reason "kata_short"`;
    expect(rowAfter(undefined, entry({ text: said })).text).toBe(
      'login https://…@git.example.com/x kata_… --reason "kata_short"',
    );
    expect(rowAfter(undefined, entry({ text: 'x'.repeat(10_000) })).text).toHaveLength(4_000);
  });
});

describe('the book', () => {
  test('gives back what was written, newest ones of a question, oldest first', async () => {
    const texts: [string, string, number][] = [
      ['ann', 'production', 10],
      ['bo', 'staging', 20],
      ['ann', 'staging', 30],
      ['ann', 'production', 40],
    ];
    for (const [caller, environment, atMs] of texts)
      await store.audit.append(entry({ caller, environment, atMs }));
    const found = async (filter: Parameters<Store['audit']['entries']>[0]) =>
      (await store.audit.entries(filter)).map(({ number }) => number);
    expect(await found({})).toEqual([1, 2, 3, 4]);
    expect(await found({ last: 2 })).toEqual([3, 4]);
    expect(await found({ caller: 'ann' })).toEqual([1, 3, 4]);
    expect(await found({ caller: 'ann', environment: 'production', last: 1 })).toEqual([4]);
    expect(await found({ sinceMs: 20, environment: 'staging' })).toEqual([2, 3]);
    expect((await store.audit.entries({ last: 1 }))[0]).toMatchObject(entry({ atMs: 40 }));
  });

  test('is never forked by many who write at once, in one process or in two', async () => {
    const other = await openSqliteStore(file, vault);
    const all = Array.from({ length: 200 }, (_, n) =>
      (n % 2 ? store : other).audit.append(entry({ id: `c${n}` })),
    );
    await Promise.all(all);
    await other.close();
    expect(await verify()).toMatchObject({ ok: true, rows: 200 });
    expect(new Set((await store.audit.entries({})).map(({ id }) => id)).size).toBe(200);
  });

  test('goes through more rows than it holds at once', async () => {
    for (let n = 0; n < 2_001; n++) await store.audit.append(entry());
    expect(await verify()).toMatchObject({ ok: true, rows: 2_001 });
  }, 30_000);

  test('refuses every change by the bot itself', async () => {
    for (let n = 0; n < 3; n++) await store.audit.append(entry());
    const database = new DatabaseSync(file);
    expect(() => database.exec("update audit set caller = 'bo' where number = 2")).toThrow(/never changed/);
    expect(() => database.exec('delete from audit')).toThrow(/never changed/);
    // What does not continue the chain is not taken, whatever it would replace.
    database.exec('insert or replace into audit select * from audit where number = 2');
    database.exec(
      "insert into audit select 4, at_ms, id, kind, 'eve', surface, text, \"group\", environment, decision, effect, cost, '', hash from audit where number = 2",
    );
    database.close();
    expect(await verify()).toMatchObject({ ok: true, rows: 3 });
  });

  test('shows a byte that was flipped in the file', async () => {
    for (let n = 0; n < 5; n++) await store.audit.append(entry({ text: `delete hello${n}` }));
    await tamper("update audit set text = 'delete hellp2' where number = 3");
    expect(await verify()).toEqual({ ok: false, row: 3, why: 'it was changed' });
  });

  test('shows a row that was deleted from the file, and one that was put in', async () => {
    for (let n = 0; n < 5; n++) await store.audit.append(entry());
    await tamper('delete from audit where number = 2');
    expect(await verify()).toEqual({ ok: false, row: 2, why: 'it is missing' });
    const database = new DatabaseSync(file);
    database.exec(
      'insert into audit select 2, at_ms, id, kind, caller, surface, text, "group", environment, decision, effect, cost, previous, hash from audit where number = 1',
    );
    database.close();
    expect(await verify()).toMatchObject({ ok: false, row: 2, why: expect.stringContaining('put in') });
  });

  test('goes on with the chain after it was closed and opened again', async () => {
    await store.audit.append(entry());
    await store.close();
    store = await openSqliteStore(file, vault);
    await store.audit.append(entry());
    expect(await verify()).toMatchObject({ ok: true, rows: 2 });
  });

  test('has every row whole that was written when the bot was killed', async () => {
    const source = (path: string) => JSON.stringify(resolve(import.meta.dirname, '../../src', path));
    const program = `
      const { openSqliteStore } = await import(${source('store/sqlite/open.ts')});
      const { openVault } = await import(${source('secrets/index.ts')});
      const vault = await openVault(${JSON.stringify(join(folder, 'identity.age'))});
      const store = await openSqliteStore(${JSON.stringify(file)}, vault);
      for (let n = 1; ; n++) {
        await store.audit.append({ ...${JSON.stringify(entry())}, atMs: n });
        process.stdout.write('.');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = 0;
    for await (const dots of child.stdout) {
      written += dots.length;
      if (written >= 50) child.kill('SIGKILL');
    }
    const verdict = await verify();
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict.ok && verdict.rows).toBeGreaterThanOrEqual(written);
    await store.audit.append(entry());
    expect(await verify()).toMatchObject({ ok: true });
  }, 20_000);
});
