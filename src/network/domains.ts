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
}

/**
 * The domains that a group is served at beside its name. Those of other environments than production are left aside: a preview
 * is made from the same file, and must not take them. Pure.
 */
export function customDomainsOf(key: GroupKey, { ipAddress }: Pick<Group, 'ipAddress'>): readonly string[] {
  return partsOf(key).environment === 'production' ? (ipAddress?.customDomains ?? []) : [];
}

/**
 * Whether the domain leads to the group: by an alias for the group's name, or because every address of it is one at which the
 * group or the edge is reached (`addresses`, and those of the group's name). Pure.
 */
export function leadsToGroup(
  sight: DomainSight,
  { fqdn, addresses }: { fqdn: string; addresses: readonly string[] },
): boolean {
  if (sight.aliases.includes(fqdn)) return true;
  const own = new Set([...addresses, ...sight.ownAddresses]);
  return sight.addresses.length > 0 && sight.addresses.every((address) => own.has(address));
}

/**
 * When the domains of a revision that was accepted at `sinceMs` are looked at again, milliseconds since the epoch: after a
 * minute while one is awaited, for an hour; after ten minutes otherwise, for one may come, and one may go. Pure.
 */
export function lookAgainAt(words: { sinceMs: number; nowMs: number; allLead: boolean }): number {
  const { sinceMs, nowMs, allLead } = words;
  const isEager = !allLead && nowMs - sinceMs < EAGER_MS;
  return nowMs + (isEager ? MINUTE_MS : 10 * MINUTE_MS);
}
