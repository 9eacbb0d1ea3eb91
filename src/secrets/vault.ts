import { createHmac } from 'node:crypto';
import { Failure, messageOf } from '../failure.ts';
import { readOrMake } from './own-file.ts';

/** Keeps secrets at rest: what is sealed can be opened only with the identity file beside the database. */
export interface Vault {
  seal(text: string): Promise<string>;
  /** Throws a Failure `vault-mismatch` when the text was sealed with another identity. */
  unseal(sealed: string): Promise<string>;
  /** Opens what somebody else may have sealed: undefined when it is for another identity, null when it is broken. */
  open(sealed: Uint8Array): Promise<string | undefined | null>;
  /** The public key: whoever has it can seal, and open nothing. */
  readonly recipient: string;
  /** A key for fingerprints, so that a label tells nothing about a secret in it. */
  readonly pepper: string;
}

/**
 * Opens the vault of an identity file (age X25519); makes the file, readable by its owner alone, when there is none. Of
 * several identities the first one seals, all of them open, and the last and oldest one gives the pepper: a new identity
 * is written above the old ones. Throws a Failure `vault-mismatch` for a file that holds no identity.
 */
export async function openVault(identityFile: string): Promise<Vault> {
  const { Decrypter, Encrypter } = await age();
  const identities = await readIdentities(identityFile);
  const recipients = await Promise.all(identities.map((identity) => recipientOf(identity, identityFile)));
  const [recipient = ''] = recipients;
  const open = (sealed: Uint8Array) => {
    const decrypter = new Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity);
    return decrypter.decrypt(sealed, 'text');
  };
  return {
    recipient,
    pepper: createHmac('sha256', identities.at(-1) ?? '')
      .update('fingerprint')
      .digest('hex'),
    async seal(text) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      return Buffer.from(await encrypter.encrypt(text)).toString('base64');
    },
    async unseal(sealed) {
      try {
        return await open(Buffer.from(sealed, 'base64'));
      } catch (error) {
        throw new Failure('vault-mismatch', `What was sealed cannot be opened with ${identityFile}.`, {
          advice: 'Put back the identity file that belongs to this database.',
          cause: error,
        });
      }
    },
    open: (sealed) => open(sealed).catch((error) => (isForAnother(error) ? undefined : null)),
  };
}

/** Loaded when the first vault is opened: commands that open none start without it. */
const age = () => import('age-encryption');

/** The library has no type for it. */
function isForAnother(error: unknown): boolean {
  return messageOf(error).includes('no identity matched');
}

async function recipientOf(identity: string, file: string): Promise<string> {
  try {
    const { identityToRecipient } = await age();
    return await identityToRecipient(identity);
  } catch {
    // What was read is not handed on as the cause: half an identity is a secret too.
    throw new Failure('vault-mismatch', `${file} holds no age identity.`, {
      advice: 'Put back the identity file that belongs to this database.',
    });
  }
}

/** One a line, the newest first; as age-keygen writes them, with its comments. Never none. */
async function readIdentities(file: string): Promise<string[]> {
  const lines = (await readOrMake(file, newIdentity)).split('\n').map((line) => line.trim());
  const identities = lines.filter((line) => line && !line.startsWith('#'));
  return identities.length ? identities : [''];
}

async function newIdentity(): Promise<string> {
  const { generateX25519Identity } = await age();
  return `${await generateX25519Identity()}\n`;
}
