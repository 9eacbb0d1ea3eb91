import type { ImageStore, StoredImage } from '../engines/index.ts';

/** An image that this bot has pulled, and that was not on the host before. */
export interface OwnImage {
  readonly id: string;
  /** The names that it was asked for by. */
  readonly names: readonly string[];
  /** When a group had it last, epoch ms. */
  readonly usedAtMs: number;
}

/** What groups of a host have or may go back to: ids, and names of what may not be pinned yet. */
export interface Wanted {
  readonly ids: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

/** Between a pull and the container that needs it nobody else shows that it is needed. */
const RESTING_MS = 60 * 60_000;

/**
 * The images that go so that the rest takes less than the limit, those first that were used longest ago. Never one that
 * somebody else brought or has given a name, that has a container, or that a group may need. Pure.
 */
export function imagesToDrop({
  store,
  own,
  wanted,
  keepUnderBytes,
  nowMs,
}: {
  readonly store: ImageStore;
  readonly own: readonly OwnImage[];
  readonly wanted: Wanted;
  readonly keepUnderBytes: number;
  readonly nowMs: number;
}): StoredImage[] {
  const books = new Map(own.map((each) => [each.id, each]));
  let bytes = cacheBytes(store, own);
  const droppable = store.images
    .flatMap((image) => {
      const book = books.get(image.id);
      return book && isDroppable(image, book, wanted, nowMs) ? [{ image, book }] : [];
    })
    .toSorted((a, b) => a.book.usedAtMs - b.book.usedAtMs || (a.image.id < b.image.id ? -1 : 1));
  const dropped: StoredImage[] = [];
  for (const { image } of droppable) {
    if (bytes <= keepUnderBytes) break;
    bytes -= alone(image);
    dropped.push(image);
  }
  return dropped;
}

/** What the bot's own images take: all layers, but for those that only images of others have. Pure. */
export function cacheBytes({ images, totalBytes }: ImageStore, own: readonly Pick<OwnImage, 'id'>[]): number {
  const ids = new Set(own.map(({ id }) => id));
  const foreign = images.filter(({ id }) => !ids.has(id));
  return Math.max(0, totalBytes - foreign.reduce((sum, image) => sum + alone(image), 0));
}

function alone({ sizeBytes, sharedBytes }: StoredImage): number {
  return sizeBytes - sharedBytes;
}

function isDroppable(image: StoredImage, book: OwnImage, wanted: Wanted, nowMs: number): boolean {
  const names = [...image.tags, ...image.digests];
  return (
    image.containers === 0 &&
    book.usedAtMs < nowMs - RESTING_MS &&
    !wanted.ids.has(image.id) &&
    !names.some((name) => isWanted(name, wanted)) &&
    image.tags.every((tag) => book.names.some((name) => isSame(tag, name)))
  );
}

function isWanted(name: string, { ids, names }: Wanted): boolean {
  return ids.has(name) || names.values().some((each) => isSame(name, each));
}

/** `nginx`, `docker.io/library/nginx` and `nginx:latest` are one name. */
function isSame(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(name: string): string {
  const short = name.replace(/^(docker\.io\/)?(library\/)?/, '');
  return /[:@][^/]*$/.test(short) ? short : `${short}:latest`;
}
