import { HEADER_BYTES, RESPONSE, TYPES } from './wire.ts';

/** A question, as far as an authoritative server has to understand one. */
export interface DnsQuery {
  readonly id: number;
  readonly flags: number;
  readonly opcode: number;
  /** In lower case. */
  readonly name: string;
  /** Name, type and class as they came: the answer repeats them to the letter. */
  readonly question: Buffer;
  readonly type: number;
  readonly class: number;
  readonly edns: { readonly version: number; readonly size: number; readonly dnssec: boolean } | undefined;
}

/** `drop`: nobody is to be answered. `malformed`: it is no question, and may be told so. */
export type Read = DnsQuery | 'drop' | 'malformed';

const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
const MOST_EXTRAS = 4;

/** Reads a message that came from anybody. Never throws, and never reads a byte twice. */
export function readQuery(message: Buffer): Read {
  if (message.length < HEADER_BYTES) return 'drop';
  const flags = message.readUInt16BE(2);
  if (flags & RESPONSE) return 'drop'; // an answer to an answer could go on for ever
  const [questions, answers, authorities, extras] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (extras ?? 0) > MOST_EXTRAS)
    return 'malformed';
  const name = nameAt(message, HEADER_BYTES);
  if (!name || name.end + 4 > message.length) return 'malformed';
  const edns = ednsIn(message, name.end + 4, extras ?? 0);
  if (edns === 'malformed') return 'malformed';
  return {
    id: message.readUInt16BE(0),
    flags,
    opcode: (flags >> 11) & 15,
    name: name.text,
    question: message.subarray(HEADER_BYTES, name.end + 4),
    type: message.readUInt16BE(name.end),
    class: message.readUInt16BE(name.end + 2),
    edns,
  };
}

/** A name without pointers: in a question there is nothing to point to. */
function nameAt(message: Buffer, start: number): { text: string; end: number } | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > LONGEST_LABEL) return undefined;
    at += 1 + length;
    if (at > message.length || at - start > LONGEST_NAME) return undefined;
    if (length === 0) break;
  }
  return { text: textOf(message, start, at), end: at };
}

/** A dot within a label, or a byte that is no letter, becomes something that no name of the zone holds. */
function textOf(message: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end - 1; ) {
    const next = at + 1 + (message[at] ?? 0);
    if (text) text += '.';
    for (at++; at < next; at++) {
      const byte = message[at] ?? 0;
      text += byte === 0x2e ? '\0' : String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
    }
  }
  return text;
}

function ednsIn(message: Buffer, start: number, extras: number): DnsQuery['edns'] | 'malformed' {
  let at = start;
  let edns: DnsQuery['edns'];
  for (let count = 0; count < extras; count++) {
    const name = nameAt(message, at);
    if (!name || name.end + 10 > message.length) return 'malformed';
    const type = message.readUInt16BE(name.end);
    at = name.end + 10 + message.readUInt16BE(name.end + 8);
    if (at > message.length) return 'malformed';
    if (type !== TYPES.OPT) continue;
    if (edns || name.text) return 'malformed';
    const ttl = message.readUInt32BE(name.end + 4);
    const size = message.readUInt16BE(name.end + 2);
    edns = { version: (ttl >> 16) & 255, size, dnssec: (ttl & 0x8000) !== 0 };
  }
  return edns;
}
