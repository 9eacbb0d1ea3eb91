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
    .leftJoin('beside', 'beside.key', 'wishes.key')
    .leftJoin('revisions as tried', (join) =>
      join.onRef('tried.key', '=', 'beside.key').onRef('tried.number', '=', 'beside.revision'),
    )
    .select(REVISION)
    .select([
      'wanted',
      'location',
      'host',
      'repository',
      'wishes.slot',
      'wishes.address',
      'wishes.subnet',
      'wishes.published',
      'fqdn',
      'wishes.settled as standing',
      'deleted_by',
      'restart_before_ms',
      'expires_at_ms',
      'waits_since_ms',
    ])
    .select(TRIED)
    .select([
      'beside.slot as beside_slot',
      'beside.address as beside_address',
      'beside.subnet as beside_subnet',
      'beside.published as beside_published',
      'beside.going',
      'beside.stays_until_ms',
    ]);
}

/** The same of the revision at the group's second place; null where there is none. */
const TRIED = [
  'tried.key as tried_key',
  'tried.number as tried_number',
  'tried.commit as tried_commit',
  'tried.path as tried_path',
  'tried.images as tried_images',
  'tried.accepted_by as tried_accepted_by',
  'tried.accepted_at_ms as tried_accepted_at_ms',
  'tried.reason as tried_reason',
  'tried.rollback_of as tried_rollback_of',
] as const;

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

/** Which revision is at the second place; its group is read by that. */
export function besideIn({ tried_key, tried_number }: WishRow): { key: string; number: number } | undefined {
  return tried_key === null || tried_number === null ? undefined : { key: tried_key, number: tried_number };
}

function besideFrom(row: WishRow, group: Group | undefined): Pick<Wish, 'beside'> {
  const { beside_slot: slot, beside_address: address, beside_subnet: subnet, beside_published } = row;
  if (!group || slot === null || address === null || subnet === null || beside_published === null) return {};
  const place = { slot, address, subnet, published: JSON.parse(beside_published) };
  const [isTried, staysUntilMs] = [row.going === 0, row.stays_until_ms ?? 0];
  return { beside: { ...place, revision: triedFrom(row, group), isTried, staysUntilMs } };
}

function triedFrom(row: WishRow, group: Group): Revision {
  return {
    number: row.tried_number ?? 0,
    commit: row.tried_commit ?? '',
    path: row.tried_path ?? '',
    group,
    images: row.tried_images === null ? null : JSON.parse(row.tried_images),
    acceptedBy: row.tried_accepted_by ?? '',
    acceptedAtMs: row.tried_accepted_at_ms ?? 0,
    reason: row.tried_reason ?? '',
    rollbackOf: row.tried_rollback_of ?? 0,
    settled: null,
  };
}

export function wishFrom(row: WishRow, group: Group, tried?: Group): Wish {
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
    ...(row.waits_since_ms === null ? {} : { waitsSinceMs: row.waits_since_ms }),
    ...besideFrom(row, tried),
  };
}
