import type { Kysely } from 'kysely';
import type { Shipped, ShippingBook } from '../../shipping/index.ts';
import { keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

export function shippingBook(database: Kysely<Tables>): ShippingBook {
  return {
    async all() {
      const rows = await database.selectFrom('shipped').selectAll().orderBy('key').execute();
      return rows.map(({ key, document }) => {
        const rest: Omit<Shipped, 'key'> = JSON.parse(document);
        return { key: keyFrom(key), ...rest };
      });
    },
    async put({ key, ...rest }) {
      const document = JSON.stringify(rest);
      await database
        .insertInto('shipped')
        .values({ key, document })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ document }))
        .execute();
    },
    async remove(key) {
      await database.deleteFrom('shipped').where('key', '=', key).execute();
    },
  };
}
