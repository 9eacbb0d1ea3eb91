import type { Kysely, Selectable } from 'kysely';
import type { Revision, Wish } from '../../reconciler/index.ts';
import type { Group } from '../../spec/index.ts';
import { keyFrom } from './rows.ts';
import type { Tables } from './tables.ts';

/** All of a revision but its spec, which is long and never changes. */
export const REVISION = [
  'revisions.key',
  'revisions.number',
  'revisions.commit',
  'revisions.path',
  'revisions.images',
  'revisions.accepted_by',
  'revisions.accepted_at_ms',
  'revisions.reason',
  'revisions.rollback_of',
  'revisions.settled',
] as const;

export function selectWishes(database: Kysely<Tables>) {
  return database
    .selectFrom('wishes')
    .innerJoin('revisions', (join) =>
      join.onRef('revisions.key', '=', 'wishes.key').onRef('revisions.number', '=', 'wishes.revision'),
    )
    .select(REVISION)
    .select([
      'wanted',
      'location',
      'host',
      'repository',
      'slot',
      'address',
      'subnet',
      'published',
      'fqdn',
      'wishes.settled as standing',
      'deleted_by',
      'restart_before_ms',
      'expires_at_ms',
    ]);
}

type RevisionRow = Omit<Selectable<Tables['revisions']>, 'spec' | 'sealed'>;
export type WishRow = Awaited<ReturnType<ReturnType<typeof selectWishes>['execute']>>[number];

export function revisionFrom(row: RevisionRow, group: Group): Revision {
  return {
    number: row.number,
    commit: row.commit,
    path: row.path,
    group,
    images: row.images === null ? null : JSON.parse(row.images),
    acceptedBy: row.accepted_by,
    acceptedAtMs: row.accepted_at_ms,
    reason: row.reason,
    rollbackOf: row.rollback_of,
    settled: row.settled,
  };
}

export function wishFrom(row: WishRow, group: Group): Wish {
  const { wanted, location, host, repository, slot, address, subnet, fqdn } = row;
  return {
    key: keyFrom(row.key),
    wanted,
    location,
    host,
    repository,
    revision: revisionFrom(row, group),
    slot,
    address,
    subnet,
    published: JSON.parse(row.published),
    fqdn,
    settled: row.standing,
    restartBeforeMs: row.restart_before_ms,
    expiresAtMs: row.expires_at_ms,
    deletedBy: row.deleted_by,
  };
}
