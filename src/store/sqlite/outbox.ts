import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import {
  importanceNamed,
  type KeptWrite,
  type OutboxBook,
  type WaitingWrite,
  type Write,
} from '../../mail/index.ts';
import type { Tables } from './tables.ts';
import { together } from './together.ts';

const HOUR_MS = 3_600_000;

export function outboxBook(database: Kysely<Tables>): OutboxBook {
  const change = (account: string, key: string) =>
    database.updateTable('writes').where('account', '=', account).where('key', '=', key);
  const put = together((puts: readonly { readonly write: Write; readonly atMs: number }[]) =>
    database.transaction().execute(async (transaction) => {
      const waits: boolean[] = [];
      for (const { write, atMs } of puts) waits.push(await putWrite(transaction, write, atMs));
      return waits;
    }),
  );
  return {
    put: (write, atMs) => put({ write, atMs }),
    async accounts() {
      const rows = await database
        .selectFrom('writes')
        .select('account')
        .distinct()
        .where('waits', '=', 1)
        .execute();
      return rows.map(({ account }) => account);
    },
    waiting: (account) => waitingOf(database, account),
    async read(account, key): Promise<KeptWrite | undefined> {
      const row = await rowOf(database, account, key).where('waits', '=', 1).executeTakeFirst();
      if (!row) return undefined;
      const write = {
        account,
        key,
        kind: row.kind,
        content: JSON.parse(row.content),
        importance: importanceNamed(row.importance),
        creates: row.creates === 1,
        ...(row.place ? { place: row.place } : {}),
      };
      const { sequence, attempts, remote } = row;
      return { write, sequence, attempts, remote: remote ?? undefined, sinceMs: row.since_ms };
    },
    begin: (...begun) => database.transaction().execute((transaction) => noteBegun(transaction, ...begun)),
    sent: (...sent) => database.transaction().execute((transaction) => noteSent(transaction, ...sent)),
    async postpone(account, key, nextAtMs) {
      await change(account, key)
        .set((row) => ({ next_at_ms: nextAtMs, attempts: row('attempts', '+', 1) }))
        .execute();
    },
    async drop(account, key, sequence) {
      await change(account, key).set({ waits: 0, content: '' }).where('sequence', '=', sequence).execute();
    },
    async forgetRemote(account, key) {
      await change(account, key).set({ remote: null, sent_hash: '' }).execute();
    },
    async remote(account, key) {
      return (await rowOf(database, account, key).executeTakeFirst())?.remote ?? undefined;
    },
    ...paceBook(database),
    async counts() {
      const row = await database
        .selectFrom('writes')
        .select((one) => [
          one.fn.countAll<number>().as('count'),
          one.fn.min<number | null>('since_ms').as('oldest'),
        ])
        .where('waits', '=', 1)
        .executeTakeFirst();
      return { waiting: Number(row?.count ?? 0), ...(row?.oldest == null ? {} : { oldestAtMs: row.oldest }) };
    },
    async forget(beforeMs) {
      await database.deleteFrom('writes').where('waits', '=', 0).where('since_ms', '<', beforeMs).execute();
    },
  };
}

function rowOf(database: Kysely<Tables>, account: string, key: string) {
  return database.selectFrom('writes').selectAll().where('account', '=', account).where('key', '=', key);
}

async function putWrite(
  database: Kysely<Tables>,
  { account, key, kind, content, importance, creates, place = '' }: Write,
  atMs: number,
): Promise<boolean> {
  const text = JSON.stringify(content);
  const before = await rowOf(database, account, key).executeTakeFirst();
  const same = before !== undefined && before.sent_hash === hashOf(text);
  const waits = same ? 0 : 1;
  const fresh = {
    kind,
    content: same ? '' : text,
    importance,
    sequence: (before?.sequence ?? 0) + 1,
    waits,
    since_ms: before?.waits ? before.since_ms : atMs,
    next_at_ms: before?.waits ? before.next_at_ms : 0,
    attempts: before?.waits ? before.attempts : 0,
  };
  await database
    .insertInto('writes')
    .values({
      account,
      key,
      creates: creates ? 1 : 0,
      place,
      remote: null,
      sent_hash: '',
      sent_at_ms: 0,
      ...fresh,
    })
    .onConflict((conflict) => conflict.columns(['account', 'key']).doUpdateSet(fresh))
    .execute();
  return waits === 1;
}

async function waitingOf(database: Kysely<Tables>, account: string): Promise<WaitingWrite[]> {
  const rows = await database
    .selectFrom('writes')
    .select(['key', 'importance', 'creates', 'remote', 'since_ms', 'next_at_ms', 'sent_at_ms', 'place'])
    .where('account', '=', account)
    .where('waits', '=', 1)
    .execute();
  return rows.map((row) => ({
    key: row.key,
    importance: importanceNamed(row.importance),
    creates: row.creates === 1 && row.remote === null,
    sinceMs: row.since_ms,
    nextAtMs: row.next_at_ms,
    sentAtMs: row.sent_at_ms,
    place: row.place,
  }));
}

async function noteBegun(
  database: Kysely<Tables>,
  ...[account, key, atMs]: Parameters<OutboxBook['begin']>
): Promise<void> {
  const row = await rowOf(database, account, key).executeTakeFirst();
  if (!row) return;
  const creates = row.creates === 1 && row.remote === null ? 1 : 0;
  await database
    .updateTable('writes')
    .set({ sent_hash: '' })
    .where('account', '=', account)
    .where('key', '=', key)
    .execute();
  await database.insertInto('sent').values({ account, at_ms: atMs, creates, place: row.place }).execute();
  await database
    .deleteFrom('sent')
    .where('account', '=', account)
    .where('at_ms', '<', atMs - HOUR_MS)
    .execute();
}

async function noteSent(
  database: Kysely<Tables>,
  ...[account, key, sequence, remote, atMs]: Parameters<OutboxBook['sent']>
): Promise<void> {
  const row = await rowOf(database, account, key).executeTakeFirst();
  if (!row) return;
  const done =
    row.sequence === sequence ? { waits: 0, attempts: 0, content: '', sent_hash: hashOf(row.content) } : {};
  await database
    .updateTable('writes')
    .set({ remote, sent_at_ms: atMs, ...done })
    .where('account', '=', account)
    .where('key', '=', key)
    .execute();
}

function paceBook(database: Kysely<Tables>): Pick<OutboxBook, 'sentSince' | 'pause' | 'setPause'> {
  return {
    async sentSince(account, sinceMs) {
      const rows = await database
        .selectFrom('sent')
        .select(['at_ms', 'creates', 'place'])
        .where('account', '=', account)
        .where('at_ms', '>=', sinceMs)
        .orderBy('at_ms')
        .execute();
      return rows.map((row) => ({ atMs: row.at_ms, creates: row.creates === 1, place: row.place }));
    },
    async pause(account) {
      const row = await database
        .selectFrom('accounts')
        .selectAll()
        .where('account', '=', account)
        .executeTakeFirst();
      return { untilMs: row?.until_ms ?? 0, times: row?.times ?? 0 };
    },
    async setPause(account, untilMs, times) {
      const pause = { until_ms: untilMs, times };
      await database
        .insertInto('accounts')
        .values({ account, ...pause })
        .onConflict((conflict) => conflict.column('account').doUpdateSet(pause))
        .execute();
    },
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
