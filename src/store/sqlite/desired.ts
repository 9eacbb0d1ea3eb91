import type { Kysely } from 'kysely';
import type { DesiredState, Revision, Settled, Wish, WishDraft } from '../../reconciler/index.ts';
import type { Vault } from '../../secrets/index.ts';
import type { Group } from '../../spec/index.ts';
import { keyFrom } from './rows.ts';
import { sealGroup, unsealGroup } from './sealed-group.ts';
import type { Tables } from './tables.ts';

type Database = Kysely<Tables>;

export function desiredState(database: Database, vault: Vault): DesiredState {
  const groups = groupCache(vault);
  const wishesFrom = (rows: readonly Row[]) =>
    Promise.all(rows.map(async (row) => wishFrom(row, await groups.read(row))));
  return {
    async get(key) {
      const rows = await selectWishes(database).where('wishes.key', '=', key).execute();
      return (await wishesFrom(rows))[0];
    },
    list: async () => wishesFrom(await selectWishes(database).orderBy('wishes.key').execute()),
    async put(draft) {
      const number = await insertRevision(database, draft, await sealGroup(draft.revision.group, vault));
      groups.keep(draft.key, number, draft.revision.group);
      const { after: _, revision, ...rest } = draft;
      return {
        ...rest,
        wanted: 'running',
        settled: null,
        deletedBy: '',
        revision: { ...revision, number, images: null },
      };
    },
    note: (key, revision, learnt) =>
      'images' in learnt
        ? noteImages(database, key, revision, learnt.images)
        : noteSettled(database, key, revision, learnt.settled),
    async unwish(key, by) {
      const { numUpdatedRows } = await database
        .updateTable('wishes')
        .set({ wanted: 'deleted', deleted_by: by, settled: null })
        .where('key', '=', key)
        .where('wanted', '=', 'running')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    forget: (key) => forget(database, key),
  };
}

function selectWishes(database: Database) {
  return database
    .selectFrom('wishes')
    .innerJoin('revisions', (join) =>
      join.onRef('revisions.key', '=', 'wishes.key').onRef('revisions.number', '=', 'wishes.revision'),
    )
    .selectAll('revisions')
    .select([
      'wanted',
      'location',
      'repository',
      'slot',
      'address',
      'subnet',
      'fqdn',
      'settled',
      'deleted_by',
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof selectWishes>['execute']>>[number];

/** Revisions are immutable, and opening their seal takes milliseconds: each is opened once. */
function groupCache(vault: Vault) {
  const groups = new Map<string, Group>();
  return {
    keep: (key: string, number: number, group: Group) => groups.set(`${key} ${number}`, group),
    async read({ key, number, spec, sealed }: Row): Promise<Group> {
      const known = groups.get(`${key} ${number}`);
      if (known) return known;
      const group = await unsealGroup(spec, sealed, vault);
      groups.set(`${key} ${number}`, group);
      return group;
    },
  };
}

function wishFrom(row: Row, group: Group): Wish {
  const revision: Revision = {
    number: row.number,
    commit: row.commit,
    path: row.path,
    group,
    images: row.images === null ? null : JSON.parse(row.images),
    acceptedBy: row.accepted_by,
    acceptedAtMs: row.accepted_at_ms,
  };
  const { wanted, location, repository, slot, address, subnet, fqdn, settled } = row;
  const key = keyFrom(row.key);
  return {
    key,
    wanted,
    location,
    repository,
    revision,
    slot,
    address,
    subnet,
    fqdn,
    settled,
    deletedBy: row.deleted_by,
  };
}

function insertRevision(
  database: Database,
  draft: WishDraft,
  text: { spec: string; sealed: string },
): Promise<number> {
  const { key, location, repository, slot, address, subnet, fqdn } = draft;
  const { commit, path, acceptedBy, acceptedAtMs } = draft.revision;
  return database.transaction().execute(async (transaction) => {
    const last = await transaction
      .selectFrom('revisions')
      .select(({ fn }) => fn.max('number').as('number'))
      .where('key', '=', key)
      .executeTakeFirst();
    const number = Math.max(last?.number ?? 0, draft.after) + 1;
    const times = { accepted_by: acceptedBy, accepted_at_ms: acceptedAtMs };
    await transaction
      .insertInto('revisions')
      .values({ key, number, commit, path, ...text, images: null, ...times })
      .execute();
    const place = { location, repository, slot, address, subnet, fqdn };
    const wish = { wanted: 'running', revision: number, settled: null, deleted_by: '', ...place } as const;
    await transaction
      .insertInto('wishes')
      .values({ key, ...wish })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(wish))
      .execute();
    return number;
  });
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

async function noteSettled(
  database: Database,
  key: string,
  revision: number,
  settled: Settled,
): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('wishes')
    .set({ settled })
    .where('key', '=', key)
    .where('revision', '=', revision)
    .where((row) => row.or([row('settled', 'is', null), row('settled', '!=', settled)]))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

function forget(database: Database, key: string): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    // Wanted again in the meantime: then nothing is forgotten.
    const gone = await transaction
      .deleteFrom('wishes')
      .where('key', '=', key)
      .where('wanted', '=', 'deleted')
      .executeTakeFirst();
    if (gone.numDeletedRows === 0n) return false;
    for (const table of ['slots', 'labels', 'runs'] as const) {
      await transaction.deleteFrom(table).where('key', '=', key).execute();
    }
    return true;
  });
}
