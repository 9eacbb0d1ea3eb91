import type { Clock } from '../clock.ts';
import { type Engine, type LogLine, lineMask } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { type DesiredState, type LogArchive, maskOf, type Wish } from '../reconciler/index.ts';
import type { Batch } from './batch.ts';
import { createSieve, cursorsAfter, resumeAtMs } from './cursors.ts';
import { gathered } from './gather.ts';
import { labelsOf } from './labels.ts';
import type { LogTarget } from './target.ts';

/** How far the lines of a group are shipped. Kept until nothing of the group is left to be shipped. */
export interface Shipped {
  readonly key: GroupKey;
  readonly location: string;
  /** What its lines are labelled with, for those that are left when it is gone. */
  readonly labels: Readonly<Record<string, string>>;
  readonly cursors: Readonly<Record<string, string>>;
}

/** The book of what was shipped. Every method has written to disk when it resolves. */
export interface ShippingBook {
  all(): Promise<Shipped[]>;
  put(shipped: Shipped): Promise<void>;
  remove(key: GroupKey): Promise<void>;
}

export interface GroupParts {
  readonly desired: Pick<DesiredState, 'list' | 'revisions'>;
  readonly archive: Pick<LogArchive, 'logs'>;
  readonly book: ShippingBook;
  readonly clock: Clock;
  /** Takes a batch to the target; throws when it is to be tried again. */
  readonly send: (target: LogTarget, batch: Batch, signal: AbortSignal) => Promise<void>;
}

/**
 * Ships what a group prints from where it was left, and goes on until the log ends, its wish changes, or sending fails. What was
 * kept of removed containers goes first; then what the engine has.
 */
export async function shipGroup(
  parts: GroupParts,
  { wish, engine, target }: { readonly wish: Wish; readonly engine: Engine; readonly target: LogTarget },
  signal: AbortSignal,
): Promise<void> {
  const { desired, archive, book, clock, send } = parts;
  const { key, location, revision } = wish;
  const labels = labelsOf(wish);
  const before = (await book.all()).find((each) => each.key === key)?.cursors ?? {};
  await book.put({ key, location, labels, cursors: before }); // what it leaves behind is shipped as well
  const newest = await newestOf(desired, key);
  const mask = lineMask(await maskOf(desired, key));
  const { initContainers, containers } = revision.group;
  const sinceMs = resumeAtMs(
    before,
    [...initContainers, ...containers].map(({ name }) => name),
  );
  const reading = new AbortController();
  const lines = fresh(before, async function* () {
    yield* await keptLines(archive, key);
    const request = { key, follow: true, whole: true, ...(sinceMs === undefined ? {} : { sinceMs }) };
    for await (const line of engine.logs(request, AbortSignal.any([signal, reading.signal])))
      yield mask(line);
  });
  let cursors = before;
  try {
    for await (const batch of gathered(lines, clock)) {
      signal.throwIfAborted();
      // What a newer revision prints, also one that is only tried beside the one that serves, may hold a secret that this mask
      // does not know: all of it is read anew with the next one.
      if ((await newestOf(desired, key)) !== newest) return;
      await send(target, { labels, lines: batch }, signal);
      cursors = cursorsAfter(cursors, batch);
      await book.put({ key, location, labels, cursors });
    }
  } finally {
    reading.abort(new Error('nobody reads on'));
  }
}

/** The number of the revision that was accepted last, whatever has become of it. */
async function newestOf(
  desired: Pick<DesiredState, 'revisions'>,
  key: GroupKey,
): Promise<number | undefined> {
  return (await desired.revisions(key, 1))[0]?.number;
}

/** Ships what was kept of a group that is gone, and forgets it. */
export async function shipRest(
  { archive, book, clock, send }: GroupParts,
  { key, location, labels, cursors: before }: Shipped,
  target: LogTarget | undefined,
  signal: AbortSignal,
): Promise<void> {
  let cursors = before;
  const lines = fresh(before, async function* () {
    yield* await keptLines(archive, key);
  });
  if (target) {
    for await (const batch of gathered(lines, clock)) {
      await send(target, { labels, lines: batch }, signal);
      cursors = cursorsAfter(cursors, batch);
      await book.put({ key, location, labels, cursors });
    }
  }
  await book.remove(key);
}

async function* fresh(
  before: Shipped['cursors'],
  lines: () => AsyncGenerator<LogLine>,
): AsyncGenerator<LogLine> {
  const sieve = createSieve(before);
  for await (const line of lines()) {
    const taken = sieve.take(line);
    if (taken) yield taken;
  }
}

/** Secrets are masked in them already. */
async function keptLines(archive: Pick<LogArchive, 'logs'>, key: GroupKey): Promise<LogLine[]> {
  const kept = await archive.logs(key);
  return kept.flatMap(({ lines, revision }) => lines.map((line) => ({ ...line, revision })));
}
