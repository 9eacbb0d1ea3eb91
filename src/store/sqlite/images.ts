import type { Kysely } from 'kysely';
import type { ImageBook } from '../../reconciler/index.ts';
import type { Tables } from './tables.ts';

export function imageBook(database: Kysely<Tables>): ImageBook {
  return {
    async pulled(host, id, name, atMs) {
      await database
        .insertInto('pulled_images')
        .values({ host, id, name, used_at_ms: atMs })
        .onConflict((conflict) => conflict.columns(['host', 'id', 'name']).doUpdateSet({ used_at_ms: atMs }))
        .execute();
    },
    async used(host, ids, atMs) {
      if (!ids.length) return;
      await database
        .updateTable('pulled_images')
        .set({ used_at_ms: atMs })
        .where('host', '=', host)
        .where('id', 'in', ids)
        .execute();
    },
    async all(host) {
      const rows = await database.selectFrom('pulled_images').selectAll().where('host', '=', host).execute();
      return [...Map.groupBy(rows, ({ id }) => id)].map(([id, same]) => ({
        id,
        names: same.map(({ name }) => name),
        usedAtMs: Math.max(...same.map(({ used_at_ms }) => used_at_ms)),
      }));
    },
    async forget(host, id) {
      await database.deleteFrom('pulled_images').where('host', '=', host).where('id', '=', id).execute();
    },
  };
}
