import type { Kysely, Selectable } from 'kysely';
import type { Link, PeopleBook, Subscription, SubscriptionBook, Told } from '../../policy/index.ts';
import type { Tables } from './tables.ts';

export function peopleBook(database: Kysely<Tables>): PeopleBook {
  const row = (tables: Kysely<Tables>, { home, user }: Pick<Link, 'home' | 'user'>) =>
    tables.selectFrom('links').selectAll().where('home', '=', home).where('user', '=', user);
  return {
    async find(account) {
      const found = await row(database, account).executeTakeFirst();
      return found && linkFrom(found);
    },
    async holder(home, github) {
      const found = await database
        .selectFrom('links')
        .selectAll()
        .where('home', '=', home)
        .where('github', '=', github)
        .executeTakeFirst();
      return found && linkFrom(found);
    },
    link: (link) =>
      database.transaction().execute(async (transaction) => {
        const holder = await transaction
          .selectFrom('links')
          .select(['home', 'user', 'expires_at_ms'])
          .where('home', '=', link.home)
          .where('github', '=', link.github)
          .where('user', '!=', link.user)
          .executeTakeFirst();
        if (holder && holder.expires_at_ms > link.linkedAtMs) return { home: holder.home, user: holder.user };
        await transaction
          .deleteFrom('links')
          .where('home', '=', link.home)
          .where((either) => either.or([either('user', '=', link.user), either('github', '=', link.github)]))
          .execute();
        await transaction.insertInto('links').values(rowFrom(link)).execute();
        return undefined;
      }),
    async checked({ home, user }, login, atMs) {
      await database
        .updateTable('links')
        .set({ login, checked_at_ms: atMs })
        .where('home', '=', home)
        .where('user', '=', user)
        .execute();
    },
    unlink: (account) =>
      database.transaction().execute(async (transaction) => {
        const found = await row(transaction, account).executeTakeFirst();
        await transaction
          .deleteFrom('links')
          .where('home', '=', account.home)
          .where('user', '=', account.user)
          .execute();
        return found && linkFrom(found);
      }),
  };
}

function linkFrom(row: Selectable<Tables['links']>): Link {
  const { home, user, github, login } = row;
  return {
    home,
    user,
    github,
    login,
    linkedAtMs: row.linked_at_ms,
    checkedAtMs: row.checked_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

function rowFrom({ home, user, github, login, linkedAtMs, checkedAtMs, expiresAtMs }: Link) {
  const times = { linked_at_ms: linkedAtMs, checked_at_ms: checkedAtMs, expires_at_ms: expiresAtMs };
  return { home, user, github, login, ...times };
}

export function subscriptionBook(database: Kysely<Tables>): SubscriptionBook {
  return {
    async put({ team, channel, repository, ...rest }) {
      const limit = rest.abovePicosPerHour === null ? null : String(rest.abovePicosPerHour);
      const document = JSON.stringify({ ...rest, abovePicosPerHour: limit });
      await database
        .insertInto('subscriptions')
        .values({ team, channel, repository, document })
        .onConflict((conflict) =>
          conflict.columns(['team', 'channel', 'repository']).doUpdateSet({ document }),
        )
        .execute();
    },
    async remove({ team, channel }, repository) {
      const { numDeletedRows } = await database
        .deleteFrom('subscriptions')
        .where('team', '=', team)
        .where('channel', '=', channel)
        .where('repository', '=', repository)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
    async of({ team, channel }) {
      const rows = await database
        .selectFrom('subscriptions')
        .selectAll()
        .where('team', '=', team)
        .where('channel', '=', channel)
        .orderBy('repository')
        .execute();
      return rows.map(subscriptionFrom);
    },
    async about(repository) {
      const rows = await database
        .selectFrom('subscriptions')
        .selectAll()
        .where('repository', '=', repository)
        .orderBy('team')
        .orderBy('channel')
        .execute();
      return rows.map(subscriptionFrom);
    },
  };
}

function subscriptionFrom({ document, ...place }: Selectable<Tables['subscriptions']>): Subscription {
  const kept: {
    environments: string[];
    on: Told[];
    abovePicosPerHour: string | null;
    by: string;
    atMs: number;
  } = JSON.parse(document);
  const limit = kept.abovePicosPerHour;
  return { ...kept, ...place, abovePicosPerHour: limit === null ? null : BigInt(limit) };
}
