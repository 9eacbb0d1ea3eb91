import { Resolver } from 'node:dns/promises';
import { systemCodeOf } from '../failure.ts';
import { type DomainSight, proofNameOf } from './domains.ts';

const LIMIT = { timeout: 2_000, tries: 1 };
/** Of aliases that lead to one another; resolvers go no further either. */
const MOST_ALIASES = 8;
/** What a resolver answers where there is no such name, or no record of that kind. */
const NOTHING: readonly (string | undefined)[] = ['ENOTFOUND', 'ENODATA'];

/** Asks where a domain leads, and where the group's own name does; gives undefined when that cannot be known now. */
export type LookAtDomain = (domain: string, fqdn: string) => Promise<DomainSight | undefined>;

/** Asks these resolvers, such as `127.0.0.1:53`; the machine's own without them. */
export function createDomainLook(resolvers: readonly string[] | undefined): LookAtDomain {
  return async (domain, fqdn) => {
    const resolver = new Resolver(LIMIT);
    if (resolvers) resolver.setServers([...resolvers]);
    try {
      const [aliases, addresses, ownAddresses] = await Promise.all([
        aliasesOf(resolver, domain, fqdn),
        addressesOf(resolver, domain),
        addressesOf(resolver, fqdn).catch(() => []), // an alias is enough
      ]);
      const proofs = aliases.includes(fqdn) ? [] : await textsOf(resolver, proofNameOf(domain));
      return { aliases, addresses, ownAddresses, proofs };
    } catch (error) {
      if (!systemCodeOf(error)) throw error;
      return undefined;
    }
  };
}

async function aliasesOf(resolver: Resolver, domain: string, fqdn: string): Promise<string[]> {
  const seen: string[] = [];
  let next: string | undefined = domain;
  while (next !== undefined && seen.length < MOST_ALIASES && !seen.includes(fqdn)) {
    const [alias]: string[] = await orNothing(resolver.resolveCname(next));
    next = alias?.toLowerCase();
    if (next !== undefined) seen.push(next);
  }
  return seen;
}

async function addressesOf(resolver: Resolver, name: string): Promise<string[]> {
  const [four, six] = await Promise.all([
    orNothing(resolver.resolve4(name)),
    orNothing(resolver.resolve6(name)),
  ]);
  return [...four, ...six];
}

async function textsOf(resolver: Resolver, name: string): Promise<string[]> {
  const texts = await orNothing(resolver.resolveTxt(name));
  return texts.map((parts) => parts.join(''));
}

async function orNothing<T>(asked: Promise<T[]>): Promise<T[]> {
  return asked.catch((error: unknown) => {
    if (NOTHING.includes(systemCodeOf(error))) return [];
    throw error;
  });
}
