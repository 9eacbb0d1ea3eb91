import { type Kysely, sql } from 'kysely';
import { Secret, type Vault } from '../../secrets/index.ts';
import type { SlackAsk, SlackAskBook, SlackBook, SlackTeam, SlackTeamBook } from '../index.ts';
import { buttonBook, roomBook } from './rooms.ts';
import { isOneOf } from './rows.ts';
import type { Tables } from './tables.ts';
import { together } from './together.ts';

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
  // Each delivery and each message needs the token, and unsealing it takes milliseconds.
  const unsealed = new Map<string, { readonly sealed: string; readonly token: Secret }>();
  const read = async ({ id, sealed, document }: Tables['slack_teams']): Promise<SlackTeam> => {
    const team: Omit<SlackTeam, 'botToken'> = JSON.parse(document);
    const known = unsealed.get(id);
    if (known?.sealed === sealed) return { ...team, botToken: known.token };
    const token = new Secret(await vault.unseal(sealed));
    unsealed.set(id, { sealed, token });
    return { ...team, botToken: token };
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
      unsealed.delete(id);
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
  const answered = together(async (ids: readonly string[]) => {
    await database
      .updateTable('slack_asks')
      .set({ answered: 1, document: '' })
      .where(isOneOf('id', ids))
      .execute();
    return ids;
  });
  return {
    ask: together((asks) => addAsks(database, asks)),
    async unanswered() {
      const rows = await database
        .selectFrom('slack_asks')
        .select('document')
        .where('answered', '=', 0)
        .orderBy('at_ms')
        .execute();
      return rows.map(({ document }): SlackAsk => JSON.parse(document));
    },
    async keep(ask) {
      await database
        .updateTable('slack_asks')
        .set({ document: JSON.stringify(ask) })
        .where('id', '=', ask.id)
        .where('answered', '=', 0)
        .execute();
    },
    async answered(id) {
      await answered(id);
    },
  };
}

/** Which of them are new: neither in the book nor earlier in the list. */
async function addAsks(database: Kysely<Tables>, asks: readonly SlackAsk[]): Promise<boolean[]> {
  const rows = JSON.stringify(asks.map((ask) => [ask.id, ask.receivedAtMs, JSON.stringify(ask)]));
  const { rows: added } = await sql<{ id: string }>`
    insert into slack_asks (id, at_ms, answered, document)
    select value->>0, value->>1, 0, value->>2 from json_each(${rows}) where true
    on conflict do nothing returning id`.execute(database);
  const fresh = new Set(added.map(({ id }) => id));
  return asks.map(({ id }) => fresh.delete(id));
}
