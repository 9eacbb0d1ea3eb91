import {
  bytesOfClass,
  classFrom,
  classText,
  type ObservedStandby,
  type SizeClass,
  type StandbyWish,
} from '../engines/index.ts';

/** What is known of one host when its sandboxes that wait are looked after. */
export interface StandbySight {
  /** Nothing where the host is drained, or the settings ask for none. */
  readonly wanted: readonly StandbyWish[];
  readonly seen: readonly ObservedStandby[];
  /** Ids that have a network and addresses in the books. */
  readonly placed: ReadonlySet<string>;
  /** Networks that the books know as those of groups, also of such as are still to come up. */
  readonly taken: ReadonlySet<string>;
  /** Memory of the host that no group was promised. */
  readonly freeBytes: number;
  /** What the host puts around each sandbox. */
  readonly overheadBytes: number;
  /** A group waits for room at the location. */
  readonly groupWaits: boolean;
}

/** One step that may be repeated without harm. */
export type StandbyStep =
  | { readonly kind: 'discard'; readonly id: string }
  /** A place in the books of which nothing was made. */
  | { readonly kind: 'release'; readonly id: string }
  /** One that is there and not ready, because the bot that made it has ended. */
  | { readonly kind: 'prepare'; readonly found: ObservedStandby }
  | { readonly kind: 'make'; readonly size: SizeClass };

/** The one step that brings the pool of a host nearer to its wish, and why it is not full where nothing can be done. Pure. */
export function nextStandbyStep(sight: StandbySight): { readonly step?: StandbyStep; readonly why: string } {
  const { seen, placed, taken } = sight;
  const waiting = seen.filter(({ adopted }) => !adopted);
  const own = waiting.filter(({ id }) => placed.has(id));
  const wrong =
    // One whose network is a group's is about to be taken over; a network alone only keeps that group from making its own.
    waiting.find(({ id, subnet, state }) => !placed.has(id) && (state === 'absent' || !taken.has(subnet))) ??
    own.find(({ state }) => state !== 'running') ??
    surplus(sight, own);
  if (wrong) return { step: { kind: 'discard', id: wrong.id }, why: '' };
  const unmade = [...placed].find((id) => !waiting.some((each) => each.id === id));
  if (unmade !== undefined) return { step: { kind: 'release', id: unmade }, why: '' };
  const found = own.find(({ ready }) => !ready);
  if (found) return { step: { kind: 'prepare', found }, why: '' };
  const missing = sight.wanted.find(({ size, count }) => ofClass(own, size).length < count);
  if (!missing) return { why: '' };
  if (sight.groupWaits) return { why: 'a group waits for room' };
  const neededBytes = bytesOfClass(missing.size) + sight.overheadBytes;
  if (neededBytes > sight.freeBytes - bytesOf(own, sight)) return { why: 'no memory is left' };
  return { step: { kind: 'make', size: missing.size }, why: '' };
}

/** One that is of no class, or more than its class asks for, or in memory that a group was promised. */
function surplus(sight: StandbySight, own: readonly ObservedStandby[]): ObservedStandby | undefined {
  const counts = new Map(sight.wanted.map(({ size, count }) => [classText(size), count]));
  const byClass = Map.groupBy(own, ({ size }) => size);
  for (const [size, all] of byClass) if (all.length > (counts.get(size) ?? 0)) return all.at(-1);
  return bytesOf(own, sight) > sight.freeBytes ? own.at(-1) : undefined;
}

function ofClass(own: readonly ObservedStandby[], size: SizeClass): ObservedStandby[] {
  return own.filter((each) => each.size === classText(size));
}

function bytesOf(own: readonly ObservedStandby[], { overheadBytes }: StandbySight): number {
  return own.reduce((sum, { size }) => sum + bytesOfClass(classFrom(size)) + overheadBytes, 0);
}
