import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { askServer, textsAt } from './dns-ask.ts';
import { withPort } from './ranges.ts';
import { isSigned, signed, type TsigKey, tsigErrorOf } from './tsig.ts';
import { CLASSES, HEADER_BYTES, TYPES, uint16, wireName } from './wire.ts';
import { encodedRecord, type ZoneRecord } from './zone.ts';

/** What an outside name server was told of each group; asked before it is told again. */
export interface NameBook {
  get(key: GroupKey): Promise<Told | undefined>;
  put(key: GroupKey, told: Told): Promise<void>;
  remove(key: GroupKey): Promise<void>;
}

export interface Told {
  readonly fqdn: string;
  readonly records: readonly ZoneRecord[];
}

export interface UpdateParts {
  readonly server: { readonly host: string; readonly port: number };
  readonly zone: string;
  readonly key: TsigKey;
  /** Tells this bot's names from another bot's in the same zone. */
  readonly owner: string;
  readonly book: NameBook;
  readonly clock: Clock;
}

/** A zone on a name server of somebody else, changed with RFC 2136. */
export interface OutsideZone {
  /**
   * The name server says these records of the name. Throws a Failure `dns-name-taken` for a name that somebody else has in
   * the zone, `dns-refused`, `dns-unreachable`.
   */
  publish(key: GroupKey, told: Told): Promise<void>;
  withdraw(key: GroupKey): Promise<void>;
  /** Changes nothing; throws the Failure that a change would end in. */
  check(): Promise<void>;
}

const RCODE = { REFUSED: 5, YXDOMAIN: 6, NXRRSET: 8 } as const;
const RCODES: Readonly<Record<number, string>> = {
  1: 'it does not understand the message',
  2: 'it has failed itself',
  4: 'it takes no updates',
  [RCODE.REFUSED]: 'it lets neither this key nor this address change that',
  9: 'it is not the primary server of the zone',
  10: 'a name lies outside of the zone',
};
/** What a server says of the signature, beside its answer (RFC 8945). */
const TSIG_ERRORS: Readonly<Record<number, string>> = {
  16: 'the secret of the key is another one there',
  17: 'it knows no such key, or none that may change that',
  18: 'its clock and the bot’s are more than five minutes apart',
};
/** A name that no group can have, at which there is nothing to take away. */
const NOBODY = '_katabot-check';

/**
 * Every name that the bot makes comes with a TXT record that is the bot's own mark. A name is changed only on the condition that
 * the mark is there, and made only on the condition that the name is not: two bots never have one name, however they race.
 */
export function createOutsideZone(parts: UpdateParts): OutsideZone {
  const { book, owner } = parts;
  const erase = async (told: Told) => {
    const mark = markOf(told, owner);
    const gone = namesOf([mark, ...told.records]);
    await update(parts, [hasRecord(mark)], gone.map(withoutRecords), [RCODE.NXRRSET]);
  };
  return {
    async publish(key, told) {
      const before = await book.get(key);
      if (before && JSON.stringify(before) === JSON.stringify(told)) return;
      const { fqdn, records } = told;
      // Written before it is done: what was begun is taken back, whatever happens in between.
      if (before && before.fqdn !== fqdn) await erase(before);
      const old = before?.fqdn === fqdn ? before.records : [];
      await book.put(key, { fqdn, records: [...old, ...records] });
      const mark = markOf(told, owner);
      const all = [mark, ...records];
      const changes = [...namesOf([...all, ...old]).map(withoutRecords), ...all.map(added)];
      const known = await update(parts, [hasRecord(mark)], changes, [RCODE.NXRRSET]);
      const free = [...new Set([fqdn, mark.name])].map(isFree);
      const isTaken = known && (await update(parts, free, changes, [RCODE.YXDOMAIN]));
      if (isTaken && (await replaceMarkedText(parts, fqdn, mark, changes))) {
        await book.remove(key);
        throw nameTaken(fqdn, parts.zone);
      }
      await book.put(key, told);
    },
    async withdraw(key) {
      const told = await book.get(key);
      if (!told) return;
      await erase(told);
      await book.remove(key);
    },
    // Whether a key may change anything is only looked at where there is something to change.
    check: async () => void (await update(parts, [], [withoutTexts(`${NOBODY}.${parts.zone}`)], [])),
  };
}

/**
 * A condition on a record is met when nothing else of its type is at the name (RFC 2136, 2.4.2). Where the bot says a text, its
 * mark stands beside it. Pure.
 */
function markOf({ fqdn, records }: Told, owner: string): ZoneRecord {
  const isText = records.some(({ name, type }) => type === 'TXT' && name === fqdn);
  return { name: isText ? `_katabot.${fqdn}` : fqdn, type: 'TXT', data: `katabot=${owner}` };
}

/**
 * The bot once kept the mark of a text at the text's own name, where no condition on one record is met: such a set is its own, and
 * is replaced while it is the very one that was read. Gives 0 when it was.
 */
async function replaceMarkedText(
  parts: UpdateParts,
  fqdn: string,
  mark: ZoneRecord,
  changes: readonly Buffer[],
): Promise<number> {
  if (mark.name === fqdn) return RCODE.YXDOMAIN;
  const found = await textsAt(parts, fqdn);
  if (!found.some(({ data }) => data === mark.data)) return RCODE.YXDOMAIN;
  const conditions = [...found.map(hasRecord), isFree(mark.name)];
  return update(parts, conditions, changes, [RCODE.NXRRSET, RCODE.YXDOMAIN]);
}

function nameTaken(fqdn: string, zone: string): Failure {
  return new Failure('dns-name-taken', `The name ${fqdn} exists in the zone ${zone} and is not this bot’s.`, {
    advice: 'Choose another label, or have the records removed from the zone.',
  });
}

function namesOf(records: readonly ZoneRecord[]): string[] {
  return [...new Set(records.map(({ name }) => name))];
}

function entry(name: string, type: number, recordClass: number): Buffer {
  const rest = [uint16(type), uint16(recordClass), Buffer.alloc(4), uint16(0)];
  return Buffer.concat([wireName(name), ...rest]);
}

function isFree(name: string): Buffer {
  return entry(name, TYPES.ANY, CLASSES.NONE);
}

function withoutRecords(name: string): Buffer {
  return entry(name, TYPES.ANY, CLASSES.ANY);
}

function withoutTexts(name: string): Buffer {
  return entry(name, TYPES.TXT, CLASSES.ANY);
}

function added(record: ZoneRecord): Buffer {
  return Buffer.concat([wireName(record.name), encodedRecord(record)]);
}

/** A condition names the record with its data and no time to live. */
function hasRecord(record: ZoneRecord): Buffer {
  const body = Buffer.from(encodedRecord(record));
  body.writeUInt32BE(0, 4);
  return Buffer.concat([wireName(record.name), body]);
}

/** Sends one update. Gives 0 when it was done, or one of the answers that are `expected`. */
async function update(
  { server, zone, key, clock }: UpdateParts,
  conditions: readonly Buffer[],
  changes: readonly Buffer[],
  expected: readonly number[],
): Promise<number> {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(randomInt(65_536), 0);
  header.writeUInt16BE(5 << 11, 2);
  for (const [at, count] of [
    [4, 1],
    [6, conditions.length],
    [8, changes.length],
  ] as const)
    header.writeUInt16BE(count, at);
  const question = Buffer.concat([wireName(zone), uint16(TYPES.SOA), uint16(CLASSES.IN)]);
  const { message, mac } = signed(
    Buffer.concat([header, question, ...conditions, ...changes]),
    key,
    clock.now(),
  );
  const answer = await askServer({ server, clock }, message);
  const code = answer.readUInt16BE(2) & 15;
  const own = isSigned(answer, key, mac);
  if (own && (code === 0 || expected.includes(code))) return code;
  throw refused(withPort(server.host, server.port), zone, reasonOf(code, tsigErrorOf(answer, key), own));
}

/** Why an update was not made. Words that nobody has signed may be told all the same: nothing comes of them. Pure. */
function reasonOf(code: number, tsigError: number, own: boolean): string {
  const ofSignature = TSIG_ERRORS[tsigError];
  if (ofSignature) return ofSignature;
  // PowerDNS says no more of a signature that it does not believe.
  if (code === RCODE.REFUSED && !own)
    return 'it knows no such key, or another secret of it, or its clock and the bot’s are apart';
  const ofUpdate = RCODES[code];
  if (ofUpdate) return ofUpdate;
  return own ? `its code is ${code}` : 'its answer is not signed with the key';
}

function refused(where: string, zone: string, why: string): Failure {
  return new Failure('dns-refused', `The name server ${where} does not change the zone ${zone}: ${why}.`, {
    advice:
      'Compare dns.update in the settings with the key and the rules of the zone there; compare the clocks, too.',
  });
}
