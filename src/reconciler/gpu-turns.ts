import type { Clock } from '../clock.ts';
import type { Engine, GpuDevice } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Standing } from './assess.ts';
import type { Feed } from './feed.ts';
import {
  type Allotment,
  allot,
  type GpuBook,
  type GpuClaim,
  type GpuHolding,
  type GpuQuestion,
  gpuClaims,
  gpusGiven,
  isGiven,
} from './gpus.ts';
import { type DesiredState, isUp, type Wish } from './wish.ts';

/** What handing out GPUs stands on. */
export interface GpuParts {
  readonly gpus: GpuBook;
  readonly desired: Pick<DesiredState, 'list'>;
  /** The GPUs that a host hands out; none where it is not in the settings. */
  readonly gpuDevices: (host: string) => readonly GpuDevice[];
}

/** Who asks for GPUs, and where. */
export interface GpuAsker {
  readonly key: GroupKey;
  readonly host: string;
  readonly claims: readonly GpuClaim[];
  /** That of the host: what runs there holds its devices, too. */
  readonly engine: Engine;
}

/** The GPUs of a group as its newest revision has them. */
export interface GpuShare {
  /** Container -> ids. */
  readonly given: Readonly<Record<string, readonly string[]>>;
  readonly complete: boolean;
}

/** Hands GPUs out for good: from here on the group holds them, whatever becomes of the bot. */
export async function takeGpus(parts: GpuParts, asker: GpuAsker, signal: AbortSignal): Promise<Allotment> {
  const question = await questionOf(parts, asker, signal);
  return parts.gpus.take(asker.host, asker.key, (held) => allot(question(held)));
}

/** What would be handed out now; changes nothing. */
export async function lookForGpus(parts: GpuParts, asker: GpuAsker, signal: AbortSignal): Promise<Allotment> {
  const question = await questionOf(parts, asker, signal);
  return allot(question(await parts.gpus.held(asker.host)));
}

/** What is to be decided, once it is known what is held. */
async function questionOf(
  { desired, gpuDevices }: GpuParts,
  { key, host, claims, engine }: GpuAsker,
  signal: AbortSignal,
): Promise<(held: readonly GpuHolding[]) => GpuQuestion> {
  const [wishes, seen] = await Promise.all([desired.list(), heldOnEngine(engine, signal)]);
  const devices = gpuDevices(host);
  return (books) => {
    const held = withSeen(books, seen);
    const line = waitingAt(wishes, host, held);
    const place = line.findIndex((wish) => wish.key === key);
    const ahead = line
      .slice(0, place < 0 ? line.length : place)
      .map(({ revision }) => gpuClaims(revision.group));
    return { key, claims, devices, ahead, held };
  };
}

/** Those that wait for a GPU of their host, who has waited longest first. */
export function waitingAt(wishes: readonly Wish[], host: string, held: readonly GpuHolding[]): Wish[] {
  return wishes
    .filter((wish) => {
      const claims = gpuClaims(wish.revision.group);
      const own = held.filter(({ key }) => key === wish.key);
      return wish.host === host && isUp(wish) && !isGiven(claims, gpusGiven(own));
    })
    .toSorted((a, b) => a.revision.acceptedAtMs - b.revision.acceptedAtMs);
}

/** By the labels of what runs: books that were lost do not know of it, and who has a device has it. */
async function heldOnEngine(engine: Engine, signal: AbortSignal): Promise<GpuHolding[]> {
  const groups = [...(await engine.observe(signal)).values()];
  return groups.flatMap(({ key, pods }) =>
    pods
      .filter(({ state }) => state === 'running')
      .flatMap(({ members }) =>
        members.flatMap(({ name, gpus }) => gpus.map((device) => ({ device, key, container: name }))),
      ),
  );
}

function withSeen(held: readonly GpuHolding[], seen: readonly GpuHolding[]): GpuHolding[] {
  const known = new Set(held.map(({ device }) => device));
  return [...held, ...seen.filter(({ device }) => !known.has(device))];
}

/** Longer than this nobody waits for a device that is free: what lets one go wakes those that wait at once. */
const LOOK_AGAIN_MS = 60_000;

export interface GpuTurns {
  /** What a group holds now. Asks no book where nothing is handed out. */
  share(wish: Wish): Promise<GpuShare>;
  /** The group's turn has come, and it holds what it asks for; or it waits, which is told, and is looked at again. */
  come(wish: Wish, engine: Engine, signal: AbortSignal): Promise<boolean>;
  /** No step is left: what the group does not use goes to those that wait. */
  letGo(wish: Wish, standing: Standing): Promise<void>;
}

interface TurnParts extends GpuParts {
  readonly feed: Feed;
  readonly clock: Clock;
  readonly wake: (key: GroupKey) => void;
  readonly wakeAfter: (key: GroupKey, ms: number) => void;
}

/** Hands out GPUs in turn. */
export function createGpuTurns(parts: TurnParts): GpuTurns {
  /** What a group was told last, so that it is told once. */
  const told = new Map<GroupKey, string>();
  return {
    async share({ key, host, revision, wanted }) {
      const claims = wanted === 'running' ? gpuClaims(revision.group) : [];
      if (!claims.length && !parts.gpuDevices(host).length) return { given: {}, complete: true };
      const held = await parts.gpus.held(host);
      const given = gpusGiven(held.filter((each) => each.key === key));
      return { given, complete: isGiven(claims, given) };
    },
    async come(wish, engine, signal) {
      const { key, host, revision } = wish;
      const asker = { key, host, engine, claims: gpuClaims(revision.group) };
      const allotment = await takeGpus(parts, asker, signal);
      if (allotment.ok) {
        told.delete(key);
        return true;
      }
      const shortages = allotment.shortages.map(({ sku, wanted, free, ahead }) => ({
        sku,
        wanted,
        free,
        ahead,
      }));
      const words = JSON.stringify([revision.number, shortages]);
      if (told.get(key) !== words)
        parts.feed.tell(key, revision.number, { kind: 'gpu-waits', location: host, shortages });
      told.set(key, words);
      parts.wakeAfter(key, LOOK_AGAIN_MS);
      return false;
    },
    async letGo({ key, host }, { kind }) {
      if (!parts.gpuDevices(host).length || kind === 'unready' || kind === 'waiting') return;
      const ends = kind === 'gone' || kind === 'stopped' || kind === 'finished';
      // With a group that is gone its row of the book has gone, too.
      if (kind !== 'gone' && !(await parts.gpus.release(key, ends ? 'all' : 'surplus'))) return;
      const held = await parts.gpus.held(host);
      for (const waiting of waitingAt(await parts.desired.list(), host, held)) parts.wake(waiting.key);
    },
  };
}
