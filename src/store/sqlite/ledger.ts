import type { Kysely, Selectable } from 'kysely';
import type { Interval, Ledger } from '../../metering/index.ts';
import { isOneOf, keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

export function ledger(database: Kysely<Tables>): Ledger {
  return {
    async openIntervals(group) {
      const rows = await database
        .selectFrom('intervals')
        .selectAll()
        .where('key', '=', group)
        .where('ended_at_ms', 'is', null)
        .execute();
      return rows.map(intervalFrom);
    },
    async intervals({ group, groups, sinceMs }) {
      let query = database.selectFrom('intervals').selectAll().orderBy('started_at_ms');
      if (group !== undefined) query = query.where('key', '=', group);
      if (groups !== undefined) query = query.where(isOneOf('key', groups));
      if (sinceMs !== undefined) {
        query = query.where((row) =>
          row.or([row('ended_at_ms', 'is', null), row('ended_at_ms', '>=', sinceMs)]),
        );
      }
      return (await query.execute()).map(intervalFrom);
    },
    async open({ id, group, podId, startedAtMs, endedAtMs, estimated, ...rest }) {
      await database
        .insertInto('intervals')
        .values({
          id,
          key: group,
          pod_id: podId,
          started_at_ms: startedAtMs,
          ended_at_ms: endedAtMs,
          estimated: estimated ? 1 : 0,
          rest: JSON.stringify(rest),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async attach(id, podId) {
      await database
        .updateTable('intervals')
        .set({ pod_id: podId })
        .where('id', '=', id)
        .where('pod_id', 'is', null)
        .execute();
    },
    async close(id, endedAtMs, estimated) {
      await database
        .updateTable('intervals')
        .set({ ended_at_ms: endedAtMs, estimated: estimated ? 1 : 0 })
        .where('id', '=', id)
        .where('ended_at_ms', 'is', null)
        .execute();
    },
  };
}

function intervalFrom(row: Selectable<Tables['intervals']>): Interval {
  return {
    id: row.id,
    group: keyFrom(row.key),
    podId: row.pod_id,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    estimated: row.estimated === 1,
    ...JSON.parse(row.rest),
  };
}
