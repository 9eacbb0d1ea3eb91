import type { Published } from '../engines/index.ts';
import type { Event, GroupKey } from '../event.ts';
import type { Allocation, Decide } from '../network/index.ts';
import type { Group } from '../spec/index.ts';

/** What should run: the newest accepted revision of a group, or that the group should be gone. */
export interface Wish {
  readonly key: GroupKey;
  readonly wanted: 'running' | 'stopped' | 'deleted';
  readonly location: string;
  /** The machine of the location that the group is on, for as long as it is there; '' while it waits for room. */
  readonly host: string;
  readonly repository: string;
  readonly revision: Revision;
  /** Which network of its host the group has. Kept until the group is gone. */
  readonly slot: number;
  readonly address: string;
  readonly subnet: string;
  /** Every port at every address of the group; the first address is `address`. */
  readonly published: readonly Published[];
  /** '' for a group without a DNS label. */
  readonly fqdn: string;
  /** Whether the revision has reached its end (running, or finished) once, and how. */
  readonly settled: Settled | null;
  /** Members that started before this (engine's time, epoch ms) are to be started anew; 0 for none. */
  readonly restartBeforeMs: number;
  /** When the group goes by itself, epoch ms; null: never. */
  readonly expiresAtMs: number | null;
  /** Who asked for the deletion; '' while the group is wanted. */
  readonly deletedBy: string;
  /**
   * Since when a group waits for room, epoch ms; absent for any other. One that has its host already is stopped until then, so
   * that it takes none before.
   */
  readonly waitsSinceMs?: number;
  /** Absent for a group that has one place only. */
  readonly beside?: Beside;
}

/** A second place of a group on its host: the next revision is tried there while this one serves. */
export interface Beside extends Omit<Spot, 'host'> {
  /** What is tried there, or what was there last. */
  readonly revision: Revision;
  /** False where all that is there is to go. */
  readonly isTried: boolean;
  /** What has been replaced goes on until then, for those who were told its address a moment ago; epoch ms. */
  readonly staysUntilMs: number;
}

/** The revision that is tried beside the one that serves, as the wish that it would be; undefined for none. */
export function triedOf({ beside, ...wish }: Wish): Wish | undefined {
  if (!beside?.isTried) return undefined;
  const { isTried: _, staysUntilMs: __, ...there } = beside;
  return { ...wish, ...there, settled: null, restartBeforeMs: 0 };
}

export type Settled = 'Running' | 'Succeeded' | 'Failed' | 'Stopped';

/** One accepted spec of a group: immutable, numbered from 1. */
export interface Revision {
  readonly number: number;
  readonly commit: string;
  readonly path: string;
  readonly group: Group;
  /** Image as written -> what it was pinned to; null until the images were on the host. */
  readonly images: Readonly<Record<string, string>> | null;
  readonly acceptedBy: string;
  readonly acceptedAtMs: number;
  readonly reason: string;
  /** The revision that this one goes back to; 0 for none. */
  readonly rollbackOf: number;
  /** How it went; null while that is open. */
  readonly settled: Settled | null;
}

export interface WishDraft
  extends Omit<Wish, 'wanted' | 'revision' | 'settled' | 'deletedBy' | 'restartBeforeMs' | 'beside'> {
  readonly revision: Omit<Revision, 'number' | 'images' | 'settled' | 'reason' | 'rollbackOf'> & {
    readonly reason?: string;
    readonly rollbackOf?: number;
  };
  /** The new revision's number is larger than this one, whatever the books say (what the engine shows counts too). */
  readonly after: number;
  /** Its place is the group's second one: it is tried there, and the wish stays what it is until it is promoted. */
  readonly isTrial?: boolean;
}

/** Where a group is: its host, and what it has of it. */
export type Spot = Pick<Wish, 'host' | 'slot' | 'subnet' | 'address' | 'published'>;

/** Whether something of it runs, or is to: it takes room and devices. What has ended by itself does not. */
export function isUp({ wanted, settled }: Pick<Wish, 'wanted' | 'settled'>): boolean {
  return wanted === 'running' && settled !== 'Succeeded' && settled !== 'Failed';
}

/** Whether a group waits for room: for that of any host, or for that of the host that it is on. */
export function waitsForRoom({
  wanted,
  host,
  waitsSinceMs,
}: Pick<Wish, 'wanted' | 'host' | 'waitsSinceMs'>): boolean {
  return host ? wanted === 'stopped' && waitsSinceMs !== undefined : wanted === 'running';
}

/** What may be changed of a wish without a new revision. */
export interface WishChange {
  readonly wanted?: 'running' | 'stopped';
  /** Of a group that is to wait for room, stopped where it has its host; a `wanted` without it ends the waiting. */
  readonly waitsSinceMs?: number;
  readonly restartBeforeMs?: number;
  readonly expiresAtMs?: number | null;
}

/** The book of wishes. Every method has written to disk when it resolves. */
export interface DesiredState {
  get(key: GroupKey): Promise<Wish | undefined>;
  list(): Promise<Wish[]>;
  /**
   * Accepts a revision: numbers it, and makes it the wish. A group that was being deleted is wanted again, and what was tried
   * beside it is to go. One that is to be tried beside the wish itself is given as the wish that it would be.
   */
  put(draft: WishDraft): Promise<Wish>;
  /**
   * What was tried becomes the wish, at its place, and has reached its end; what served before is at the second place, and
   * stays there until the time that is given. Gives false when it is tried no more.
   */
  promote(
    key: GroupKey,
    revision: number,
    end: { readonly settled: Settled; readonly staysUntilMs: number },
  ): Promise<boolean>;
  /** What was tried has failed, and is to go. Gives false when it is tried no more. */
  abandon(key: GroupKey, revision: number): Promise<boolean>;
  /** Nothing is left at the second place: gives it back, unless something is to be tried there again. */
  vacate(key: GroupKey): Promise<void>;
  /** Adds what was learnt of a revision; gives false when it was known already. */
  note(
    key: GroupKey,
    revision: number,
    learnt: { images: Record<string, string> } | { settled: Settled },
  ): Promise<boolean>;
  /** Changes what is wanted of a group that is there. Gives false when it was so already, or was to be `from` and is not. */
  change(key: GroupKey, change: WishChange, from?: 'running' | 'stopped'): Promise<boolean>;
  /** Puts a group that waits for room on a host. Gives false when it does not wait any more, is not wanted, or waits for another revision. */
  assign(key: GroupKey, revision: number, spot: Spot): Promise<boolean>;
  /** Gives the group, or its second place (`besideKey`), another address, in one transaction with the book of addresses. */
  move(host: string, key: GroupKey, decide: Decide): Promise<Allocation>;
  /** Every revision of a group, newest first, also of one that is gone. */
  revisions(key: GroupKey, last?: number): Promise<Revision[]>;
  /** The group should be gone. Gives false when it was not wanted anyway. */
  unwish(key: GroupKey, by: string): Promise<boolean>;
  /**
   * Nothing is left of the group: drops the wish and frees its name, address and label. Revisions and bills stay.
   * Gives false, and drops nothing, when the group is wanted again.
   */
  forget(key: GroupKey): Promise<boolean>;
}

/** One run of a container that has ended; (pod, container, start) makes it unique. Times are the engine's. */
export interface Run {
  readonly key: GroupKey;
  readonly podId: string;
  readonly container: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** What the liveness probe was told for which the bot ended the run; '' for a run that ended otherwise. */
  readonly unhealthy: string;
}

/** The book of runs: restart counts, back-off and previous states are read from it. */
export interface RunBook {
  /** Gives false when the run was known. */
  record(run: Run): Promise<boolean>;
  runs(key: GroupKey): Promise<Run[]>;
  /** Those of many groups in one look. */
  runsOf(keys: readonly GroupKey[]): Promise<Run[]>;
}

/** The book of events, append-only. */
export interface EventBook {
  append(events: readonly Event[]): Promise<void>;
  /** Oldest first. */
  events(filter: { group?: GroupKey; sinceMs?: number; last?: number }): Promise<Event[]>;
}

/** Which hosts take no new groups. */
export interface DrainBook {
  all(): Promise<readonly { readonly host: string; readonly by: string; readonly atMs: number }[]>;
  /** Both give false when it was so already. */
  drain(host: string, by: string, atMs: number): Promise<boolean>;
  undrain(host: string): Promise<boolean>;
}
