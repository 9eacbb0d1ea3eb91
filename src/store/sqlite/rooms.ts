import type { Kysely } from 'kysely';
import type { Button, ButtonBook, Room, RoomBook } from '../index.ts';
import type { Tables } from './tables.ts';

export function roomBook(database: Kysely<Tables>): RoomBook {
  const read = ({ document, ts }: Pick<Tables['slack_rooms'], 'document' | 'ts'>): Room => ({
    ...JSON.parse(document),
    ts,
  });
  const rooms = () => database.selectFrom('slack_rooms').select(['document', 'ts']);
  return {
    async get(key) {
      const row = await rooms().where('key', '=', key).executeTakeFirst();
      return row && read(row);
    },
    async put(room) {
      const { key, team, channel, atMs } = room;
      const row = { finished: room.finished ? 1 : 0, document: JSON.stringify(room) };
      await database
        .insertInto('slack_rooms')
        .values({ key, team, channel, ts: room.ts, at_ms: atMs, ...row })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
        .execute();
    },
    async locate(key, ts) {
      await database.updateTable('slack_rooms').set({ ts }).where('key', '=', key).execute();
    },
    async at(team, channel, ts) {
      const row = await rooms()
        .where('team', '=', team)
        .where('channel', '=', channel)
        .where('ts', '=', ts)
        .executeTakeFirst();
      return row && read(row);
    },
    async open() {
      return (await rooms().where('finished', '=', 0).orderBy('at_ms').execute()).map(read);
    },
  };
}

export function buttonBook(database: Kysely<Tables>): ButtonBook {
  const read = ({
    document,
    used_at_ms,
  }: Pick<Tables['slack_buttons'], 'document' | 'used_at_ms'>): Button => ({
    ...JSON.parse(document),
    used: used_at_ms !== null,
  });
  const buttons = () => database.selectFrom('slack_buttons').select(['document', 'used_at_ms']);
  return {
    async of(room, nowMs) {
      const rows = await buttons()
        .where('room', '=', room)
        .where('used_at_ms', 'is', null)
        .where('expires_at_ms', '>', nowMs)
        .execute();
      return rows.map(read);
    },
    async put(button) {
      const { id, room, deed, expiresAtMs } = button;
      const document = JSON.stringify(button);
      await database
        .insertInto('slack_buttons')
        .values({ id, room, deed, expires_at_ms: expiresAtMs, used_at_ms: null, document })
        .execute();
    },
    async get(id) {
      const row = await buttons().where('id', '=', id).executeTakeFirst();
      return row && read(row);
    },
    async use(id, atMs) {
      const { numUpdatedRows } = await database
        .updateTable('slack_buttons')
        .set({ used_at_ms: atMs })
        .where('id', '=', id)
        .where('used_at_ms', 'is', null)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async free(id) {
      await database.updateTable('slack_buttons').set({ used_at_ms: null }).where('id', '=', id).execute();
    },
  };
}
