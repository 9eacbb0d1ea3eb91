import { type Kysely, sql, type Transaction } from 'kysely';
import type { GroupKey } from '../../event.ts';
import type { AddressBook, Allocation, Decide, Endpoint, NameBook, PlaceBook } from '../../network/index.ts';
import { keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

export function addressBook(database: Kysely<Tables>): AddressBook {
  return {
    take: (location, key, decide) =>
      database.transaction().execute((transaction) => taken(transaction, location, key, decide)),
    all: (location) => endpointsAt(database, location),
    async release(key) {
      await database.deleteFrom('addresses').where('key', '=', key).execute();
    },
  };
}

export function placeBook(database: Kysely<Tables>): PlaceBook {
  return {
    handOver: (from, to) =>
      database.transaction().execute(async (transaction) => {
        const own = await transaction
          .selectFrom('slots')
          .select('slot')
          .where('key', '=', to)
          .executeTakeFirst();
        if (own) return false;
        const { numUpdatedRows } = await transaction
          .updateTable('slots')
          .set({ key: to })
          .where('key', '=', from)
          .executeTakeFirst();
        if (!numUpdatedRows) return false;
        await transaction.updateTable('addresses').set({ key: to }).where('key', '=', from).execute();
        return true;
      }),
  };
}

/** Another address for a group that has its wish already: both books change in one transaction. */
export function moveWish(
  database: Kysely<Tables>,
  location: string,
  key: GroupKey,
  decide: Decide,
): Promise<Allocation> {
  return database.transaction().execute(async (transaction) => {
    const allocation = await taken(transaction, location, key, decide);
    if (!allocation.ok) return allocation;
    const address = allocation.published[0]?.address ?? '';
    const published = JSON.stringify(allocation.published);
    await transaction.updateTable('wishes').set({ address, published }).where('key', '=', key).execute();
    await transaction
      .updateTable('beside')
      .set({ address, published })
      .where((row) => row(sql`key || '+'`, '=', key))
      .execute();
    return allocation;
  });
}

async function taken(
  transaction: Transaction<Tables>,
  location: string,
  key: GroupKey,
  decide: Decide,
): Promise<Allocation> {
  const allocation = decide(await endpointsAt(transaction, location));
  if (!allocation.ok) return allocation;
  await transaction.deleteFrom('addresses').where('key', '=', key).execute();
  const rows = allocation.published.map(({ address, protocol, port, hostPort }) => ({
    location,
    address,
    protocol,
    host_port: hostPort,
    port,
    key,
  }));
  if (rows.length) await transaction.insertInto('addresses').values(rows).execute();
  return allocation;
}

async function endpointsAt(database: Kysely<Tables>, location: string): Promise<Endpoint[]> {
  const rows = await database
    .selectFrom('addresses')
    .selectAll()
    .where('location', '=', location)
    .orderBy(sql`rowid`)
    .execute();
  return rows.map(({ key, address, protocol, port, host_port }) => ({
    key: keyFrom(key),
    address,
    protocol,
    port,
    hostPort: host_port,
  }));
}

export function nameBook(database: Kysely<Tables>): NameBook {
  return {
    async get(key) {
      const row = await database
        .selectFrom('names')
        .select(['fqdn', 'records'])
        .where('key', '=', key)
        .executeTakeFirst();
      return row && { fqdn: row.fqdn, records: JSON.parse(row.records) };
    },
    async put(key, { fqdn, records }) {
      const told = { fqdn, records: JSON.stringify(records) };
      await database
        .insertInto('names')
        .values({ key, ...told })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(told))
        .execute();
    },
    async remove(key) {
      await database.deleteFrom('names').where('key', '=', key).execute();
    },
  };
}
