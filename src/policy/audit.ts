import { createHash } from 'node:crypto';

/** The book of what was asked of the bot. Rows are added and never changed; each holds the hash of the one before. */
export interface AuditBook {
  append(entry: AuditEntry): Promise<void>;
  /** Oldest first; of more than `last`, the newest. */
  entries(filter: AuditFilter): Promise<AuditRow[]>;
  /** Every row, oldest first, without holding them all. */
  all(): AsyncIterable<AuditRow>;
}

export interface AuditFilter {
  readonly sinceMs?: number;
  readonly caller?: string;
  readonly environment?: string;
  readonly last?: number;
}

/** A command when it was asked, or when it has ended; both have its id. */
export interface AuditEntry {
  readonly atMs: number;
  readonly id: string;
  readonly kind: 'asked' | 'ended';
  readonly caller: string;
  readonly surface: string;
  /** What was said, as it was said. */
  readonly text: string;
  /** `environment/name`, or '' for none or several. */
  readonly group: string;
  readonly environment: string;
  /** `allowed: RULE` or `refused: CODE`. */
  readonly decision: string;
  /** How it ended, such as `done: deployed`; '' when it was asked. */
  readonly effect: string;
  readonly cost: string;
}

export interface AuditRow extends AuditEntry {
  /** From 1, without gaps. */
  readonly number: number;
  /** The hash of the row before; of the first row `BEFORE_THE_FIRST`. */
  readonly previous: string;
  readonly hash: string;
}

export const BEFORE_THE_FIRST = '0'.repeat(64);

/** The row that continues the chain. Tokens that somebody typed into a command are crossed out. Pure. */
export function rowAfter(last: Pick<AuditRow, 'number' | 'hash'> | undefined, entry: AuditEntry): AuditRow {
  const row = {
    ...entry,
    text: withoutSecrets(entry.text),
    number: (last?.number ?? 0) + 1,
    previous: last?.hash ?? BEFORE_THE_FIRST,
  };
  return { ...row, hash: hashOf(row) };
}

const TOKEN = /kata_[A-Za-z0-9_-]{8,}/g;
/** User and password before the host of an address. */
const CREDENTIALS = /(\w:\/\/)[^\s/@]+@/g;
const LONGEST_TEXT = 4_000;

function withoutSecrets(text: string): string {
  const safe = text.replace(TOKEN, 'kata_…').replace(CREDENTIALS, '$1…@');
  return safe.length <= LONGEST_TEXT ? safe : `${safe.slice(0, LONGEST_TEXT - 1)}…`;
}

/** The parts of a row that its hash is made of. Their order is fixed for ever: a hash that was written is never made anew. */
const HASHED = [
  'number',
  'previous',
  'atMs',
  'id',
  'kind',
  'caller',
  'surface',
  'text',
  'group',
  'environment',
  'decision',
  'effect',
  'cost',
] as const satisfies readonly (keyof AuditRow)[];

function hashOf(row: Omit<AuditRow, 'hash'>): string {
  return createHash('sha256')
    .update(JSON.stringify(HASHED.map((name) => row[name])))
    .digest('hex');
}

/** What was found: the whole chain, or the first row at which it is broken. */
export type AuditVerdict =
  | { readonly ok: true; readonly rows: number; readonly head: string }
  | { readonly ok: false; readonly row: number; readonly why: string };

/** Goes through the rows, oldest first, and names the first one that was changed, is missing or was put in. Pure. */
export async function verifyAudit(rows: Iterable<AuditRow> | AsyncIterable<AuditRow>): Promise<AuditVerdict> {
  let before: Link | undefined;
  let last: Link = { number: 0, hash: BEFORE_THE_FIRST };
  for await (const row of rows) {
    const mistake = mistakeIn(row, last, before);
    if (mistake) return { ok: false, ...mistake };
    [before, last] = [last, row];
  }
  return { ok: true, rows: last.number, head: last.hash };
}

type Link = Pick<AuditRow, 'number' | 'hash'>;

/** What is wrong at a row that comes after `last`, which comes after `before`. */
function mistakeIn(
  row: AuditRow,
  last: Link,
  before: Link | undefined,
): { row: number; why: string } | undefined {
  const expected = last.number + 1;
  if (row.number > expected) return { row: expected, why: 'it is missing' };
  if (row.number < expected) return { row: row.number, why: 'it was put in' };
  const [linked, whole] = [row.previous === last.hash, row.hash === hashOf(row)];
  if (linked && whole) return undefined;
  if (linked) return { row: expected, why: 'it was changed' };
  if (row.hash === last.hash)
    return { row: expected, why: 'it was put in: it is the row before it once more' };
  if (row.previous === before?.hash) return { row: last.number, why: 'it was put in' };
  if (!whole) return { row: expected, why: 'it was changed, or what stood before it is missing' };
  if (!before) return { row: expected, why: 'what stood before it is missing' };
  return { row: last.number, why: `it was changed and given a new hash; row ${expected} holds the old one` };
}
