import type { Kysely } from 'kysely';
import type { DrainBook } from '../../reconciler/index.ts';
import type { Tables } from './tables.ts';

export function drainBook(database: Kysely<Tables>): DrainBook {
  return {
    async all() {
      const rows = await database.selectFrom('drained').selectAll().orderBy('host').execute();
      return rows.map(({ host, by, at_ms }) => ({ host, by, atMs: at_ms }));
    },
    async drain(host, by, atMs) {
      const { numInsertedOrUpdatedRows = 0n } = await database
        .insertInto('drained')
        .values({ host, by, at_ms: atMs })
        .onConflict((conflict) => conflict.column('host').doNothing())
        .executeTakeFirst();
      return numInsertedOrUpdatedRows > 0n;
    },
    async undrain(host) {
      const { numDeletedRows } = await database
        .deleteFrom('drained')
        .where('host', '=', host)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
