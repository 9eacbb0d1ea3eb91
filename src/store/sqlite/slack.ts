import type { Kysely } from 'kysely';
import { Secret, type Vault } from '../../secrets/index.ts';
import type { SlackAsk, SlackAskBook, SlackBook, SlackTeam, SlackTeamBook } from '../index.ts';
import { buttonBook, roomBook } from './rooms.ts';
import type { Tables } from './tables.ts';

export function slackBook(database: Kysely<Tables>, vault: Vault): SlackBook {
  return {
    teams: teamBook(database, vault),
    asks: askBook(database),
    rooms: roomBook(database),
    buttons: buttonBook(database),
    async attempt(account, key, atMs) {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('slack_attempts')
        .values({ account, key, at_ms: atMs })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async withdraw(account, key) {
      await database
        .deleteFrom('slack_attempts')
        .where('account', '=', account)
        .where('key', '=', key)
        .execute();
    },
    async forget(beforeMs) {
      await database
        .deleteFrom('slack_asks')
        .where('answered', '=', 1)
        .where('at_ms', '<', beforeMs)
        .execute();
      await database
        .deleteFrom('slack_rooms')
        .where('finished', '=', 1)
        .where('at_ms', '<', beforeMs)
        .execute();
      await database.deleteFrom('slack_buttons').where('expires_at_ms', '<', beforeMs).execute();
      await database.deleteFrom('slack_attempts').where('at_ms', '<', beforeMs).execute();
      await database.deleteFrom('slack_states').where('at_ms', '<', beforeMs).execute();
    },
  };
}

function teamBook(database: Kysely<Tables>, vault: Vault): SlackTeamBook {
  const read = async ({ sealed, document }: Tables['slack_teams']): Promise<SlackTeam> => {
    const team: Omit<SlackTeam, 'botToken'> = JSON.parse(document);
    return { ...team, botToken: new Secret(await vault.unseal(sealed)) };
  };
  return {
    async get(id) {
      const row = await database
        .selectFrom('slack_teams')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row && read(row);
    },
    async all() {
      return Promise.all((await database.selectFrom('slack_teams').selectAll().execute()).map(read));
    },
    async put({ botToken, ...team }) {
      const row = { sealed: await vault.seal(botToken.reveal()), document: JSON.stringify(team) };
      await database
        .insertInto('slack_teams')
        .values({ id: team.id, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async remove(id) {
      await database.deleteFrom('slack_teams').where('id', '=', id).execute();
    },
    async begin(state, atMs) {
      await database.insertInto('slack_states').values({ state, at_ms: atMs }).execute();
    },
    async finish(state, sinceMs) {
      const { numDeletedRows } = await database
        .deleteFrom('slack_states')
        .where('state', '=', state)
        .where('at_ms', '>=', sinceMs)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

function askBook(database: Kysely<Tables>): SlackAskBook {
  return {
    async ask(ask) {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto('slack_asks')
        .values({ id: ask.id, at_ms: ask.receivedAtMs, answered: 0, document: JSON.stringify(ask) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async unanswered() {
      const rows = await database
        .selectFrom('slack_asks')
        .select('document')
        .where('answered', '=', 0)
        .orderBy('at_ms')
        .execute();
      return rows.map(({ document }): SlackAsk => JSON.parse(document));
    },
    async answered(id) {
      await database
        .updateTable('slack_asks')
        .set({ answered: 1, document: '' })
        .where('id', '=', id)
        .execute();
    },
  };
}
