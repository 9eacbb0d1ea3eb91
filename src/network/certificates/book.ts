import type { Secret } from '../../secrets/index.ts';

/** What is known of the certificate of a name. */
export interface Kept {
  readonly name: string;
  /** Undefined until there is one. */
  readonly pair: CertificatePair | undefined;
  /** From when to when the pair is good; undefined without one. */
  readonly life: Life | undefined;
  /** How often in a row it could not be had; 0 while all is well. */
  readonly failures: number;
  /** After a failure: not before then. */
  readonly retryAtMs: number;
  /** What went wrong the last time; '' while nothing did. */
  readonly problem: string;
}

/** A certificate with its chain, PEM, and the key that belongs to it. */
export interface CertificatePair {
  readonly chain: string;
  readonly key: Secret;
}

export interface Life {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What was issued, kept over a restart: an authority must not be asked again for what it has given. */
export interface CertificateBook {
  all(): Promise<Kept[]>;
  put(kept: Kept): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The keys with which the bot is known to authorities, by directory. */
export interface AccountBook {
  find(directory: string): Promise<Secret | undefined>;
  keep(directory: string, key: Secret): Promise<void>;
}

/** A book for certificates that are had for nothing: after a restart they are made anew. */
export function forgetfulBook(): CertificateBook {
  return { all: async () => [], put: async () => {}, remove: async () => {} };
}
