import type { SecureContext } from 'node:tls';
import type { Clock } from '../../clock.ts';
import type { Security } from '../edge.ts';
import { type AcmeSettings, createAcmeIssuer, createTokenProofs, type RecordProofs } from './acme.ts';
import { type LocalAuthority, openLocalAuthority } from './authority.ts';
import { type AccountBook, type CertificateBook, forgetfulBook, type Kept, type Life } from './book.ts';
import { certificateName } from './due.ts';
import { type CertificateFiles, createFileCertificates } from './files.ts';
import { createKeeper } from './keeper.ts';
import { createKeyring } from './keyring.ts';

/** Names served over HTTPS: with files of the operator's, else by an authority, the bot's own where there is no other. */
export interface Https {
  readonly security: Security;
  /** Whether a name that a group holds is served over HTTPS, now or in a moment. */
  serves(name: string): boolean;
  /** Names may have changed; as often as one likes. */
  look(): void;
  /** What `doctor` tells. */
  facts(): HttpsFacts;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A name that a group holds. */
export interface HeldName {
  readonly name: string;
  /** Whether it leads somewhere already: before that an authority would look in vain. */
  readonly reached: boolean;
}

export interface HttpsFacts {
  readonly files: readonly { readonly file: string; readonly life: Life }[];
  readonly known: readonly Kept[];
  readonly local: Pick<LocalAuthority, 'file' | 'untilMs'> | undefined;
}

export interface HttpsParts {
  readonly domain: string;
  readonly files: readonly CertificateFiles[];
  /** Undefined for the bot's own authority where there are no files either. */
  readonly acme: (AcmeSettings & { readonly wildcards: boolean }) | undefined;
  /** Undefined for certificates that others trust unless the settings say otherwise. */
  readonly redirects: boolean | undefined;
  readonly hstsSeconds: number;
  /** For the bot's own authority. */
  readonly folder: string;
  readonly books: { readonly certificates: CertificateBook; readonly accounts: AccountBook };
  /** From memory. */
  readonly names: () => readonly HeldName[];
  /** Where records that prove something are written; undefined where HTTP proves it. */
  readonly records: ((name: string) => RecordProofs | undefined) | undefined;
  readonly clock: Clock;
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => void;
}

/** Throws a Failure `settings-invalid` for files that cannot be shown. */
export async function createHttps(parts: HttpsParts): Promise<Https> {
  const { domain, acme, clock, books } = parts;
  const files = createFileCertificates(parts.files, { clock, tell: parts.warn });
  const local = acme || parts.files.length ? undefined : await openLocalAuthority(parts.folder, parts);
  const tokens = createTokenProofs();
  const ring = createKeyring();
  const issue = acme
    ? createAcmeIssuer(acme, { accounts: books.accounts, proofs: { http: tokens, dns: parts.records } })
    : local?.issue;
  const nameOf = (fqdn: string) => certificateName(fqdn, { domain, wildcards: acme?.wildcards ?? false });
  const isBelow = (name: string) => name.endsWith(`.${domain}`);
  const wanted = () => {
    if (!issue) return [];
    // The bot's own authority is trusted with names of the bot's own domain only, and has to look at nothing.
    const held = parts.names().filter(({ name, reached }) => (acme ? reached : isBelow(name)));
    const open = held.map(({ name }) => name).filter((name) => !files.contextFor(name));
    return [...new Set(open.map(nameOf))];
  };
  const keeper = createKeeper({
    ...parts,
    wanted,
    issue: issue ?? nobody,
    ring,
    book: acme ? books.certificates : forgetfulBook(),
  });
  const contextFor = (name: string): SecureContext | undefined =>
    files.contextFor(name) ?? ring.contextFor(name);
  return {
    security: {
      contextFor,
      redirects: parts.redirects ?? local === undefined,
      hstsSeconds: parts.hstsSeconds,
      proofOf: tokens.find,
    },
    serves: (name) => contextFor(name) !== undefined || (local !== undefined && isBelow(name)),
    look: keeper.look,
    facts: () => ({ files: files.lives(), known: keeper.known(), local }),
    start: keeper.start,
    async close() {
      files.close();
      await keeper.close();
    },
  };
}

async function nobody(): Promise<never> {
  throw new Error('there is no authority to ask'); // and nobody does: no name is wanted
}
