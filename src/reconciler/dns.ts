import type { Clock } from '../clock.ts';
import { type GroupKey, groupKey } from '../event.ts';
import {
  addressRecords,
  createDnsServer,
  createOutsideZone,
  createZone,
  type OutsideZone,
  type RecordProofs,
  type Site,
  withPort,
  type ZoneRecord,
} from '../network/index.ts';
import type { Feed } from './feed.ts';
import { createOutsideNames, createServedNames, type Names } from './names.ts';
import type { DesiredState } from './wish.ts';

/** Who says where names lead, ready to be started. */
export interface Dns {
  readonly names: Names;
  /** Texts at names of the zone that prove to others whose they are. */
  readonly proofs: RecordProofs;
  /** What `doctor` compares with what the world sees. */
  readonly facts: DnsFacts;
  /** Gives where it listens; '' when it does not. */
  start(): Promise<string>;
  close(): Promise<void>;
}

export interface DnsFacts {
  readonly zone: string;
  /** Absent where another server answers. */
  readonly served?: {
    readonly nameServers: readonly string[];
    readonly glue: readonly string[];
    /** '' until it listens. */
    readonly address: () => string;
  };
  readonly check?: () => Promise<void>;
}

interface ServedParts {
  readonly zone: string;
  readonly listenAt: { readonly host: string; readonly port: number };
  readonly nameServers: readonly string[];
  readonly publicAddresses: readonly string[];
  readonly contact: string;
  readonly responsesPerSecond: number;
  /** Names of hosts with a shared address. */
  readonly hosts: readonly ZoneRecord[];
  readonly desired: DesiredState;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly siteOf: (host: string) => Site | undefined;
}

const EVERY_ADDRESS = ['0.0.0.0', '::'];

/** The bot answers for the zone itself. */
export function createServedDns(parts: ServedParts): Dns {
  const { nameServers, contact, clock, listenAt } = parts;
  const reached = EVERY_ADDRESS.includes(listenAt.host) ? [] : [listenAt.host];
  const addresses = parts.publicAddresses.length ? parts.publicAddresses : reached;
  const isOwn = (name: string) => name === parts.zone || name.endsWith(`.${parts.zone}`);
  const glue = nameServers.filter(isOwn).flatMap((name) => addressRecords(name, addresses));
  const zone = createZone({ name: parts.zone, nameServers, contact, glue }, clock);
  zone.put('hosts', parts.hosts);
  const server = createDnsServer({ zone, clock, responsesPerSecond: parts.responsesPerSecond });
  const names = createServedNames({ ...parts, zone });
  let address = '';
  return {
    names,
    proofs: {
      publish: async (name, text) => zone.put(`proof ${name}`, [{ name, type: 'TXT', data: text }]),
      withdraw: async (name) => zone.put(`proof ${name}`, []),
    },
    facts: {
      zone: parts.zone,
      served: {
        nameServers,
        glue: glue.map(({ name, type, data }) => `${name}. ${type} ${String(data)}`),
        address: () => address,
      },
    },
    async start() {
      await names.load();
      address = withPort(listenAt.host, await server.listen(listenAt.host, listenAt.port));
      return address;
    },
    async close() {
      names.close();
      await server.close();
    },
  };
}

/** Another name server answers for the zone; it is told what changes. */
export function createOutsideDns(
  parts: Parameters<typeof createOutsideZone>[0] & {
    readonly siteOf: (host: string) => Site | undefined;
  },
): Dns {
  const outside: OutsideZone = createOutsideZone(parts);
  return {
    names: createOutsideNames(outside, parts.siteOf),
    proofs: {
      publish: (name, text) =>
        outside.publish(proofKey(name), { fqdn: name, records: [{ name, type: 'TXT', data: text }] }),
      withdraw: (name) => outside.withdraw(proofKey(name)),
    },
    facts: { zone: parts.zone, check: () => outside.check() },
    start: async () => '',
    close: async () => {},
  };
}

/** What a proof is called in the book of names; no environment has a name like that. */
function proofKey(name: string): GroupKey {
  return groupKey('_acme-challenge', name);
}
