import { readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { systemCodeOf } from '../../failure.ts';
import { Secret, type Vault } from '../../secrets/index.ts';
import type { Credentials } from './clients.ts';

const schema = z.object({
  appId: z.number(),
  privateKey: z.string(),
  webhookSecrets: z.array(z.string()).min(1),
  // Apps that were made by an earlier version of the bot have none.
  client: z.object({ id: z.string(), secret: z.string() }).optional(),
});

/** What GitHub gave when the app was made from here; undefined when it was not. Throws a Failure `vault-mismatch`. */
export async function readKept(file: string, vault: Vault): Promise<Credentials | undefined> {
  try {
    const sealed = await readFile(file, 'utf8');
    const { appId, privateKey, webhookSecrets, client } = schema.parse(
      JSON.parse(await vault.unseal(sealed.trim())),
    );
    return {
      appId,
      privateKey: new Secret(privateKey),
      webhookSecrets: webhookSecrets.map((each) => new Secret(each)),
      client: client && { id: client.id, secret: new Secret(client.secret) },
    };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function writeKept(
  file: string,
  vault: Vault,
  { appId, privateKey, webhookSecrets, client }: Credentials,
): Promise<void> {
  const text = JSON.stringify({
    appId,
    privateKey: privateKey.reveal(),
    webhookSecrets: webhookSecrets.map((secret) => secret.reveal()),
    client: client && { id: client.id, secret: client.secret.reveal() },
  });
  await writeFile(file, `${await vault.seal(text)}\n`, { mode: 0o600 });
}
