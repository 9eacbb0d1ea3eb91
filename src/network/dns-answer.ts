import { type DnsQuery, readQuery } from './dns-query.ts';
import { CLASSES, HEADER_BYTES, RESPONSE, TYPES, uint16 } from './wire.ts';
import type { Encoded, Node, Zone } from './zone.ts';

const RCODES = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
type Rcode = keyof typeof RCODES;

const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
/** Opcode, recursion desired and checking disabled are given back as they came. */
const ECHOED = 0x7910;

const LEAST_SIZE = 512;
/** What passes every network in one piece (DNS flag day 2020), whatever the client says that it takes. */
const LARGEST_SIZE = 1232;
/** A name that stands at a place of the message counted from here. */
const POINTER_TO_START = 0xc000;
/** The name that the question holds. */
const POINTER = uint16(POINTER_TO_START | HEADER_BYTES);

/** Answers that are sent where the question came from may be no longer than this. */
export type Channel = 'udp' | 'tcp';

interface Said {
  readonly rcode: Rcode;
  readonly answers?: readonly Encoded[];
  /** The zone's SOA: the name, or the type, does not exist. */
  readonly negative?: boolean;
}

/** The answer to a message; undefined for what is better not answered. Pure, and never throws. */
export function answerTo(zone: Zone, message: Buffer, channel: Channel): Buffer | undefined {
  const query = readQuery(message);
  if (query === 'drop') return undefined;
  if (query === 'malformed') return formatError(message);
  const said = decide(zone, query);
  const whole = written(zone, query, said);
  return channel === 'tcp' || whole.length <= sizeFor(query) ? whole : truncated(query);
}

/** Header and question alone, with the mark that says: ask over TCP, where nobody can pretend to be somebody else. */
export function slipped(message: Buffer): Buffer | undefined {
  const query = readQuery(message);
  return typeof query === 'string' ? undefined : truncated(query);
}

function truncated(query: DnsQuery): Buffer {
  return assembled(query, { rcode: 'NOERROR' }, [], TRUNCATED);
}

function sizeFor({ edns }: DnsQuery): number {
  return Math.min(LARGEST_SIZE, Math.max(LEAST_SIZE, edns?.size ?? LEAST_SIZE));
}

function decide(zone: Zone, query: DnsQuery): Said {
  if (query.edns && query.edns.version > 0) return { rcode: 'BADVERS' };
  if (query.opcode !== 0) return { rcode: 'NOTIMP' };
  const inClass = query.class === CLASSES.IN || query.class === CLASSES.ANY;
  // Transfers and the other types that are questions about a whole zone (251 to 254) are for nobody.
  const isWhole = query.type >= 251 && query.type <= 254;
  if (!inClass || isWhole || !zone.holds(query.name)) return { rcode: 'REFUSED' };
  const node = zone.find(query.name);
  if (!node) return { rcode: 'NXDOMAIN', negative: true };
  const answers = recordsOf(zone, query, node);
  return answers.length ? { rcode: 'NOERROR', answers } : { rcode: 'NOERROR', negative: true };
}

/** To ANY one set of records is answer enough (RFC 8482). */
function recordsOf(zone: Zone, { name, type }: DnsQuery, { records }: Node): readonly Encoded[] {
  const isApex = name === zone.name;
  if (type === TYPES.SOA) return isApex ? [zone.soa()] : [];
  if (type === TYPES.ANY) return isApex ? [zone.soa()] : (records.values().next().value ?? []);
  return records.get(type) ?? [];
}

function written(zone: Zone, query: DnsQuery, { rcode, answers = [], negative = false }: Said): Buffer {
  const soa = negative ? soaFor(zone, query) : undefined;
  return assembled(query, { rcode, answers, negative }, soa ? [soa] : [], 0);
}

/** The zone's name is the end of the name that was asked for, so it is pointed to. */
function soaFor(zone: Zone, { question }: DnsQuery): Buffer {
  const before = question.length - 4 - (zone.name.length + 2);
  return Buffer.concat([uint16(POINTER_TO_START | (HEADER_BYTES + before)), zone.soa()]);
}

function assembled(
  { id, flags, question, edns }: DnsQuery,
  { rcode, answers = [] }: Said,
  authorities: readonly Buffer[],
  more: number,
): Buffer {
  const code = RCODES[rcode];
  const authoritative = rcode === 'NOERROR' || rcode === 'NXDOMAIN' ? AUTHORITATIVE : 0;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(RESPONSE | authoritative | more | (flags & ECHOED) | (code & 15), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  header.writeUInt16BE(edns ? 1 : 0, 10);
  const parts: Buffer[] = [header, question];
  for (const answer of answers) parts.push(POINTER, answer);
  parts.push(...authorities);
  if (edns) parts.push(optFor(code, edns.dnssec));
  return Buffer.concat(parts);
}

/** Says that EDNS is understood, and how long a question may be (RFC 6891). */
function optFor(code: number, dnssec: boolean): Buffer {
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(TYPES.OPT, 1);
  opt.writeUInt16BE(LARGEST_SIZE, 3);
  opt.writeUInt8(code >> 4, 5);
  opt.writeUInt16BE(dnssec ? 0x8000 : 0, 7);
  return opt;
}

function formatError(message: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(RESPONSE | (message.readUInt16BE(2) & ECHOED) | RCODES.FORMERR, 2);
  return header;
}
