import { type Kysely, sql } from 'kysely';
import type { Delivery, InboxBook, InboxCounts } from '../../mail/index.ts';
import { isOneOf } from './rows.ts';
import type { Tables } from './tables.ts';
import { together } from './together.ts';

export function inboxBook(database: Kysely<Tables>): InboxBook {
  const one = (source: string, id: string) =>
    database.updateTable('deliveries').where('source', '=', source).where('id', '=', id);
  const end = together((ended: readonly Ended[]) => endDeliveries(database, ended));
  return {
    add: together((deliveries) => addDeliveries(database, deliveries)),
    async lanes(source) {
      const rows = await database
        .selectFrom('deliveries')
        .select('lane')
        .distinct()
        .where('state', '=', 'waiting')
        .where('source', '=', source)
        .execute();
      return rows.map(({ lane }) => lane);
    },
    async next(lane) {
      const [row, ...later] = await database
        .selectFrom('deliveries')
        .selectAll()
        .where('state', '=', 'waiting')
        .where('lane', '=', lane)
        .orderBy('number')
        .limit(2)
        .execute();
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
      return {
        delivery: { source, id, naturalKey, lane, event, payload, receivedAtMs },
        attempts,
        isLast: !later.length,
      };
    },
    async tried(source, id) {
      await one(source, id)
        .set((row) => ({ attempts: row('attempts', '+', 1) }))
        .execute();
    },
    end: (source, id, how) => end({ source, id, how }),
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

/** Which of them are new: neither in the book nor earlier in the list. */
async function addDeliveries(database: Kysely<Tables>, deliveries: readonly Delivery[]): Promise<boolean[]> {
  // As one document: the statement stays the same however many there are.
  const rows = JSON.stringify(
    deliveries.map((each) => [
      each.source,
      each.id,
      each.naturalKey,
      each.lane,
      each.event,
      each.payload,
      each.receivedAtMs,
    ]),
  );
  const { rows: added } = await sql<{ source: string; id: string }>`
    insert into deliveries (source, id, natural_key, lane, event, payload, received_at_ms)
    select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 from json_each(${rows}) where true
    on conflict do nothing returning source, id`.execute(database);
  const fresh = new Set(added.map(({ source, id }) => `${source} ${id}`));
  return deliveries.map(({ source, id }) => fresh.delete(`${source} ${id}`));
}

interface Ended {
  readonly source: string;
  readonly id: string;
  readonly how: 'done' | 'failed';
}

async function endDeliveries(database: Kysely<Tables>, ended: readonly Ended[]): Promise<true[]> {
  const kinds = Map.groupBy(ended, ({ source, how }) => `${source} ${how}`);
  for (const [first, ...more] of kinds.values()) {
    if (!first) continue;
    await database
      .updateTable('deliveries')
      .set({ state: first.how, payload: '' })
      .where('source', '=', first.source)
      .where(
        isOneOf(
          'id',
          [first, ...more].map(({ id }) => id),
        ),
      )
      .execute();
  }
  return ended.map(() => true);
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
