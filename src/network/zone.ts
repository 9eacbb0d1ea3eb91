import { type Answer, encode } from 'dns-packet';
import type { Clock } from '../clock.ts';
import { HEADER_BYTES, TYPES } from './wire.ts';

/** One record of the zone. Names are whole and without the last dot; they are compared without regard to case. */
export type ZoneRecord = { readonly name: string } & (
  | { readonly type: 'A' | 'AAAA'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: { readonly port: number; readonly target: string } }
  | { readonly type: 'TXT'; readonly data: string }
);

/** The records that the bot answers for. */
export interface Zone {
  readonly name: string;
  /** Everything that `owner` has to say, in place of what it said before; an empty list takes it back. */
  put(owner: string, records: readonly ZoneRecord[]): void;
  /** Whether a name belongs to the zone, whether or not it has records. */
  holds(name: string): boolean;
  /** The records of a name, ready to be sent; undefined for a name that does not exist. */
  find(name: string): Node | undefined;
  /** The SOA record, ready to be sent; its serial grows with every change. */
  soa(): Encoded;
  /** How many records others than the bot's own frame put there. */
  readonly size: number;
}

/** A name that exists: with records by type, or only because longer names do. */
export interface Node {
  readonly records: ReadonlyMap<number, readonly Encoded[]>;
}

/** A record without its name: type, class, time to live, length and data. */
export type Encoded = Buffer;

export interface ZoneSettings {
  readonly name: string;
  /** Names of the servers that the zone is delegated to. */
  readonly nameServers: readonly string[];
  /** Addresses of those that lie in the zone itself. */
  readonly glue: readonly ZoneRecord[];
  /** Mailbox of who runs it, with a dot for the `@`. */
  readonly contact: string;
}

/** Resolvers may remember what they heard for this long; a group that is gone is not asked for longer. */
export const TTL_SECONDS = 60;

interface MutableNode {
  readonly records: Map<number, Encoded[]>;
  /** How many records stand at the name or below it; without any it does not exist. */
  users: number;
}

/** A zone in memory; what it holds is made anew from the wishes at every start. */
export function createZone(settings: ZoneSettings, clock: Clock): Zone {
  const name = settings.name.toLowerCase();
  const nodes = new Map<string, MutableNode>();
  const byOwner = new Map<string, readonly ZoneRecord[]>();
  let serial = 0;
  let soa: Encoded | undefined;
  let size = 0;
  const holds = (each: string) => each === name || each.endsWith(`.${name}`);
  addTo(
    nodes,
    name,
    name,
    TYPES.NS,
    settings.nameServers.map((data) => encoded({ type: 'NS', name, data })),
  );
  for (const record of settings.glue) addRecord(nodes, name, record);
  return {
    name,
    holds,
    put(owner, fresh) {
      const before = byOwner.get(owner) ?? [];
      if (JSON.stringify(before) === JSON.stringify(fresh)) return;
      for (const record of fresh)
        if (!holds(record.name.toLowerCase()))
          throw new RangeError(`${record.name} lies outside of the zone ${name}`);
      for (const record of before) removeRecord(nodes, name, record);
      for (const record of fresh) addRecord(nodes, name, record);
      if (fresh.length) byOwner.set(owner, fresh);
      else byOwner.delete(owner);
      size += fresh.length - before.length;
      soa = undefined;
    },
    find: (each) => nodes.get(each),
    soa() {
      // Counted when it is asked for, so that it never runs far ahead of the seconds that a new start begins with.
      if (!soa) serial = Math.max(serial + 1, Math.floor(clock.now() / 1000));
      soa ??= soaOf({ ...settings, name }, serial);
      return soa;
    },
    get size() {
      return size;
    },
  };
}

function addRecord(nodes: Map<string, MutableNode>, zone: string, record: ZoneRecord): void {
  addTo(nodes, zone, record.name.toLowerCase(), TYPES[record.type], [encodedRecord(record)]);
}

/** The names between a record and the zone exist as well: asked for, they have no data, which is not the same as no name. */
function addTo(
  nodes: Map<string, MutableNode>,
  zone: string,
  name: string,
  type: number,
  added: Encoded[],
): void {
  for (const each of pathOf(name, zone)) {
    const node = nodes.get(each) ?? { records: new Map(), users: 0 };
    node.users += added.length;
    nodes.set(each, node);
  }
  const { records } = nodes.get(name) ?? { records: new Map<number, Encoded[]>() };
  records.set(type, [...(records.get(type) ?? []), ...added]);
}

function removeRecord(nodes: Map<string, MutableNode>, zone: string, record: ZoneRecord): void {
  const name = record.name.toLowerCase();
  const type = TYPES[record.type];
  const gone = encodedRecord(record);
  const here = nodes.get(name)?.records;
  const left = [...(here?.get(type) ?? [])];
  const index = left.findIndex((each) => each.equals(gone));
  if (index < 0) return;
  left.splice(index, 1);
  if (left.length) here?.set(type, left);
  else here?.delete(type);
  for (const each of pathOf(name, zone)) {
    const node = nodes.get(each);
    if (!node) continue;
    node.users -= 1;
    if (node.users === 0) nodes.delete(each);
  }
}

/** `a.b.zone` -> `a.b.zone`, `b.zone`, `zone` */
function pathOf(name: string, zone: string): string[] {
  const names = [name];
  for (let each = name; each !== zone; ) {
    each = each.slice(each.indexOf('.') + 1);
    names.push(each);
  }
  return names;
}

function soaOf({ name, nameServers, contact }: ZoneSettings, serial: number): Encoded {
  const data = {
    mname: nameServers[0] ?? name,
    rname: contact,
    serial: serial % 2 ** 32,
    refresh: 3600,
    retry: 600,
    expire: 86_400,
    minimum: TTL_SECONDS, // for so long resolvers believe that a name does not exist (RFC 2308)
  };
  return encoded({ type: 'SOA', name, data });
}

/** A record as it is sent. */
export function encodedRecord(record: ZoneRecord): Encoded {
  const { name } = record;
  switch (record.type) {
    case 'SRV':
      return encoded({ type: 'SRV', name, data: { priority: 0, weight: 0, ...record.data } });
    case 'TXT':
      return encoded({ type: 'TXT', name, data: pieces(record.data) });
    default:
      return encoded({ type: record.type, name, data: record.data });
  }
}

/** A text longer than 255 bytes stands in several strings (RFC 1035, 3.3.14). */
function pieces(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const all: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) all.push(bytes.subarray(at, at + 255));
  return all;
}

function encoded(record: Exclude<Answer, { type: 'OPT' }>): Encoded {
  const whole = encode({ answers: [{ ...record, ttl: TTL_SECONDS, class: 'IN', name: '.' }] });
  return whole.subarray(HEADER_BYTES + 1); // the name of the root is one byte
}
