import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { ImageStore, StoredImage } from '../stored-images.ts';
import { statusOf } from './causes.ts';
import type { Connection } from './connection.ts';

/** What `GET /system/df` says of images; sizes that an engine does not know are -1. */
interface DiskUsage {
  readonly LayersSize?: number;
  readonly Images?:
    | readonly {
        readonly Id: string;
        readonly RepoTags?: readonly string[] | null;
        readonly RepoDigests?: readonly string[] | null;
        readonly Size: number;
        readonly SharedSize?: number;
        readonly Containers?: number;
      }[]
    | null;
}

/** Asks the engine what its images take; may take seconds on a host that has much. Throws a Failure `engine-unreachable`. */
export async function storedImages(connection: Connection, signal: AbortSignal): Promise<ImageStore> {
  return imageStoreFrom(await connection.call('to measure its images', diskUsage, signal));
}

/** Of images alone, which spares a newer engine measuring volumes; dockerode has no word for that. */
function diskUsage(docker: Docker): Promise<DiskUsage> {
  const { promise, resolve, reject } = Promise.withResolvers<DiskUsage>();
  const options = {
    path: '/system/df?',
    method: 'GET',
    options: { type: 'image' },
    statusCodes: { 200: true },
  };
  docker.modem.dial(options, (error: unknown, usage: unknown) =>
    error ? reject(error) : resolve(usage as DiskUsage),
  );
  return promise;
}

/** Pure. */
export function imageStoreFrom({ LayersSize = 0, Images }: DiskUsage): ImageStore {
  const named = (names: readonly string[] | null | undefined) =>
    (names ?? []).filter((name) => !name.includes('<none>'));
  return {
    totalBytes: Math.max(0, LayersSize),
    images: (Images ?? []).map(({ Id, RepoTags, RepoDigests, Size, SharedSize = 0, Containers = 0 }) => ({
      id: Id,
      tags: named(RepoTags),
      digests: named(RepoDigests),
      sizeBytes: Size,
      sharedBytes: Math.max(0, SharedSize),
      containers: Math.max(0, Containers),
    })),
  };
}

/** Removes an image by the names that are known, never by force. Gives false when it is in use by then, or has got another name. */
export async function dropImage(
  connection: Connection,
  { id, tags }: StoredImage,
  signal: AbortSignal,
): Promise<boolean> {
  const drop = async (docker: Docker) => {
    for (const name of tags.length ? tags : [id]) {
      try {
        await within(signal, docker.getImage(name).remove());
      } catch (error) {
        if (statusOf(error) === 409) return false;
        if (statusOf(error) !== 404) throw error;
      }
    }
    return isGone(docker, id, signal); // what has one more name has only lost these
  };
  return connection.call('to remove an image', drop, signal);
}

async function isGone(docker: Docker, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await within(signal, docker.getImage(id).inspect());
    return false;
  } catch (error) {
    if (statusOf(error) === 404) return true;
    throw error;
  }
}
