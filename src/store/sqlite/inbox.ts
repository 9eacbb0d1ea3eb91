import type { Kysely } from 'kysely';
import type { Delivery, InboxBook, InboxCounts } from '../../mail/index.ts';
import { isOneOf } from './rows.ts';
import type { Tables } from './tables.ts';

export function inboxBook(database: Kysely<Tables>): InboxBook {
  const one = (source: string, id: string) =>
    database.updateTable('deliveries').where('source', '=', source).where('id', '=', id);
  return {
    add: (delivery) => addDelivery(database, delivery),
    async lanes() {
      const rows = await database
        .selectFrom('deliveries')
        .select('lane')
        .distinct()
        .where('state', '=', 'waiting')
        .execute();
      return rows.map(({ lane }) => lane);
    },
    async next(lane) {
      const row = await database
        .selectFrom('deliveries')
        .selectAll()
        .where('state', '=', 'waiting')
        .where('lane', '=', lane)
        .orderBy('number')
        .limit(1)
        .executeTakeFirst();
      if (!row) return undefined;
      const {
        source,
        id,
        natural_key: naturalKey,
        event,
        payload,
        received_at_ms: receivedAtMs,
        attempts,
      } = row;
      return { delivery: { source, id, naturalKey, lane, event, payload, receivedAtMs }, attempts };
    },
    async tried(source, id) {
      await one(source, id)
        .set((row) => ({ attempts: row('attempts', '+', 1) }))
        .execute();
    },
    async end(source, id, how) {
      await one(source, id).set({ state: how, payload: '' }).execute();
    },
    async known(source, ids) {
      const rows = await database
        .selectFrom('deliveries')
        .select('id')
        .where('source', '=', source)
        .where(isOneOf('id', ids))
        .execute();
      return new Set(rows.map(({ id }) => id));
    },
    counts: () => countsOf(database),
    async forget(beforeMs) {
      await database
        .deleteFrom('deliveries')
        .where('received_at_ms', '<', beforeMs)
        .where('state', '!=', 'waiting')
        .execute();
    },
  };
}

async function addDelivery(
  database: Kysely<Tables>,
  { source, id, naturalKey, lane, event, payload, receivedAtMs }: Delivery,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await database
    .insertInto('deliveries')
    .values({ source, id, natural_key: naturalKey, lane, event, payload, received_at_ms: receivedAtMs })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

async function countsOf(database: Kysely<Tables>): Promise<InboxCounts> {
  const rows = await database
    .selectFrom('deliveries')
    .select((row) => [
      'state',
      row.fn.countAll<number>().as('count'),
      row.fn.min('received_at_ms').as('oldest'),
    ])
    .where('state', '!=', 'done')
    .groupBy('state')
    .execute();
  const [waiting, failed] = (['waiting', 'failed'] as const).map((state) =>
    rows.find((row) => row.state === state),
  );
  return {
    waiting: Number(waiting?.count ?? 0),
    failed: Number(failed?.count ?? 0),
    ...(waiting ? { oldestAtMs: waiting.oldest } : {}),
  };
}
