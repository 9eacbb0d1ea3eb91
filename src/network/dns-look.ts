import { Resolver } from 'node:dns/promises';
import { Failure, systemCodeOf } from '../failure.ts';

/** One thing that was seen of the zone. */
export interface DnsLook {
  readonly state: 'fine' | 'warning' | 'broken';
  readonly text: string;
  readonly advice: string;
}

export interface LookParts {
  /** Last part of every group's name. */
  readonly domain: string;
  readonly locations: readonly string[];
  /** Whom to ask, such as `127.0.0.1:53`; the machine's own resolver without it. */
  readonly resolvers?: readonly string[] | undefined;
  readonly zone?: string;
  readonly served?: {
    readonly nameServers: readonly string[];
    readonly glue: readonly string[];
    readonly address: () => string;
  };
  readonly check?: () => Promise<void>;
}

const LIMIT = { timeout: 2_000, tries: 1 };

/** Looks at the zone as the world sees it, and says what is wrong with it. Never throws for what is wrong there. */
export async function lookAtZone(parts: LookParts): Promise<DnsLook[]> {
  const resolver = new Resolver(LIMIT);
  if (parts.resolvers) resolver.setServers([...parts.resolvers]);
  if (parts.check && parts.zone) return [await lookOutside(parts.zone, parts.check)];
  if (parts.served && parts.zone) return lookServed(parts.zone, parts.served, resolver);
  return lookWildcard(parts, resolver);
}

async function lookOutside(zone: string, check: () => Promise<void>): Promise<DnsLook> {
  try {
    await check();
    return fine(`the name server takes updates of ${zone}`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { state: 'broken', text: error.message, advice: error.advice };
  }
}

async function lookServed(
  zone: string,
  { nameServers, glue, address }: NonNullable<LookParts['served']>,
  resolver: Resolver,
): Promise<DnsLook[]> {
  const own = new Resolver(LIMIT);
  own.setServers([
    address()
      .replace(/^0\.0\.0\.0:/, '127.0.0.1:')
      .replace(/^\[::\]:/, '[::1]:'),
  ]);
  if (!(await answersFor(own, zone)))
    return [
      broken(
        `the bot’s own name server at ${address()} does not answer`,
        'Start the bot anew; its log says more.',
      ),
    ];
  const looks = [fine(`the bot answers for ${zone} at ${address()}`)];
  const toAdd = [...nameServers.map((name) => `${zone}. NS ${name}.`), ...glue].join(', ');
  const delegated = await resolver.resolveNs(zone).catch(() => [] as string[]);
  if (!delegated.length) {
    const advice = `Add to the zone above: ${toAdd}. Port 53 has to be reached by UDP and TCP.`;
    return [
      ...looks,
      warning(
        `resolvers find no name servers for ${zone}: it is not delegated, or they cannot reach the bot`,
        advice,
      ),
    ];
  }
  const strangers = delegated.map((name) => name.toLowerCase()).filter((name) => !nameServers.includes(name));
  if (strangers.length)
    return [
      ...looks,
      warning(
        `${zone} is delegated to ${strangers.join(', ')}, which the settings do not name`,
        `Delegate it to ${nameServers.join(', ')}, or write those names into dns.serve.nameServers.`,
      ),
    ];
  return [
    ...looks,
    (await answersFor(resolver, zone))
      ? fine(`${zone} is delegated to ${delegated.join(', ')} and resolvers get its records`)
      : warning(
          `${zone} is delegated to ${delegated.join(', ')}, and resolvers get no answer from there`,
          `Open port 53 by UDP and TCP; the addresses in the zone above are ${glue.join(', ') || 'those of the name servers'}.`,
        ),
  ];
}

function answersFor(resolver: Resolver, zone: string): Promise<boolean> {
  return resolver.resolveSoa(zone).then(
    () => true,
    () => false,
  );
}

/** Nobody is told anything: a wildcard record has to lead every name to the edge. */
async function lookWildcard({ domain, locations }: LookParts, resolver: Resolver): Promise<DnsLook[]> {
  if (domain === 'localhost' || domain.endsWith('.localhost')) return [];
  const looks = locations.map(async (location) => {
    const name = `katabot-doctor.${location}.${domain}`;
    const [four, six] = await Promise.all([
      addresses(resolver.resolve4(name)),
      addresses(resolver.resolve6(name)),
    ]);
    const found = [...four, ...six];
    return found.length
      ? fine(`names below ${location}.${domain} lead to ${found.join(', ')}`)
      : warning(
          `names below ${location}.${domain} lead nowhere`,
          `Add the record *.${location}.${domain} with the address of the edge, or have the bot answer: dns in the settings.`,
        );
  });
  return Promise.all(looks);
}

async function addresses(asked: Promise<string[]>): Promise<string[]> {
  return asked.catch((error: unknown) => {
    if (systemCodeOf(error)) return [];
    throw error;
  });
}

function fine(text: string): DnsLook {
  return { state: 'fine', text, advice: '' };
}

function warning(text: string, advice: string): DnsLook {
  return { state: 'warning', text, advice };
}

function broken(text: string, advice: string): DnsLook {
  return { state: 'broken', text, advice };
}
