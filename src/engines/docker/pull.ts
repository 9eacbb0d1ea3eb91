import type { Clock } from '../../clock.ts';
import type { Pod, StepContext, StepResult } from '../index.ts';
import type { Connection } from './connection.ts';
import { everyContainer } from './containers.ts';
import { ensureImage } from './images.ts';
import type { WindowsHost } from './windows.ts';

/** Brings every image of a pod to the host, side by side. */
export async function pullImages(
  parts: {
    readonly connection: Connection;
    readonly clock: Clock;
    readonly architecture: string;
    readonly windows?: WindowsHost | undefined;
  },
  pod: Pod,
  context: StepContext,
): Promise<StepResult> {
  const docker = await parts.connection.call('to pull', async (client) => client, context.signal);
  const images = [...new Set(everyContainer(pod).map((container) => container.image))];
  const found = await Promise.all(
    images.map(async (image) => {
      const { pinned, isNew } = await ensureImage(docker, image, pod.group.imageRegistryCredentials, {
        signal: context.signal,
        report: context.report,
        now: () => parts.clock.now(),
        architecture: parts.architecture,
        windows: parts.windows,
        pinned: pod.images[image],
      });
      return { image, pinned, isNew };
    }),
  );
  return {
    images: Object.fromEntries(found.map(({ image, pinned }) => [image, pinned])),
    pulled: found.flatMap(({ image, isNew }) => (isNew ? [image] : [])),
  };
}
