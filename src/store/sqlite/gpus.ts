import type { Kysely } from 'kysely';
import type { GpuBook, GpuHolding } from '../../reconciler/index.ts';
import { keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

export function gpuBook(database: Kysely<Tables>): GpuBook {
  return {
    held: (host) => heldAt(database, host),
    take: (host, key, decide) =>
      database.transaction().execute(async (transaction) => {
        const decided = decide(await heldAt(transaction, host));
        if (!decided.ok) return decided;
        await transaction.deleteFrom('gpus').where('key', '=', key).execute();
        const rows = decided.holdings.map((holding) => ({ host, ...holding }));
        if (rows.length) await transaction.insertInto('gpus').values(rows).execute();
        return decided;
      }),
    async release(key, what) {
      let query = database.deleteFrom('gpus').where('key', '=', key);
      if (what === 'surplus') query = query.where('container', '=', '');
      const { numDeletedRows } = await query.executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

async function heldAt(database: Kysely<Tables>, host: string): Promise<GpuHolding[]> {
  const rows = await database
    .selectFrom('gpus')
    .select(['device', 'key', 'container'])
    .where('host', '=', host)
    .orderBy('device')
    .execute();
  return rows.map(({ device, key, container }) => ({ device, key: keyFrom(key), container }));
}
