import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';

const MOST_DOMAINS = 5;

/** A host name of RFC 1123 with a dot in it, as a browser asks for it; the last part is no number, or it were an address. */
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?=[a-z])[a-z0-9-]{1,62}[a-z0-9]$/;
const PATH = 'properties.ipAddress.customDomains';

/** Domains of one's own lead to the group's name, so there has to be one, and that is public. */
export function domainFindings({ ipAddress }: Group): Finding[] {
  const domains = ipAddress?.customDomains;
  if (!ipAddress || !domains?.length) return [];
  const whole = wholeFinding(ipAddress, domains.length);
  return whole ? [whole] : domains.flatMap((domain, index) => domainFinding(domain, index, domains));
}

function wholeFinding(
  { type, dnsNameLabel }: NonNullable<Group['ipAddress']>,
  count: number,
): Finding | undefined {
  if (type === 'Private')
    return {
      code: 'domain-without-name',
      path: PATH,
      atKey: true,
      message: 'A private address has no public name, and no domain leads there.',
      advice: 'Remove customDomains, or write Public.',
    };
  if (dnsNameLabel === undefined)
    return {
      code: 'domain-without-name',
      path: PATH,
      atKey: true,
      message: 'Custom domains lead to the group’s name, and this group has none.',
      advice: 'Add dnsNameLabel, such as dnsNameLabel: hello.',
    };
  if (count > MOST_DOMAINS)
    return {
      code: 'domain-invalid',
      path: PATH,
      message: `There are ${count} custom domains; a group has ${MOST_DOMAINS} at most.`,
      advice: `Keep ${MOST_DOMAINS} of them.`,
    };
  return undefined;
}

function domainFinding(domain: string, index: number, all: readonly string[]): Finding[] {
  const path = `${PATH}[${index}]`;
  if (!DOMAIN.test(domain)) {
    const plain = domain
      .trim()
      .toLowerCase()
      .replace(/^[a-z]+:\/\//, '')
      .replace(/[/:].*$/, '')
      .replace(/\.$/, '');
    const advice = DOMAIN.test(plain)
      ? `Write ${plain}.`
      : 'Write a host name in lower case, such as shop.example.com; letters of other scripts as xn--….';
    return [
      { code: 'domain-invalid', path, message: `"${domain.slice(0, 80)}" is no name of a host.`, advice },
    ];
  }
  if (all.indexOf(domain) === index) return [];
  return [
    { code: 'domain-invalid', path, message: `${domain} stands here twice.`, advice: 'Keep one of the two.' },
  ];
}
