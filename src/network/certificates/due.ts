import { createHash } from 'node:crypto';
import type { Kept } from './book.ts';

const DAY_MS = 86_400_000;
const FIRST_RETRY_MS = 5 * 60_000;
/** An authority that says "too many" counts by the hour and by the week. */
const LIMITED_RETRY_MS = 3_600_000;
const LONGEST_RETRY_MS = DAY_MS;

/** The part of a certificate's life after which it is renewed, and how far that may be put off so that not all come at once. */
const RENEWED_AFTER = 2 / 3;
const SPREAD = 1 / 20;

/**
 * When a certificate for the name is to be asked for, milliseconds since the epoch; in the past for now. One that was never
 * asked for is due at once, one that was refused when its time comes again, one that is there at two thirds of its life.
 */
export function certificateDue(name: string, kept: Kept | undefined): number {
  if (!kept) return 0;
  if (kept.failures > 0 || !kept.life) return kept.retryAtMs;
  const { fromMs, untilMs } = kept.life;
  const lifeMs = untilMs - fromMs;
  return Math.round(fromMs + lifeMs * (RENEWED_AFTER + SPREAD * fractionOf(name)));
}

/** When what has failed so often in a row may be tried again: later every time, a day at most. */
export function retryAt(name: string, failures: number, nowMs: number, limited: boolean): number {
  const first = limited ? LIMITED_RETRY_MS : FIRST_RETRY_MS;
  const waitMs = Math.min(LONGEST_RETRY_MS, first * 2 ** Math.min(failures - 1, 20));
  return nowMs + Math.round(waitMs * (1 + fractionOf(name) / 4));
}

/**
 * The name that the certificate is for: the group's own, or, where one for all names of a location is wanted, that with a
 * star for its first part. A name outside of the bot's domain always has its own.
 */
export function certificateName(
  fqdn: string,
  { domain, wildcards }: { domain: string; wildcards: boolean },
): string {
  const isOwn = fqdn.endsWith(`.${domain}`);
  return wildcards && isOwn ? fqdn.replace(/^[^.]+/, '*') : fqdn;
}

/** From 0 to 1, the same for a name at every start. */
function fractionOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32;
}
