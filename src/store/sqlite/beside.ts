import type { Kysely, Transaction } from 'kysely';
import type { GroupKey } from '../../event.ts';
import { Failure } from '../../failure.ts';
import { besideKey } from '../../network/index.ts';
import type { Settled, WishDraft } from '../../reconciler/index.ts';
import type { Tables } from './tables.ts';

// The second place of a group: its network and its addresses stand in their books under a name of their own.

/** The books of what a place is made of. */
const PLACES = ['slots', 'addresses'] as const;

/**
 * A revision is tried at the second place from here on. Throws a Failure `place-changed` where that has become another one
 * since it was taken (what was tried there has been promoted, or the place was given back), or nothing serves any more.
 */
export async function tryBeside(
  transaction: Transaction<Tables>,
  { key, host, slot, address, subnet, published, expiresAtMs }: WishDraft,
  revision: number,
): Promise<void> {
  const held = await transaction
    .selectFrom('slots')
    .select('slot')
    .where('key', '=', besideKey(key))
    .where('location', '=', host)
    .executeTakeFirst();
  if (held?.slot !== slot) throw placeChanged();
  const place = { slot, address, subnet, published: JSON.stringify(published) };
  const row = { ...place, revision, going: 0, stays_until_ms: 0 };
  await transaction
    .insertInto('beside')
    .values({ key, ...row })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
    .execute();
  const { numUpdatedRows } = await transaction
    .updateTable('wishes')
    .set({ expires_at_ms: expiresAtMs })
    .where('key', '=', key)
    .where('wanted', '=', 'running')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw placeChanged(); // nothing serves that it could stand beside
}

function placeChanged(): Failure {
  return new Failure('place-changed', 'The group has just changed, and with it where the revision goes.', {
    advice: 'Nothing was done. Say it again.',
  });
}

/** What is tried beside a group is to go. */
export async function dropTried(database: Kysely<Tables>, key: string): Promise<void> {
  await database.updateTable('beside').set({ going: 1 }).where('key', '=', key).execute();
}

/** The two places change their parts, in every book at once. */
export function promote(
  database: Kysely<Tables>,
  key: GroupKey,
  revision: number,
  { settled, staysUntilMs }: { readonly settled: Settled; readonly staysUntilMs: number },
): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const tried = await transaction
      .selectFrom('beside')
      .selectAll()
      .where('key', '=', key)
      .where('revision', '=', revision)
      .where('going', '=', 0)
      .executeTakeFirst();
    const before = await transaction
      .selectFrom('wishes')
      .selectAll()
      .where('key', '=', key)
      .where('wanted', '=', 'running')
      .executeTakeFirst();
    if (!tried || !before) return false;
    const place = placeIn(tried);
    await transaction
      .updateTable('wishes')
      .set({ ...place, revision, settled, restart_before_ms: 0 })
      .where('key', '=', key)
      .execute();
    await transaction
      .updateTable('beside')
      .set({ ...placeIn(before), revision: before.revision, going: 1, stays_until_ms: staysUntilMs })
      .where('key', '=', key)
      .execute();
    if (settled !== 'Stopped') await noteEnd(transaction, key, revision, settled);
    await swapPlaces(transaction, key);
    return true;
  });
}

function placeIn({
  slot,
  address,
  subnet,
  published,
}: Pick<Tables['beside'], 'slot' | 'address' | 'subnet' | 'published'>) {
  return { slot, address, subnet, published };
}

async function noteEnd(
  transaction: Transaction<Tables>,
  key: string,
  number: number,
  settled: Exclude<Settled, 'Stopped'>,
): Promise<void> {
  await transaction
    .updateTable('revisions')
    .set({ settled })
    .where('key', '=', key)
    .where('number', '=', number)
    .execute();
}

/** A group has one network under each name, so one of the two goes by way of a name that is nobody's. */
async function swapPlaces(transaction: Transaction<Tables>, key: GroupKey): Promise<void> {
  const second = besideKey(key);
  const between = besideKey(second);
  for (const table of PLACES)
    for (const [from, to] of [
      [key, between],
      [second, key],
      [between, second],
    ] as const)
      await transaction.updateTable(table).set({ key: to }).where('key', '=', from).execute();
}

/** What was tried has failed, and is to go. */
export function abandon(database: Kysely<Tables>, key: GroupKey, revision: number): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('beside')
      .set({ going: 1 })
      .where('key', '=', key)
      .where('revision', '=', revision)
      .where('going', '=', 0)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await noteEnd(transaction, key, revision, 'Failed');
    return true;
  });
}

/** Nothing is left there, and nothing is to be tried there again: the place is free. */
export function vacate(database: Kysely<Tables>, key: GroupKey): Promise<void> {
  return database.transaction().execute(async (transaction) => {
    const going = await transaction
      .selectFrom('beside')
      .select('key')
      .where('key', '=', key)
      .where('going', '=', 1)
      .executeTakeFirst();
    if (going) await releaseSecond(transaction, key);
  });
}

/** The second place of a group that is gone, also one that was taken and never used. */
export async function releaseSecond(transaction: Transaction<Tables>, key: GroupKey): Promise<void> {
  await transaction.deleteFrom('beside').where('key', '=', key).execute();
  for (const table of PLACES) await transaction.deleteFrom(table).where('key', '=', besideKey(key)).execute();
}
