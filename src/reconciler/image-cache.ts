import type { Clock } from '../clock.ts';
import type { Engine, StoredImage } from '../engines/index.ts';
import { Failure, messageOf } from '../failure.ts';
import { createGate, type Gate } from './image-gate.ts';
import { imagesToDrop, type OwnImage, type Wanted } from './images.ts';
import { createQueue } from './queue.ts';
import type { DesiredState } from './wish.ts';

/** The book of the images that this bot has pulled, by host. Every method has written to disk when it resolves. */
export interface ImageBook {
  /** Was not on the host before; `name` is how it was asked for. */
  pulled(host: string, id: string, name: string, atMs: number): Promise<void>;
  /** Of those that are in the book, these were used. */
  used(host: string, ids: readonly string[], atMs: number): Promise<void>;
  all(host: string): Promise<OwnImage[]>;
  forget(host: string, id: string): Promise<void>;
}

export interface ImageCacheParts {
  readonly book: ImageBook;
  readonly desired: Pick<DesiredState, 'list' | 'revisions'>;
  /** The hosts whose images are kept under a size, in bytes. */
  readonly limits: ReadonlyMap<string, number>;
  readonly clock: Clock;
  /** Hears what was removed, and what stood in the way. */
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => void;
}

/** Keeps the images of hosts under a size, by removing what nobody needs. */
export interface ImageCache {
  /** The engine of a host, with its pulls written down, and none while an image is removed. */
  guard(host: string, engine: Engine): Engine;
  /** Looks now, and then again and again. */
  start(): void;
  /** Looks at one host now. */
  look(host: string): Promise<void>;
  close(): Promise<void>;
}

/** Hosts at once. */
const WORKERS = 4;
const LOOK_EVERY_MS = 10 * 60_000;
/** Several groups may pull at once: one look after them. */
const LOOK_AFTER_PULL_MS = 30_000;
const LOOK_LIMIT_MS = 120_000;
/** To how many earlier revisions a group can go back without a registry. */
const KEPT_REVISIONS = 5;

export function createImageCache(parts: ImageCacheParts): ImageCache {
  const { book, limits, clock, reportInternal } = parts;
  const closing = new AbortController();
  const gates = new Map<string, Gate>();
  const engines = new Map<string, Engine>();
  const gateOf = (host: string) => {
    const gate = gates.get(host) ?? createGate();
    gates.set(host, gate);
    return gate;
  };
  const queue = createQueue<string>({
    clock,
    workers: WORKERS,
    async run(host) {
      const engine = engines.get(host);
      if (!engine) return;
      await tidy(parts, { host, engine, gate: gateOf(host) }, closing.signal).catch((error: unknown) => {
        if (!closing.signal.aborted) parts.tell({ host }, `images cannot be looked at: ${messageOf(error)}`);
      });
      queue.addAfter(host, LOOK_EVERY_MS);
    },
  });
  return {
    async look(host) {
      queue.add(host);
      await queue.idle();
    },
    guard(host, engine) {
      engines.set(host, engine);
      return {
        ...engine,
        async apply(step, context) {
          if (step.kind !== 'pull') return engine.apply(step, context);
          return gateOf(host).enter(async () => {
            const result = await engine.apply(step, context);
            await notePull(book, host, result, clock.now()).catch(reportInternal);
            if (limits.has(host)) queue.addAfter(host, LOOK_AFTER_PULL_MS);
            return result;
          });
        },
      };
    },
    start() {
      for (const host of limits.keys()) queue.add(host);
    },
    async close() {
      closing.abort(new Error('the bot is stopping'));
      await queue.close();
    },
  };
}

async function notePull(
  book: ImageBook,
  host: string,
  {
    images = {},
    pulled = [],
  }: { readonly images?: Record<string, string>; readonly pulled?: readonly string[] },
  nowMs: number,
): Promise<void> {
  for (const name of pulled) {
    const id = images[name];
    if (id !== undefined) await book.pulled(host, id, name, nowMs);
  }
  await book.used(host, Object.values(images), nowMs);
}

interface Place {
  readonly host: string;
  readonly engine: Engine;
  readonly gate: Gate;
}

/** One look at a host: what is too much goes, image by image. Whenever somebody has pulled meanwhile it is decided anew. */
async function tidy(
  parts: ImageCacheParts,
  { host, engine, gate }: Place,
  closing: AbortSignal,
): Promise<void> {
  const { book, clock, limits, tell } = parts;
  const signal = AbortSignal.any([closing, AbortSignal.timeout(LOOK_LIMIT_MS)]);
  const store = await engine.storedImages(signal);
  for (const { id } of await book.all(host))
    if (!store.images.some((image) => image.id === id)) await book.forget(host, id); // somebody else has removed it
  const keepUnderBytes = limits.get(host) ?? Number.POSITIVE_INFINITY;
  const decide = async () => {
    const wanted = await wantedOn(parts.desired, host);
    await book.used(host, [...wanted.ids], clock.now());
    return imagesToDrop({ store, own: await book.all(host), wanted, keepUnderBytes, nowMs: clock.now() });
  };
  let entered = gate.entered();
  const first = await decide();
  let goes = idsOf(first);
  for (const image of first) {
    const about = { host, image: nameOf(image) };
    const drop = async () => {
      if (entered !== gate.entered()) [entered, goes] = [gate.entered(), idsOf(await decide())];
      if (!goes.has(image.id)) return false;
      if (!(await engine.dropImage(image, signal))) return false;
      await book.forget(host, image.id);
      return true;
    };
    const isGone = await gate.whileNobodyIsIn(drop).catch((error: unknown) => {
      if (concernsAll(error) || signal.aborted) throw error;
      tell(about, `image cannot be removed: ${messageOf(error)}`);
      return false;
    });
    if (isGone) tell({ ...about, bytes: image.sizeBytes - image.sharedBytes }, 'image removed');
  }
}

/** Of an image that an engine will not remove the next one knows nothing. */
function concernsAll(error: unknown): boolean {
  return !(error instanceof Failure) || error.code === 'engine-unreachable';
}

function idsOf(images: readonly StoredImage[]): ReadonlySet<string> {
  return new Set(images.map(({ id }) => id));
}

/** What the groups of a host have, and what they may go back to. */
async function wantedOn(desired: ImageCacheParts['desired'], host: string): Promise<Wanted> {
  const wishes = (await desired.list()).filter((wish) => wish.host === host);
  const earlier = await Promise.all(wishes.map(({ key }) => desired.revisions(key, KEPT_REVISIONS)));
  // Of what was tried beside it and given up there may be so many that the one that serves is none of the last.
  const now = wishes.flatMap(({ revision, beside }) => [revision, ...(beside ? [beside.revision] : [])]);
  const revisions = [...now, ...earlier.flat()];
  const named = revisions.flatMap(({ group }) =>
    [...group.initContainers, ...group.containers].map(({ image }) => image),
  );
  return {
    ids: new Set(revisions.flatMap(({ images }) => Object.values(images ?? {}))),
    names: new Set(named),
  };
}

function nameOf({ id, tags, digests }: StoredImage): string {
  return tags[0] ?? digests[0] ?? id;
}
