/** A vault with an identity of its own, for tests of the books. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity } from 'age-encryption';
import { openVault, type Vault } from '../../src/secrets/index.ts';

export async function openTestVault(folder: string): Promise<Vault> {
  const file = join(folder, 'identity.age');
  await writeFile(file, `${await generateX25519Identity()}\n`, { flag: 'wx', mode: 0o600 });
  return openVault(file);
}
