import { lookup } from 'node:dns/promises';
import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import type { Pod } from '../index.ts';
import { removeContainer } from './gone.ts';
import { LABEL, podId } from './labels.ts';
import { shareFailure } from './mount-causes.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import {
  mountHelper,
  type Share,
  type ShareSettings,
  shareOptions,
  sharesFolder,
  sharesOf,
  unmountHelper,
} from './shares.ts';

interface Mounting {
  readonly owner: string;
  readonly image: string;
  readonly engineFolder: string;
  readonly shares: ShareSettings;
}

/**
 * Mounts the file shares of a pod on its host, before anything of the pod runs. What is mounted already stays as it is, so
 * that this may be repeated. Throws a Failure that names the volume: `share-refused`, `share-unreachable`, `share-unsupported`,
 * `volume-missing` or `volume-failed`.
 */
export async function mountShares(
  docker: Docker,
  pod: Pod,
  { owner, image, engineFolder, shares }: Mounting,
  signal: AbortSignal,
): Promise<void> {
  if (shares.mountedBy !== 'helper') return;
  const place = {
    owner,
    image,
    folder: sharesFolder(engineFolder),
    pod: podId(owner, pod.key, pod.podRevision),
  };
  await Promise.all(
    sharesOf(pod, shares.servers).map(async (share) => {
      const volume = pod.group.volumes.find(({ name }) => name === share.volume);
      const key = volume?.azureFile?.storageAccountKey?.reveal() ?? '';
      const options = shareOptions(share, await addressOf(share), key);
      const code = await runHelper(docker, mountHelper(place, share), options, signal);
      if (code !== 0) throw shareFailure(share, code);
    }),
  );
}

/** Unmounts what a pod that has no containers any more has left mounted, as its volumes tell. */
export async function unmountShares(
  docker: Docker,
  owner: string,
  pod: string,
  volumes: readonly { readonly Labels: Readonly<Record<string, string>> | null }[],
  signal: AbortSignal,
): Promise<void> {
  const names = volumes.flatMap(({ Labels }) => Labels?.[LABEL.share] ?? []);
  if (!names.length) return;
  const { Architecture, DockerRootDir } = await docker.info();
  const image = await ensureSandboxImage(docker, Architecture);
  const place = { owner, pod, image, folder: sharesFolder(DockerRootDir) };
  const code = await runHelper(docker, unmountHelper(place, names), '', signal);
  if (code === 0) return;
  throw new Failure('volume-failed', `A file share could not be unmounted (error ${code}).`, {
    advice: `Whoever runs the host looks at ${place.folder}/${pod}: it is removed when nothing is mounted there and nothing lies in it. It is tried again by itself.`,
  });
}

/** The kernel takes an address; the name is looked up here. */
async function addressOf(share: Share): Promise<string> {
  try {
    return (await lookup(share.server)).address;
  } catch (error) {
    throw new Failure('share-unreachable', `There is no address for ${share.server}: ${messageOf(error)}.`, {
      advice:
        'Check storageAccountName; a server of your own is named in the settings: locations.NAME.shares.',
      cause: error,
      about: { volume: share.volume },
    });
  }
}

/** Runs a helper to its end and gives its exit code: 0, or the kernel's number of the error. Nothing of it stays. */
async function runHelper(
  docker: Docker,
  options: ReturnType<typeof mountHelper>,
  input: string,
  signal: AbortSignal,
): Promise<number> {
  await removeContainer(docker, options.name); // of a mount that was cut short
  const container = await docker.createContainer(options);
  try {
    const stdin = await container.attach({ stream: true, stdin: true, hijack: true });
    const ended = container.wait({ condition: 'next-exit' });
    await within(signal, container.start());
    stdin.end(input);
    const { StatusCode } = await within(signal, ended);
    return StatusCode;
  } finally {
    await removeContainer(docker, options.name);
  }
}
