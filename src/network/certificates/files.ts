import { readFileSync, statSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { Secret } from '../../secrets/index.ts';
import type { Life } from './book.ts';
import { createKeyring, type Keyring } from './keyring.ts';

/** Where a certificate of the operator's own lies. */
export interface CertificateFiles {
  /** With its chain, a PEM file. */
  readonly certificate: string;
  readonly key: string;
}

export interface FileCertificates {
  contextFor(name: string): SecureContext | undefined;
  /** What is shown now, and for how long it is good. */
  lives(): readonly { readonly file: string; readonly life: Life }[];
  close(): void;
}

/** Whoever renews a certificate writes two files, one after the other: what does not fit together yet does so at the next look. */
const LOOK_MS = 15_000;

/**
 * Certificates from files, read anew when they change. Throws a Failure `settings-invalid` for those that cannot be shown;
 * files that go wrong later are told once, and what was read before stays.
 */
export function createFileCertificates(
  files: readonly CertificateFiles[],
  { clock, tell }: { clock: Clock; tell: (fields: Record<string, unknown>, message: string) => void },
): FileCertificates {
  const ring = createKeyring();
  const known = files.map((each, index) => {
    const where = `edge.https.files[${index}]`;
    try {
      return { ...each, stamp: stampOf(each), life: read(ring, each) };
    } catch (error) {
      throw new Failure(
        'settings-invalid',
        `${where}: ${each.certificate} cannot be shown: ${messageOf(error)}.`,
        {
          advice: 'Give a certificate with its chain and the key that belongs to it, both PEM.',
          cause: error,
        },
      );
    }
  });
  const look = () => {
    for (const each of known) {
      try {
        const stamp = stampOf(each);
        if (stamp === each.stamp) continue;
        each.stamp = stamp;
        each.life = read(ring, each);
      } catch (error) {
        tell(
          { file: each.certificate, problem: messageOf(error) },
          'a certificate cannot be read; the one before stays',
        );
      }
    }
    cancel = clock.after(LOOK_MS, look);
  };
  let cancel = files.length ? clock.after(LOOK_MS, look) : () => {};
  return {
    contextFor: ring.contextFor,
    lives: () => known.map(({ certificate, life }) => ({ file: certificate, life })),
    close: () => cancel(),
  };
}

function read(ring: Keyring, { certificate, key }: CertificateFiles): Life {
  const pair = { chain: readFileSync(certificate, 'utf8'), key: new Secret(readFileSync(key, 'utf8')) };
  return ring.put(certificate, pair);
}

function stampOf({ certificate, key }: CertificateFiles): string {
  return [certificate, key]
    .map((file) => statSync(file))
    .map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`)
    .join();
}
