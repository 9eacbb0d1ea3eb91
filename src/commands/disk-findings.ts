import type { Survey } from '../engines/index.ts';
import { cacheBytes } from '../reconciler/index.ts';
import { type Finding, fine, warning } from './finding.ts';
import type { Host } from './ground.ts';

// Pure: what is left of a host's disk, and what its images take of it.

/** As much of what was seen of a host as this is about. */
interface DiskSeen {
  readonly host: Pick<Host, 'name' | 'location' | 'keepImagesUnderBytes'>;
  readonly survey: Pick<Survey, 'machine' | 'images'>;
  /** Ids of the images that this bot has pulled there. */
  readonly ownImages?: readonly { readonly id: string }[];
}

const LEAST_FREE_BYTES = 2 * 2 ** 30;
const LEAST_FREE_PART = 0.1;

/** Nothing where it could not be seen. */
export function diskFindings(seen: DiskSeen): Finding[] {
  return [...freeFindings(seen), ...imageFindings(seen)];
}

function freeFindings({ host, survey: { machine } }: DiskSeen): Finding[] {
  if (typeof machine === 'string' || !machine.disk) return [];
  const { freeBytes, totalBytes } = machine.disk;
  const text = `${gb(freeBytes)} of ${gb(totalBytes)} disk free`;
  if (freeBytes >= LEAST_FREE_BYTES && freeBytes >= totalBytes * LEAST_FREE_PART)
    return [fine(host.name, text)];
  return [warning(host.name, text, `Free space before pulls fail${limitAdvice(host)}.`)];
}

function limitAdvice({ location, keepImagesUnderBytes }: DiskSeen['host']): string {
  return keepImagesUnderBytes === undefined
    ? `, or let the bot remove what it has pulled and nobody needs: locations.${location}.images.keepUnderGB`
    : '';
}

function imageFindings({ host, survey: { images }, ownImages = [] }: DiskSeen): Finding[] {
  if (!images) return [];
  const ownBytes = cacheBytes(images, ownImages);
  const pulled = images.images.filter(({ id }) => ownImages.some((own) => own.id === id)).length;
  const text = `images take ${gb(images.totalBytes)}, the ${pulled} that the bot has pulled ${gb(ownBytes)}`;
  const limit = host.keepImagesUnderBytes;
  if (limit === undefined) return [fine(host.name, text)];
  if (ownBytes <= limit) return [fine(host.name, `${text}, kept under ${gb(limit)}`)];
  return [
    warning(
      host.name,
      `${text}, more than ${gb(limit)}`,
      `What is left is needed, or was used within the last hour. Allow more: locations.${host.location}.images.keepUnderGB`,
    ),
  ];
}

function gb(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
