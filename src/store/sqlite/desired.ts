import type { Kysely } from 'kysely';
import type { DesiredState, Revision, Wish } from '../../reconciler/index.ts';
import type { Vault } from '../../secrets/index.ts';
import type { Group } from '../../spec/index.ts';
import { keyFrom } from './rows.ts';
import { sealGroup, unsealGroup } from './sealed-group.ts';
import type { Tables } from './tables.ts';

export function desiredState(database: Kysely<Tables>, vault: Vault): DesiredState {
  const groups = new Map<string, Group>(); // revisions are immutable, and opening the seal takes milliseconds
  const groupOf = async (row: { key: string; number: number; spec: string; sealed: string }) => {
    const id = `${row.key} ${row.number}`;
    const group = groups.get(id) ?? (await unsealGroup(row.spec, row.sealed, vault));
    groups.set(id, group);
    return group;
  };
  const select = () =>
    database
      .selectFrom('wishes')
      .innerJoin('revisions', (join) =>
        join.onRef('revisions.key', '=', 'wishes.key').onRef('revisions.number', '=', 'wishes.revision'),
      )
      .selectAll('revisions')
      .select(['wanted', 'location', 'repository', 'slot', 'address', 'subnet', 'fqdn', 'settled', 'deleted_by']);
  type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];
  const wishFrom = async (row: Row): Promise<Wish> => ({
    key: keyFrom(row.key),
    wanted: row.wanted,
    location: row.location,
    repository: row.repository,
    revision: revisionFrom(row, await groupOf(row)),
    slot: row.slot,
    address: row.address,
    subnet: row.subnet,
    fqdn: row.fqdn,
    settled: row.settled,
    deletedBy: row.deleted_by,
  });
  return {
    async get(key) {
      const row = await select().where('wishes.key', '=', key).executeTakeFirst();
      return row && wishFrom(row);
    },
    async list() {
      return Promise.all((await select().orderBy('wishes.key').execute()).map(wishFrom));
    },
    async put(draft) {
      const { spec, sealed } = await sealGroup(draft.revision.group, vault);
      const number = await database.transaction().execute(async (transaction) => {
        const last = await transaction
          .selectFrom('revisions')
          .select(({ fn }) => fn.max('number').as('number'))
          .where('key', '=', draft.key)
          .executeTakeFirst();
        const next = Math.max(last?.number ?? 0, draft.after) + 1;
        const { commit, path, acceptedBy, acceptedAtMs } = draft.revision;
        await transaction
          .insertInto('revisions')
          .values({ key: draft.key, number: next, commit, path, spec, sealed, images: null, accepted_by: acceptedBy, accepted_at_ms: acceptedAtMs })
          .execute();
        const { location, repository, slot, address, subnet, fqdn } = draft;
        const row = { wanted: 'running', location, repository, revision: next, slot, address, subnet, fqdn, settled: null, deleted_by: '' } as const;
        await transaction
          .insertInto('wishes')
          .values({ key: draft.key, ...row })
          .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
          .execute();
        return next;
      });
      groups.set(`${draft.key} ${number}`, draft.revision.group);
      const { after: _, revision, ...rest } = draft;
      return { ...rest, wanted: 'running', settled: null, deletedBy: '', revision: { ...revision, number, images: null } };
    },
    async note(key, revision, learnt) {
      const { numUpdatedRows } =
        'images' in learnt
          ? await database
              .updateTable('revisions')
              .set({ images: JSON.stringify(learnt.images) })
              .where('key', '=', key)
              .where('number', '=', revision)
              .where('images', 'is', null)
              .executeTakeFirst()
          : await database
              .updateTable('wishes')
              .set({ settled: learnt.settled })
              .where('key', '=', key)
              .where('revision', '=', revision)
              .where((row) => row.or([row('settled', 'is', null), row('settled', '!=', learnt.settled)]))
              .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async unwish(key, by) {
      const { numUpdatedRows } = await database
        .updateTable('wishes')
        .set({ wanted: 'deleted', deleted_by: by, settled: null })
        .where('key', '=', key)
        .where('wanted', '=', 'running')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async forget(key) {
      await database.transaction().execute(async (transaction) => {
        // Wanted again in the meantime: then nothing is forgotten.
        const { numDeletedRows } = await transaction.deleteFrom('wishes').where('key', '=', key).where('wanted', '=', 'deleted').executeTakeFirst();
        if (numDeletedRows === 0n) return;
        await transaction.deleteFrom('slots').where('key', '=', key).execute();
        await transaction.deleteFrom('labels').where('key', '=', key).execute();
        await transaction.deleteFrom('runs').where('key', '=', key).execute();
      });
    },
  };
}

function revisionFrom(
  row: { number: number; commit: string; path: string; images: string | null; accepted_by: string; accepted_at_ms: number },
  group: Group,
): Revision {
  return {
    number: row.number,
    commit: row.commit,
    path: row.path,
    group,
    images: row.images === null ? null : JSON.parse(row.images),
    acceptedBy: row.accepted_by,
    acceptedAtMs: row.accepted_at_ms,
  };
}
