import type { Kysely, Selectable } from 'kysely';
import { Failure } from '../../failure.ts';
import { type AuditBook, type AuditRow, rowAfter } from '../../policy/index.ts';
import type { Tables } from './tables.ts';

/** How often a row that another process was faster with is made anew. */
const MOST_TRIES = 20;
const ROWS_AT_ONCE = 1_000;

/** One row at a time: the next one holds the hash of the last. A row is one statement, so it is there whole or not at all. */
export function auditBook(database: Kysely<Tables>): AuditBook {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    append(entry) {
      const done = turn.then(async () => {
        for (let tries = 0; tries < MOST_TRIES; tries++) {
          if (await add(database, rowAfter(await lastRow(database), entry))) return;
        }
        throw new Failure('store-busy', 'The audit is being written by somebody else all the time.', {
          advice: 'Does a second bot use the same data folder? Stop it.',
        });
      });
      turn = done.catch(() => {}); // whoever asked hears of it; the next one has its own try
      return done;
    },
    async entries({ sinceMs, caller, environment, last }) {
      let query = database.selectFrom('audit').selectAll().orderBy('number', 'desc');
      if (sinceMs !== undefined) query = query.where('at_ms', '>=', sinceMs);
      if (caller !== undefined) query = query.where('caller', '=', caller);
      if (environment !== undefined) query = query.where('environment', '=', environment);
      if (last !== undefined) query = query.limit(last);
      return (await query.execute()).reverse().map(rowFrom);
    },
    async *all() {
      for (let after = Number.MIN_SAFE_INTEGER; ; ) {
        const rows = await database
          .selectFrom('audit')
          .selectAll()
          .where('number', '>', after)
          .orderBy('number')
          .limit(ROWS_AT_ONCE)
          .execute();
        yield* rows.map(rowFrom);
        const end = rows.at(-1);
        if (!end || rows.length < ROWS_AT_ONCE) return;
        after = end.number;
      }
    },
  };
}

function lastRow(database: Kysely<Tables>) {
  return database
    .selectFrom('audit')
    .select(['number', 'hash'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** False when the place was taken in the meantime, by another process. */
async function add(database: Kysely<Tables>, { atMs, ...row }: AuditRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('audit')
    .values({ ...row, at_ms: atMs })
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

function rowFrom({ at_ms, ...row }: Selectable<Tables['audit']>): AuditRow {
  return { ...row, atMs: at_ms };
}
