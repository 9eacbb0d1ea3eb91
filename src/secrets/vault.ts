import { createHmac, randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Failure, systemCodeOf } from '../failure.ts';

/** Keeps secrets at rest: what is sealed can be opened only with the identity file beside the database. */
export interface Vault {
  seal(text: string): Promise<string>;
  /** Throws a Failure `vault-mismatch` when the text was sealed with another identity. */
  unseal(sealed: string): Promise<string>;
  /** A key for fingerprints, so that a label tells nothing about a secret in it. */
  readonly pepper: string;
}

/**
 * Opens the vault of an identity file (age X25519); makes the file, readable by its owner alone, when there is none.
 * Throws a Failure `vault-mismatch` for a file that holds no identity.
 */
export async function openVault(identityFile: string): Promise<Vault> {
  const identity = await readIdentity(identityFile);
  const recipient = await recipientOf(identity, identityFile);
  return {
    pepper: createHmac('sha256', identity).update('fingerprint').digest('hex'),
    async seal(text) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      return Buffer.from(await encrypter.encrypt(text)).toString('base64');
    },
    async unseal(sealed) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      try {
        return await decrypter.decrypt(Buffer.from(sealed, 'base64'), 'text');
      } catch (error) {
        throw new Failure('vault-mismatch', `What was sealed cannot be opened with ${identityFile}.`, {
          advice: 'Put back the identity file that belongs to this database.',
          cause: error,
        });
      }
    },
  };
}

async function recipientOf(identity: string, file: string): Promise<string> {
  try {
    return await identityToRecipient(identity);
  } catch {
    // What was read is not handed on as the cause: half an identity is a secret too.
    throw new Failure('vault-mismatch', `${file} holds no age identity.`, {
      advice: 'Put back the identity file that belongs to this database.',
    });
  }
}

async function readIdentity(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  await makeIdentity(file);
  return (await readFile(file, 'utf8')).trim();
}

/** Whole or not at all, and never over one that another process (bot or command line) has made meanwhile. */
async function makeIdentity(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${await generateX25519Identity()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
}
