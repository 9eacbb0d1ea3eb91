import { isIP } from 'node:net';
import { nearestWord } from '../nearest.ts';
import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';

/** resolv.conf(5): MAXNS, MAXDNSRCH. More than that is left out without a word by every C library. */
const MOST_SERVERS = 3;
const MOST_DOMAINS = 6;

/** RFC 1035, with the underscore that names of services have. */
const DOMAIN =
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;

/** Options with a number, and the largest one that glibc takes. */
const COUNTED: Readonly<Record<string, number>> = { ndots: 15, timeout: 30, attempts: 5 };
const PLAIN: readonly string[] = [
  'debug',
  'edns0',
  'inet6',
  'no-aaaa',
  'no-check-names',
  'no-reload',
  'no-tld-query',
  'rotate',
  'single-request',
  'single-request-reopen',
  'trust-ad',
  'use-vc',
];

/** What a resolv.conf can take, said before a group runs with less than it asks for. */
export function resolverFindings({ dnsConfig }: Group): Finding[] {
  if (!dnsConfig) return [];
  return [
    ...serverFindings(dnsConfig.nameServers),
    ...domainFindings(wordsOf(dnsConfig.searchDomains)),
    ...wordsOf(dnsConfig.options).flatMap(optionFindings),
  ];
}

/** Words between blanks; ACI's lists of domains and options are one text each. */
export function wordsOf(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

function serverFindings(servers: readonly string[]): Finding[] {
  const path = 'properties.dnsConfig.nameServers';
  const code = 'dns-config-invalid';
  const advice = 'Write one to three addresses, such as [10.0.0.53].';
  if (!servers.length) return [{ code, path, message: 'There is no name server.', advice }];
  if (servers.length > MOST_SERVERS) {
    const message = `There are ${servers.length} name servers; a resolver asks ${MOST_SERVERS} at most.`;
    return [{ code, path, message, advice: `Keep the first ${MOST_SERVERS}.` }];
  }
  return servers.flatMap((server, index) =>
    isIP(server) && !server.includes('%')
      ? []
      : [
          {
            code,
            path: `${path}[${index}]`,
            message: `"${server.slice(0, 80)}" is no address of a name server.`,
            advice:
              'Write its address, such as 10.0.0.53; a name cannot be looked up before there is a server.',
          },
        ],
  );
}

function domainFindings(domains: readonly string[]): Finding[] {
  const path = 'properties.dnsConfig.searchDomains';
  const code = 'dns-config-invalid';
  const advice = 'Write domains with blanks between them, such as corp.example.com example.com.';
  if (domains.length > MOST_DOMAINS) {
    const message = `There are ${domains.length} search domains; a resolver takes ${MOST_DOMAINS} at most.`;
    return [{ code, path, message, advice: `Keep the first ${MOST_DOMAINS}.` }];
  }
  const wrong = domains.find((domain) => !DOMAIN.test(domain));
  if (wrong === undefined) return [];
  return [{ code, path, message: `"${wrong.slice(0, 80)}" is no search domain.`, advice }];
}

function optionFindings(option: string): Finding[] {
  const path = 'properties.dnsConfig.options';
  const code = 'dns-config-invalid';
  const [name = '', number] = option.split(':');
  const most = COUNTED[name];
  if (most !== undefined) {
    if (number !== undefined && /^\d+$/.test(number) && Number(number) <= most) return [];
    const message = `"${option.slice(0, 80)}" needs a number from 0 to ${most}.`;
    return [{ code, path, message, advice: `Write ${name}:${Math.min(2, most)}.` }];
  }
  if (PLAIN.includes(option)) return [];
  const known = [...Object.keys(COUNTED), ...PLAIN];
  const near = nearestWord(name, known);
  const advice = near
    ? `Did you mean ${near in COUNTED ? `${near}:2` : near}?`
    : `A resolver knows ndots:N, timeout:N, attempts:N, ${PLAIN.join(', ')}.`;
  return [{ code, path, message: `"${option.slice(0, 80)}" is no option of a resolver.`, advice }];
}
