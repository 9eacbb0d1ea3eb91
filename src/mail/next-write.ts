/** How important a write is; acknowledgements first, decoration last. */
const IMPORTANCE = ['acknowledgement', 'safety', 'result', 'progress', 'decoration'] as const;
export type Importance = (typeof IMPORTANCE)[number];

/** Throws for a word that names none: a database of a newer bot. */
export function importanceNamed(word: string): Importance {
  const found = IMPORTANCE.find((each) => each === word);
  if (!found) throw new Error(`there is no importance ${word}`);
  return found;
}

/** A write that waits, without its content. */
export interface WaitingWrite {
  readonly key: string;
  readonly importance: Importance;
  /** Whether sending it makes something new, such as a comment that notifies people. */
  readonly creates: boolean;
  /** Since when it waits, epoch ms. */
  readonly sinceMs: number;
  /** Not before; after a failure of its own. */
  readonly nextAtMs: number;
  /** When an earlier content of the key was sent; 0 for never. */
  readonly sentAtMs: number;
  /** Where it makes something new; '' when that does not matter. */
  readonly place: string;
}

/** A write that was sent; the newest last. */
export interface SentWrite {
  readonly atMs: number;
  readonly creates: boolean;
  readonly place: string;
}

/** What the other side allows. GitHub: 80 creating requests a minute and 500 an hour, 180 writes a minute in all. */
export interface Budget {
  readonly writesPerMinute: number;
  readonly createsPerMinute: number;
  readonly createsPerHour: number;
  /** How much of each is kept for acknowledgements: a share such as 0.2. */
  readonly reserve: number;
  /** The least between two contents of one key that only tell progress. */
  readonly progressEveryMs: number;
  /** Edits a minute, where they are counted by themselves. */
  readonly editsPerMinute?: number;
  /** The least between two new things in one place. */
  readonly placeEveryMs?: number;
}

const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What to do now: send a write, wait, or nothing at all. Pure. */
export function nextWrite(
  waiting: readonly WaitingWrite[],
  sent: readonly SentWrite[],
  budget: Budget,
  nowMs: number,
): { readonly send: WaitingWrite } | { readonly waitMs: number } | undefined {
  const inOrder = waiting.toSorted(
    (a, b) =>
      IMPORTANCE.indexOf(a.importance) - IMPORTANCE.indexOf(b.importance) ||
      a.sinceMs - b.sinceMs ||
      (a.key < b.key ? -1 : 1),
  );
  const roomAt = roomIn(sent, budget);
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const write of inOrder) {
    const atMs = Math.max(write.nextAtMs, spacedAt(write, budget), roomAt(write));
    if (atMs <= nowMs) return { send: write };
    soonestMs = Math.min(soonestMs, atMs);
  }
  return inOrder.length ? { waitMs: soonestMs - nowMs } : undefined;
}

function spacedAt({ importance, sentAtMs }: WaitingWrite, { progressEveryMs }: Budget): number {
  return importance === 'progress' || importance === 'decoration' ? sentAtMs + progressEveryMs : 0;
}

/** When the budgets have room for a write; looked up once for all that are alike. */
function roomIn(sent: readonly SentWrite[], budget: Budget): (write: WaitingWrite) => number {
  const known = new Map<string, number>();
  return (write) => {
    const kind = `${write.importance === 'acknowledgement'} ${write.creates} ${write.place}`;
    const atMs = known.get(kind) ?? allowedAt(write, sent, budget);
    known.set(kind, atMs);
    return atMs;
  };
}

/** When the budgets have room for it: as soon as enough of what was sent lies behind. */
function allowedAt(
  { importance, creates, place }: WaitingWrite,
  sent: readonly SentWrite[],
  budget: Budget,
): number {
  const share = importance === 'acknowledgement' ? 1 : 1 - budget.reserve;
  const room = (most: number) => Math.max(1, Math.floor(most * share));
  const created = sent.filter((each) => each.creates);
  const { editsPerMinute = Number.POSITIVE_INFINITY, placeEveryMs = 0 } = budget;
  const edited = sent.filter((each) => !each.creates);
  const there = place ? created.filter((each) => each.place === place) : [];
  return Math.max(
    freeAt(sent, room(budget.writesPerMinute), MINUTE_MS),
    creates ? freeAt(created, room(budget.createsPerMinute), MINUTE_MS) : 0,
    creates ? freeAt(created, room(budget.createsPerHour), HOUR_MS) : 0,
    creates ? freeAt(there, 1, placeEveryMs) : freeAt(edited, room(editsPerMinute), MINUTE_MS),
  );
}

/** With `most` in any span of `spanMs`, the next may go once the one that is `most` back has left the span. */
function freeAt(sent: readonly SentWrite[], most: number, spanMs: number): number {
  const blocking = sent.at(-most);
  return blocking ? blocking.atMs + spanMs : 0;
}
