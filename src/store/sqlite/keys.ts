import type { Kysely } from 'kysely';
import type { KeyBook } from '../index.ts';
import type { Tables } from './tables.ts';

export function keyBook(database: Kysely<Tables>): KeyBook {
  return {
    async find(caller, key) {
      const row = await database
        .selectFrom('keys')
        .selectAll()
        .where('caller', '=', caller)
        .where('key', '=', key)
        .executeTakeFirst();
      if (!row) return undefined;
      const outcome = row.outcome === null ? undefined : JSON.parse(row.outcome);
      return { bodyHash: row.body_hash, operation: row.operation, atMs: row.at_ms, outcome };
    },
    async use(caller, key, { bodyHash, operation, atMs }) {
      await database
        .insertInto('keys')
        .values({ caller, key, body_hash: bodyHash, operation, at_ms: atMs, outcome: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async end(caller, key, outcome) {
      await database
        .updateTable('keys')
        .set({ outcome: JSON.stringify(outcome) })
        .where('caller', '=', caller)
        .where('key', '=', key)
        .execute();
    },
    async forget(beforeMs) {
      await database.deleteFrom('keys').where('at_ms', '<', beforeMs).execute();
    },
  };
}
