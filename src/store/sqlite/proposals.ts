import type { Kysely } from 'kysely';
import type { ConfirmationBook, Proposal, ProposalBook } from '../../policy/index.ts';
import type { Tables } from './tables.ts';

export function proposalBook(database: Kysely<Tables>): ProposalBook {
  return {
    async get(id) {
      const row = await database
        .selectFrom('proposals')
        .select('document')
        .where('id', '=', id)
        .executeTakeFirst();
      return row && proposalFrom(row.document);
    },
    async add(proposal) {
      await database.insertInto('proposals').values(rowOf(proposal)).execute();
    },
    change(id, change) {
      return database.transaction().execute(async (transaction) => {
        const row = await transaction
          .selectFrom('proposals')
          .select('document')
          .where('id', '=', id)
          .where('open', '=', 1)
          .executeTakeFirst();
        if (!row) return undefined;
        const after = change(proposalFrom(row.document));
        await transaction.updateTable('proposals').set(rowOf(after)).where('id', '=', id).execute();
        return after;
      });
    },
    async open() {
      const rows = await database
        .selectFrom('proposals')
        .select('document')
        .where('open', '=', 1)
        .orderBy('at_ms')
        .execute();
      return rows.map(({ document }) => proposalFrom(document));
    },
    async forget(beforeMs) {
      await database.deleteFrom('proposals').where('open', '=', 0).where('at_ms', '<', beforeMs).execute();
    },
  };
}

export function confirmationBook(database: Kysely<Tables>): ConfirmationBook {
  return {
    async add(confirmation) {
      const { id, expiresAtMs } = confirmation;
      await database
        .insertInto('confirmations')
        .values({ id, expires_at_ms: expiresAtMs, document: JSON.stringify(confirmation) })
        .execute();
    },
    async get(id) {
      const row = await database
        .selectFrom('confirmations')
        .select('document')
        .where('id', '=', id)
        .executeTakeFirst();
      return row && JSON.parse(row.document);
    },
    async take(id) {
      const { numDeletedRows } = await database
        .deleteFrom('confirmations')
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async forget(beforeMs) {
      await database.deleteFrom('confirmations').where('expires_at_ms', '<', beforeMs).execute();
    },
  };
}

function rowOf(proposal: Proposal): Tables['proposals'] {
  const { id, state, askedAtMs } = proposal;
  return { id, open: state === 'open' ? 1 : 0, at_ms: askedAtMs, document: JSON.stringify(proposal) };
}

function proposalFrom(document: string): Proposal {
  return JSON.parse(document);
}
