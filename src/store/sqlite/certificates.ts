import type { Kysely } from 'kysely';
import type { AccountBook, CertificateBook, CertificatePair } from '../../network/index.ts';
import { Secret, type Vault } from '../../secrets/index.ts';
import type { Tables } from './tables.ts';

/** The book of certificates. A key is sealed with the name that it is for: put into another row, it is not opened. */
export function certificateBook(
  database: Kysely<Tables>,
  vault: Pick<Vault, 'seal' | 'unseal'>,
): CertificateBook {
  return {
    async all() {
      const rows = await database.selectFrom('certificates').selectAll().orderBy('name').execute();
      return Promise.all(
        rows.map(async ({ name, chain, sealed, failures, problem, ...at }) => ({
          name,
          pair: await pairOf(vault, name, chain, sealed),
          life: at.until_ms ? { fromMs: at.from_ms, untilMs: at.until_ms } : undefined,
          failures,
          retryAtMs: at.retry_at_ms,
          problem,
        })),
      );
    },
    async put({ name, pair, life, failures, retryAtMs, problem }) {
      const row = {
        chain: pair?.chain ?? '',
        sealed: pair ? await vault.seal(JSON.stringify([name, pair.key.reveal()])) : '',
        from_ms: life?.fromMs ?? 0,
        until_ms: life?.untilMs ?? 0,
        failures,
        retry_at_ms: retryAtMs,
        problem,
      };
      await database
        .insertInto('certificates')
        .values({ name, ...row })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute();
    },
    async remove(name) {
      await database.deleteFrom('certificates').where('name', '=', name).execute();
    },
  };
}

/** The keys with which the bot is known to authorities. */
export function accountBook(database: Kysely<Tables>, vault: Pick<Vault, 'seal' | 'unseal'>): AccountBook {
  return {
    async find(directory) {
      const found = await database
        .selectFrom('acme_accounts')
        .select('sealed')
        .where('directory', '=', directory)
        .executeTakeFirst();
      return found && opened(vault, directory, found.sealed);
    },
    async keep(directory, key) {
      const sealed = await vault.seal(JSON.stringify([directory, key.reveal()]));
      await database
        .insertInto('acme_accounts')
        .values({ directory, sealed })
        .onConflict((conflict) => conflict.column('directory').doUpdateSet({ sealed }))
        .execute();
    },
  };
}

async function pairOf(
  vault: Pick<Vault, 'unseal'>,
  name: string,
  chain: string,
  sealed: string,
): Promise<CertificatePair | undefined> {
  const key = sealed ? await opened(vault, name, sealed) : undefined;
  return key && { chain, key };
}

/** Undefined for what was sealed for another row: another one is asked for then. */
async function opened(
  vault: Pick<Vault, 'unseal'>,
  owner: string,
  sealed: string,
): Promise<Secret | undefined> {
  const [sealedFor, value]: unknown[] = JSON.parse(await vault.unseal(sealed));
  return sealedFor === owner && typeof value === 'string' ? new Secret(value) : undefined;
}
