import type { Kysely } from 'kysely';
import { Failure } from '../../failure.ts';
import { type Scope, Secret, type SecretBook, type Vault } from '../../secrets/index.ts';
import type { Tables } from './tables.ts';

/** The book of secrets. A value is sealed with its name and its scope: put into another row, it is not opened. */
export function secretBook(database: Kysely<Tables>, vault: Pick<Vault, 'seal' | 'unseal'>): SecretBook {
  const row = (name: string, { repository, environment }: Scope) => ({ name, repository, environment });
  return {
    async list() {
      const rows = await database
        .selectFrom('secrets')
        .select(['name', 'repository', 'environment', 'set_by', 'set_at_ms', 'fingerprint'])
        .orderBy('name')
        .orderBy('repository')
        .orderBy('environment')
        .execute();
      return rows.map(({ set_by, set_at_ms, ...rest }) => ({ ...rest, setBy: set_by, setAtMs: set_at_ms }));
    },
    async read(name, scope) {
      const found = await database
        .selectFrom('secrets')
        .select('sealed')
        .where((where) => where.and(row(name, scope)))
        .executeTakeFirst();
      if (!found) return undefined;
      const [sealedName, repository, environment, value]: unknown[] = JSON.parse(
        await vault.unseal(found.sealed),
      );
      const same =
        sealedName === name && repository === scope.repository && environment === scope.environment;
      if (same && typeof value === 'string') return new Secret(value);
      throw new Failure('secret-moved', `What is kept as the secret ${name} was sealed for another place.`, {
        advice: 'Somebody wrote into the database: set the secret again, and compare with a backup.',
      });
    },
    async set({ setBy, setAtMs, fingerprint, ...kept }, value) {
      const place = row(kept.name, kept);
      const sealed = await vault.seal(JSON.stringify([...Object.values(place), value.reveal()]));
      const news = { sealed, fingerprint, set_by: setBy, set_at_ms: setAtMs };
      const added = await database
        .insertInto('secrets')
        .values({ ...place, ...news })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      if (added.numInsertedOrUpdatedRows) return true;
      await database
        .updateTable('secrets')
        .set(news)
        .where((where) => where.and(place))
        .execute();
      return false;
    },
    async remove(name, scope) {
      const { numDeletedRows } = await database
        .deleteFrom('secrets')
        .where((where) => where.and(row(name, scope)))
        .executeTakeFirst();
      return numDeletedRows > 0;
    },
  };
}
