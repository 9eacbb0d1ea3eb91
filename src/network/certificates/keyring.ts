import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificatePair, Life } from './book.ts';

/** Certificates by the names that stand in them, ready to be shown. */
export interface Keyring {
  /** From memory: that of the very name before one with a star. */
  contextFor(name: string): SecureContext | undefined;
  /** In place of what `owner` had before; nothing takes it away. Throws an Error for a pair that is none. */
  put(owner: string, pair: CertificatePair): Life;
}

export function createKeyring(): Keyring {
  const owned = new Map<string, { readonly names: readonly string[]; readonly context: SecureContext }>();
  let byName = new Map<string, SecureContext>();
  return {
    contextFor: (name) => byName.get(name) ?? byName.get(name.replace(/^[^.]+/, '*')),
    put(owner, pair) {
      const read = readPair(pair);
      owned.set(owner, read);
      byName = new Map(owned.values().flatMap(({ names, context }) => names.map((name) => [name, context])));
      return read.life;
    },
  };
}

/** Throws an Error that says what is wrong with the two. */
function readPair({ chain, key }: CertificatePair) {
  const certificate = new X509Certificate(chain);
  if (!certificate.checkPrivateKey(createPrivateKey(key.reveal())))
    throw new Error('the key does not belong to the certificate');
  return {
    names: namesIn(certificate),
    context: createSecureContext({ cert: chain, key: key.reveal() }),
    life: { fromMs: Date.parse(certificate.validFrom), untilMs: Date.parse(certificate.validTo) },
  };
}

/** `DNS:a.example.com, DNS:*.b.example.com` */
function namesIn({ subjectAltName = '' }: X509Certificate): string[] {
  return [...subjectAltName.matchAll(/DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase());
}
