import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Authorization, Client } from 'acme-client';
import { within } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { Secret } from '../../secrets/index.ts';
import type { AccountBook, CertificatePair } from './book.ts';

/** An authority that is spoken to with ACME (RFC 8555). */
export interface AcmeSettings {
  /** The address of its directory. */
  readonly directory: string;
  /** Whom it may write to; '' for nobody. */
  readonly email: string;
  /** Who signed the certificate of the directory itself, PEM; undefined for one that everybody trusts. */
  readonly ca: string | undefined;
}

/** Where the bot shows an authority that a name is its own. */
export interface Proofs {
  /** At `http://NAME/.well-known/acme-challenge/TOKEN`. */
  readonly http: TokenProofs;
  /** As a TXT record at `_acme-challenge.NAME`; undefined where the bot cannot write into the zone of the name. */
  readonly dns: ((name: string) => RecordProofs | undefined) | undefined;
}

export interface RecordProofs {
  publish(name: string, text: string): Promise<void>;
  withdraw(name: string): Promise<void>;
}

/** What an authority finds at a name under a token. */
export interface TokenProofs {
  find(name: string, token: string): string | undefined;
  publish(name: string, token: string, proof: string): void;
  withdraw(name: string, token: string): void;
}

export function createTokenProofs(): TokenProofs {
  const proofs = new Map<string, string>();
  return {
    find: (name, token) => proofs.get(`${name} ${token}`),
    publish: (name, token, proof) => void proofs.set(`${name} ${token}`, proof),
    withdraw: (name, token) => void proofs.delete(`${name} ${token}`),
  };
}

/** An order that is not done by then is begun anew later. */
const ORDER_LIMIT_MS = 180_000;
/** How the library asks whether the authority is ready: so often, and with pauses that grow from the one to the other. */
const ASKING = { backoffAttempts: 30, backoffMin: 1_000, backoffMax: 8_000 };

type Acme = typeof import('acme-client');

/**
 * Orders certificates. What it gives throws a Failure `certificate-refused` in the authority’s own words, or
 * `certificate-limited` when the authority has been asked too often.
 */
export function createAcmeIssuer(
  settings: AcmeSettings,
  { accounts, proofs }: { accounts: AccountBook; proofs: Proofs },
): (name: string, signal: AbortSignal) => Promise<CertificatePair> {
  let opened: Promise<Client> | undefined;
  return async (name, signal) => {
    const acme = await loadAcme(settings);
    try {
      opened ??= openAccount(acme, settings, accounts);
      const client = await within(signal, opened);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(ORDER_LIMIT_MS)]);
      return await within(limit, orderOf(acme, client, name, proofs));
    } catch (error) {
      if (signal.aborted) throw error;
      if (await failed(opened)) opened = undefined; // the account is asked for again with the next order
      throw refused(settings.directory, name, messageOf(error));
    }
  };
}

function failed(opened: Promise<unknown> | undefined): Promise<boolean> {
  return Promise.resolve(opened).then(
    () => false,
    () => true,
  );
}

/** Loaded where it is needed. It has one way to the network for all its clients, and a bot has one authority. */
async function loadAcme({ ca }: AcmeSettings): Promise<Acme> {
  const { default: acme } = await import('acme-client');
  // Whether it is tried again, and when, is the keeper's to say.
  Object.assign(acme.axios.defaults, { acmeSettings: { retryMaxAttempts: 0 }, timeout: 30_000 });
  if (ca !== undefined) acme.axios.defaults.httpsAgent = new Agent({ ca: [...rootCertificates, ca] });
  return acme;
}

async function openAccount(
  acme: Acme,
  { directory, email }: AcmeSettings,
  accounts: AccountBook,
): Promise<Client> {
  const known = await accounts.find(directory);
  const key = known ?? new Secret(String(await acme.crypto.createPrivateEcdsaKey()));
  if (!known) await accounts.keep(directory, key);
  const client = new acme.Client({ directoryUrl: directory, accountKey: key.reveal(), ...ASKING });
  const fresh = { termsOfServiceAgreed: true, ...(email ? { contact: [`mailto:${email}`] } : {}) };
  // An account that is there is only looked up: the library would change it, and to change nothing is refused.
  if (known)
    await client.createAccount({ onlyReturnExisting: true }).catch(() => client.createAccount(fresh));
  else await client.createAccount(fresh);
  return client;
}

async function orderOf(acme: Acme, client: Client, name: string, proofs: Proofs): Promise<CertificatePair> {
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: name }] });
  for (const authorization of await client.getAuthorizations(order))
    if (authorization.status !== 'valid') await prove(client, authorization, name, proofs);
  const key = new Secret(String(await acme.crypto.createPrivateEcdsaKey()));
  const [, request] = await acme.crypto.createCsr({ altNames: [name] }, key.reveal());
  const finished = await client.finalizeOrder(order, request);
  return { chain: await client.getCertificate(finished), key };
}

/** Shows the authority that the name is the bot's, and takes the proof away again. */
async function prove(
  client: Client,
  { challenges, identifier }: Authorization,
  name: string,
  proofs: Proofs,
): Promise<void> {
  const records = proofs.dns?.(name);
  const type = records ? 'dns-01' : 'http-01';
  const challenge = challenges.find((each) => each.type === type);
  if (!challenge) throw new Error(`it offers no ${type}`);
  const proof = await client.getChallengeKeyAuthorization(challenge);
  const host = identifier.value;
  if (records) await records.publish(`_acme-challenge.${host}`, proof);
  else proofs.http.publish(host, challenge.token, proof);
  try {
    await client.completeChallenge(challenge);
    await client.waitForValidStatus(challenge);
  } finally {
    if (records) await records.withdraw(`_acme-challenge.${host}`);
    else proofs.http.withdraw(host, challenge.token);
  }
}

function refused(directory: string, name: string, why: string): Failure {
  const limited = /rate ?limit|too many/i.test(why);
  return new Failure(
    limited ? 'certificate-limited' : 'certificate-refused',
    `${new URL(directory).host} gives no certificate for ${name}: ${why.replace(/\.$/, '')}.`,
    { advice: 'It is tried again by itself, later every time; katabot doctor says when.' },
  );
}
