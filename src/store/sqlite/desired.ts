import type { Kysely } from 'kysely';
import type { GroupKey } from '../../event.ts';
import type { DesiredState, Settled, Spot, WishChange, WishDraft } from '../../reconciler/index.ts';
import type { Vault } from '../../secrets/index.ts';
import { moveWish } from './addresses.ts';
import { abandon, dropTried, promote, releaseSecond, tryBeside, vacate } from './beside.ts';
import { groupCache, sealGroup } from './sealed-group.ts';
import type { Tables } from './tables.ts';
import { besideIn, REVISION, revisionFrom, selectWishes, type WishRow, wishFrom } from './wish-rows.ts';

type Database = Kysely<Tables>;

export function desiredState(database: Database, vault: Vault): DesiredState {
  const groups = groupCache(database, vault);
  const wishesFrom = (rows: readonly WishRow[]) =>
    Promise.all(
      rows.map(async (row) => {
        const beside = besideIn(row);
        return wishFrom(row, await groups.read(row), beside && (await groups.read(beside)));
      }),
    );
  return {
    async get(key) {
      const rows = await selectWishes(database).where('wishes.key', '=', key).execute();
      return (await wishesFrom(rows))[0];
    },
    list: async () => wishesFrom(await selectWishes(database).orderBy('wishes.key').execute()),
    async put(draft) {
      const number = await insertRevision(database, draft, await sealGroup(draft.revision.group, vault));
      groups.keep(draft.key, number, draft.revision.group);
      const { after: _, isTrial: __, revision, ...rest } = draft;
      return {
        ...rest,
        wanted: wantedOf(draft),
        settled: null,
        deletedBy: '',
        restartBeforeMs: 0,
        revision: { reason: '', rollbackOf: 0, ...revision, images: null, number, settled: null },
      };
    },
    note: (key, revision, learnt) =>
      'images' in learnt
        ? noteImages(database, key, revision, learnt.images)
        : noteSettled(database, key, revision, learnt.settled),
    change: (key, change, from) => changeWish(database, key, change, from),
    assign: (key, revision, spot) => assignSpot(database, key, revision, spot),
    move: (host, key, decide) => moveWish(database, host, key, decide),
    promote: (key, revision, end) => promote(database, key, revision, end),
    abandon: (key, revision) => abandon(database, key, revision),
    vacate: (key) => vacate(database, key),
    async revisions(key, last) {
      let query = database
        .selectFrom('revisions')
        .select(REVISION)
        .where('key', '=', key)
        .orderBy('number', 'desc');
      if (last !== undefined) query = query.limit(last);
      const rows = await query.execute();
      return Promise.all(rows.map(async (row) => revisionFrom(row, await groups.read(row))));
    },
    async unwish(key, by) {
      const { numUpdatedRows } = await database
        .updateTable('wishes')
        .set({ wanted: 'deleted', deleted_by: by, settled: null })
        .where('key', '=', key)
        .where('wanted', '!=', 'deleted')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    forget: (key) => forget(database, key),
  };
}

/** What is set anew has not come to rest yet; a date alone changes nothing that runs. */
async function changeWish(
  database: Database,
  key: string,
  change: WishChange,
  from: 'running' | 'stopped' | undefined,
): Promise<boolean> {
  const { wanted, waitsSinceMs: waits = null, restartBeforeMs, expiresAtMs } = change;
  const columns = {
    ...(wanted === undefined ? {} : { wanted, waits_since_ms: waits }),
    ...(restartBeforeMs === undefined ? {} : { restart_before_ms: restartBeforeMs }),
    ...(expiresAtMs === undefined ? {} : { expires_at_ms: expiresAtMs }),
  };
  const { numUpdatedRows } = await database
    .updateTable('wishes')
    .set((row) => ({
      ...columns,
      settled:
        restartBeforeMs === undefined
          ? row
              .case()
              .when('wanted', '=', wanted ?? row.ref('wanted'))
              .then(row.ref('settled'))
              .else(null)
              .end()
          : null,
    }))
    .where('key', '=', key)
    .where('wanted', from === undefined ? '!=' : '=', from ?? 'deleted')
    .where((row) =>
      row.or([
        ...(wanted === undefined
          ? []
          : [row('wanted', '!=', wanted), row('waits_since_ms', 'is not', waits)]),
        ...(restartBeforeMs === undefined ? [] : [row('restart_before_ms', '<', restartBeforeMs)]),
        ...(expiresAtMs === undefined
          ? []
          : [row('expires_at_ms', 'is', null), row('expires_at_ms', '!=', expiresAtMs ?? 0)]),
      ]),
    )
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function assignSpot(
  database: Database,
  key: string,
  revision: number,
  { host, slot, subnet, address, published }: Spot,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('wishes')
    .set({ host, slot, subnet, address, published: JSON.stringify(published), waits_since_ms: null })
    .where('key', '=', key)
    .where('revision', '=', revision)
    .where('wanted', '=', 'running')
    .where('host', '=', '')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function insertRevision(
  database: Database,
  draft: WishDraft,
  text: { spec: string; sealed: string },
): Promise<number> {
  const { key, location, host, repository, slot, address, subnet, fqdn, expiresAtMs, waitsSinceMs } = draft;
  const published = JSON.stringify(draft.published);
  const { commit, path, acceptedBy, acceptedAtMs, reason = '', rollbackOf = 0 } = draft.revision;
  return database.transaction().execute(async (transaction) => {
    const last = await transaction
      .selectFrom('revisions')
      .select(({ fn }) => fn.max('number').as('number'))
      .where('key', '=', key)
      .executeTakeFirst();
    const number = Math.max(last?.number ?? 0, draft.after) + 1;
    const words = { accepted_by: acceptedBy, accepted_at_ms: acceptedAtMs, reason, rollback_of: rollbackOf };
    await transaction
      .insertInto('revisions')
      .values({ key, number, commit, path, ...text, images: null, ...words, settled: null })
      .execute();
    if (draft.isTrial) {
      await tryBeside(transaction, draft, number);
      return number;
    }
    await dropTried(transaction, key);
    const place = { location, host, repository, slot, address, subnet, published, fqdn };
    const wish = {
      wanted: wantedOf(draft),
      waits_since_ms: waitsSinceMs ?? null,
      revision: number,
      settled: null,
      deleted_by: '',
      restart_before_ms: 0,
      expires_at_ms: expiresAtMs,
      ...place,
    } as const;
    await transaction
      .insertInto('wishes')
      .values({ key, ...wish })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(wish))
      .execute();
    return number;
  });
}

/** One that waits on its host must not take the room before it has it. */
function wantedOf({ host, waitsSinceMs }: Pick<WishDraft, 'host' | 'waitsSinceMs'>): 'running' | 'stopped' {
  return host && waitsSinceMs !== undefined ? 'stopped' : 'running';
}

async function noteImages(
  database: Database,
  key: string,
  revision: number,
  images: Record<string, string>,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('revisions')
    .set({ images: JSON.stringify(images) })
    .where('key', '=', key)
    .where('number', '=', revision)
    .where('images', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function noteSettled(database: Database, key: string, revision: number, settled: Settled): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('wishes')
      .set({ settled })
      .where('key', '=', key)
      .where('revision', '=', revision)
      .where((row) => row.or([row('settled', 'is', null), row('settled', '!=', settled)]))
      .executeTakeFirst();
    if (numUpdatedRows > 0n && settled !== 'Stopped') {
      await transaction
        .updateTable('revisions')
        .set({ settled })
        .where('key', '=', key)
        .where('number', '=', revision)
        .execute();
    }
    return numUpdatedRows > 0n;
  });
}

function forget(database: Database, key: GroupKey): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    // Wanted again in the meantime: then nothing is forgotten.
    const gone = await transaction
      .deleteFrom('wishes')
      .where('key', '=', key)
      .where('wanted', '=', 'deleted')
      .executeTakeFirst();
    if (gone.numDeletedRows === 0n) return false;
    for (const table of ['slots', 'addresses', 'labels', 'gpus', 'runs'] as const) {
      await transaction.deleteFrom(table).where('key', '=', key).execute();
    }
    await releaseSecond(transaction, key);
    return true;
  });
}
