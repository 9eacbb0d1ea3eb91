import { createHmac } from 'node:crypto';
import { type GroupKey, partsOf } from '../event.ts';
import type { Group } from '../spec/index.ts';

const MINUTE_MS = 60_000;
/** Somebody who has just written the domain into the file is about to write the record as well. */
const EAGER_MS = 60 * MINUTE_MS;

/** Where a domain was seen to lead. */
export interface DomainSight {
  /** Names that its aliases lead through, in lower case. */
  readonly aliases: readonly string[];
  readonly addresses: readonly string[];
  /** Those of the group's own name. */
  readonly ownAddresses: readonly string[];
  /** Texts of the record that proves whose the domain is. */
  readonly proofs: readonly string[];
}

/** What a group is reached at. */
export interface GroupPlace {
  /** Its own name. */
  readonly fqdn: string;
  /** Addresses that it has for itself. */
  readonly own: readonly string[];
  /** Addresses at which others are reached as well, such as the edge's. */
  readonly shared: readonly string[];
  /** The text that proves that a domain is meant for it. */
  readonly proof: string;
}

/** `unproved`: it leads to where many groups are reached, and does not say which of them it is meant for. */
export type Leads = 'leads' | 'unproved' | 'elsewhere';

/**
 * The domains that a group is served at beside its name. Those of other environments than production are left aside: a preview
 * is made from the same file, and must not take them. Pure.
 */
export function customDomainsOf(key: GroupKey, { ipAddress }: Pick<Group, 'ipAddress'>): readonly string[] {
  return partsOf(key).environment === 'production' ? (ipAddress?.customDomains ?? []) : [];
}

/**
 * Whether the domain leads to the group: by an alias for the group's name, or because every address of it is one that the group
 * has for itself. At an address where many groups are reached it has to say by a record that it is meant for this one, or whoever
 * names it first would have it. Pure.
 */
export function whereItLeads(sight: DomainSight, { fqdn, own, shared, proof }: GroupPlace): Leads {
  if (sight.aliases.includes(fqdn)) return 'leads';
  const are = (places: readonly string[]) => sight.addresses.every((address) => places.includes(address));
  if (!sight.addresses.length || !are([...own, ...shared, ...sight.ownAddresses])) return 'elsewhere';
  return are(own) || sight.proofs.includes(proof) ? 'leads' : 'unproved';
}

/** The name of the record that says which group a domain is meant for. Pure. */
export function proofNameOf(domain: string): string {
  return `_katabot.${domain}`;
}

/** What that record says for a group: the same for all of its domains, and of no use to any other group or bot. Pure. */
export function domainProofOf(key: GroupKey, pepper: string): string {
  return `katabot-domain=${createHmac('sha256', pepper).update(`domain ${key}`).digest('hex').slice(0, 32)}`;
}

/**
 * When the domains of a revision that was accepted at `sinceMs` are looked at again, milliseconds since the epoch: after a
 * minute while one is awaited, for an hour, and while no resolver has answered for one, however long; after ten minutes
 * otherwise, for one may come, and one may go. Pure.
 */
export function lookAgainAt(words: {
  sinceMs: number;
  nowMs: number;
  allLead: boolean;
  allSeen: boolean;
}): number {
  const { sinceMs, nowMs, allLead, allSeen } = words;
  const isEager = !allSeen || (!allLead && nowMs - sinceMs < EAGER_MS);
  return nowMs + (isEager ? MINUTE_MS : 10 * MINUTE_MS);
}
