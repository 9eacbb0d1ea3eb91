import type { Published } from '../engines/index.ts';
import { addressAt, type Pools } from './addresses.ts';
import { parseAddress } from './ranges.ts';
import type { ZoneRecord } from './zone.ts';

/** A group with a name. */
export interface Named extends Site {
  readonly fqdn: string;
  readonly published: readonly Published[];
}

/** What its location adds. */
export interface Site {
  /** The name of its location, `office.apps.example.com`, at which a shared address is found. */
  readonly host: string;
  /** Groups share the address: their name leads to the edge, and their ports are found by SRV. */
  readonly shared: boolean;
  /** Where clients reach the edge. */
  readonly edge: readonly string[];
}

/**
 * What the zone says of a group. With an address of its own the name leads there, as in ACI; at a shared one it leads to the
 * edge, which knows groups by name. `_5432._tcp.NAME` tells the port of every port (RFC 2782), wherever that is. Pure.
 */
export function recordsOf({ fqdn, published, host, shared, edge }: Named): ZoneRecord[] {
  if (!fqdn || !published.length) return [];
  const addresses = [...new Set(published.map(({ address }) => address))];
  const services = new Map(
    published.map(({ protocol, port, hostPort }) => [
      `_${port}._${protocol.toLowerCase()}.${fqdn}`,
      hostPort,
    ]),
  );
  return [
    ...addressRecords(fqdn, shared && edge.length ? edge : addresses),
    ...[...services].map(([name, port]) => ({
      name,
      type: 'SRV' as const,
      data: { port, target: shared ? host : fqdn },
    })),
  ];
}

/** A or AAAA, as the addresses are. */
export function addressRecords(name: string, addresses: readonly string[]): ZoneRecord[] {
  return addresses.map((data) => ({
    name,
    type: parseAddress(data)?.family === 'IPv6' ? 'AAAA' : 'A',
    data,
  }));
}

/** What a location adds to the records of its groups. */
export function siteFor({ shared }: Pools, host: string, edge: readonly string[]): Site {
  return { host, shared, edge };
}

/** The name under which a shared address is found; a location with a range needs none. */
export function siteRecords({ shared, families }: Pools, host: string): ZoneRecord[] {
  return shared
    ? addressRecords(
        host,
        families.map((family) => addressAt(family, 0)),
      )
    : [];
}

/** Whether a name leads to the machine of whoever types it, whatever a name server says: nobody is asked for one in `localhost` (RFC 6761, 6.3). Pure. */
export function isThisMachine(name: string): boolean {
  return /(^|\.)localhost$/i.test(name);
}

/** The address to type where the edge serves the name over HTTPS. */
export function secureUrlTo(fqdn: string, port: number): string {
  return port === 443 ? `https://${fqdn}` : `https://${fqdn}:${port}`;
}

/**
 * The address to type. At the edge it has the edge's port; where the name leads to the group itself and the edge does not
 * listen there, it is the group's own port.
 */
export function urlTo(
  fqdn: string,
  edge: { readonly host: string; readonly port: number },
  own: { readonly port: number } | undefined,
): string {
  const everywhere = edge.host === '0.0.0.0' || edge.host === '::';
  if (!own || everywhere) return `http://${fqdn}:${edge.port}`;
  return own.port === 80 ? `http://${fqdn}` : `http://${fqdn}:${own.port}`;
}
