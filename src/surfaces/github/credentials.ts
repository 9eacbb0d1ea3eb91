import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Failure, messageOf } from '../../failure.ts';
import { Secret } from '../../secrets/index.ts';
import type { Client, Credentials } from './clients.ts';

export interface CredentialFiles {
  readonly appId: number;
  readonly privateKeyFile: string;
  readonly webhookSecretFile: string;
  /** Absent when nobody signs in. */
  readonly client?: { readonly id: string; readonly secretFile: string } | undefined;
}

const SHORTEST_SECRET = 16;

/**
 * What the app proves itself with, and what GitHub does. Throws a Failure `github-credentials` that names the file: without
 * a secret anybody could say what was pushed, so the bot does not start without one.
 */
export function readCredentials({
  appId,
  privateKeyFile,
  webhookSecretFile,
  client,
}: CredentialFiles): Credentials {
  const privateKey = textOf(privateKeyFile, 'github.privateKeyFile');
  try {
    createPrivateKey(privateKey);
  } catch {
    // What was read is not handed on as the cause: half a key is a secret too.
    throw unusable(
      `${privateKeyFile} holds no private key`,
      'Put the .pem file there that GitHub gave for the app.',
    );
  }
  const secrets = textOf(webhookSecretFile, 'github.webhookSecretFile')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const weak = secrets.find((secret) => secret.length < SHORTEST_SECRET || secret === 'development');
  if (!secrets.length || weak !== undefined) {
    throw unusable(
      `${webhookSecretFile} holds no secret of ${SHORTEST_SECRET} characters or more on each line`,
      'Write one made by `openssl rand -hex 32`, and the same at the app on GitHub; while it is replaced, the new one above the old one.',
    );
  }
  return {
    appId,
    privateKey: new Secret(privateKey),
    webhookSecrets: secrets.map((secret) => new Secret(secret)),
    client: client && readClient(client),
  };
}

function readClient({ id, secretFile }: NonNullable<CredentialFiles['client']>): Client {
  const secret = textOf(secretFile, 'github.clientSecretFile').trim();
  if (!secret) throw unusable(`${secretFile} is empty`, 'Put a client secret of the app there.');
  return { id, secret: new Secret(secret) };
}

function textOf(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(`${file} cannot be read (${messageOf(error)})`, `Check ${setting} in the settings.`);
  }
}

function unusable(what: string, advice: string): Failure {
  return new Failure('github-credentials', `The GitHub app cannot be used: ${what}.`, { advice });
}
