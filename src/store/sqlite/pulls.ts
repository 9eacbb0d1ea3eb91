import type { Kysely } from 'kysely';
import type { Ask, Head, Pull, PullBook } from '../index.ts';
import type { Tables } from './tables.ts';

export function pullBook(database: Kysely<Tables>): PullBook {
  return {
    async get(repository, number) {
      const row = await database
        .selectFrom('pulls')
        .select('document')
        .where('repository', '=', repository)
        .where('number', '=', number)
        .executeTakeFirst();
      return row && pullFrom(row.document);
    },
    async unfinished() {
      const rows = await database.selectFrom('pulls').select('document').where('finished', '=', 0).execute();
      return rows.map(({ document }) => pullFrom(document));
    },
    async put(pull) {
      const row = { finished: pull.finished ? 1 : 0, document: JSON.stringify(pull) };
      await database
        .insertInto('pulls')
        .values({ repository: pull.repository, number: pull.number, ...row })
        .onConflict((conflict) => conflict.columns(['repository', 'number']).doUpdateSet(row))
        .execute();
    },
    async recordHead(repository, number, { commit, atMs, by }) {
      const [before] = (await headsOf(database, repository, number))
        .filter((head) => head.atMs <= atMs)
        .slice(-1);
      if (before?.commit === commit) return;
      await database
        .insertInto('heads')
        .values({ repository, number, commit, at_ms: atMs, pushed_by: by })
        .onConflict((conflict) =>
          conflict.columns(['repository', 'number', 'at_ms']).doUpdateSet({ commit, pushed_by: by }),
        )
        .execute();
    },
    heads: (repository, number) => headsOf(database, repository, number),
    async ask(ask) {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('asks')
        .values({ id: ask.id, at_ms: ask.receivedAtMs, answered: 0, document: JSON.stringify(ask) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async unanswered() {
      const rows = await database
        .selectFrom('asks')
        .select('document')
        .where('answered', '=', 0)
        .orderBy('at_ms')
        .execute();
      return rows.map(({ document }): Ask => JSON.parse(document));
    },
    async keep(ask) {
      await database
        .updateTable('asks')
        .set({ document: JSON.stringify(ask) })
        .where('id', '=', ask.id)
        .where('answered', '=', 0)
        .execute();
    },
    forget: (beforeMs) => forgetOld(database, beforeMs),
    async answered(id) {
      await database.updateTable('asks').set({ answered: 1, document: '' }).where('id', '=', id).execute();
    },
  };
}

async function forgetOld(database: Kysely<Tables>, beforeMs: number): Promise<void> {
  await database.deleteFrom('asks').where('answered', '=', 1).where('at_ms', '<', beforeMs).execute();
  await database
    .deleteFrom('heads')
    .where('at_ms', '<', beforeMs)
    .where('at_ms', '<', (newest) =>
      newest
        .selectFrom('heads as other')
        .select((one) => one.fn.max('other.at_ms').as('at_ms'))
        .whereRef('other.repository', '=', 'heads.repository')
        .whereRef('other.number', '=', 'heads.number'),
    )
    .execute();
}

async function headsOf(database: Kysely<Tables>, repository: string, number: number): Promise<Head[]> {
  const rows = await database
    .selectFrom('heads')
    .select(['commit', 'at_ms', 'pushed_by'])
    .where('repository', '=', repository)
    .where('number', '=', number)
    .orderBy('at_ms')
    .execute();
  return rows.map((row) => ({ commit: row.commit, atMs: row.at_ms, by: row.pushed_by }));
}

function pullFrom(document: string): Pull {
  return JSON.parse(document);
}
