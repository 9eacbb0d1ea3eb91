import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { type Pack, pack } from 'tar-stream';
import { within } from '../../clock.ts';
import { packageFile } from '../../package.ts';
import type { Container, InitContainer, Volume } from '../../spec/index.ts';
import type { Pod } from '../index.ts';
import { blame } from './causes.ts';
import { deliverConfigMaps } from './config-maps.ts';
import { environmentVolume, sandboxPath, withConfigMap, withSecureEnvironment } from './containers.ts';
import { cloneInto, packFolder } from './git-repository.ts';

/**
 * Delivers the content of secret and gitRepo volumes, of secure environment variables and of config maps through the running
 * sandbox. Nothing passes the engine's API as an option, so nothing of it shows in `docker inspect`.
 * Safe to repeat: the same files are written over themselves.
 */
export async function deliverFiles(
  docker: Docker,
  pod: Pod,
  sandboxId: string,
  architecture: string,
  signal: AbortSignal,
) {
  const sandbox = docker.getContainer(sandboxId);
  const deliver = (archive: Pack, volume: string) =>
    within(signal, sandbox.putArchive(Readable.from(archive), { path: sandboxPath(volume) }));
  const deliveries = pod.group.volumes.map(async (volume) => {
    if (volume.secret) await deliver(secretArchive(volume.secret), volume.name);
    if (volume.gitRepo) await deliverRepository(volume, deliver, signal);
  });
  const environments = withSecureEnvironment(pod).map(async (container) =>
    deliver(await environmentArchive(container, architecture), environmentVolume(container.name)),
  );
  await Promise.all([...deliveries, ...environments, deliverConfigMaps(docker, pod, sandboxId, signal)]);
}

/** Whether a pod has anything to deliver at all. */
export function hasFiles(pod: Pod): boolean {
  return (
    pod.group.volumes.some((volume) => volume.secret || volume.gitRepo) ||
    withSecureEnvironment(pod).length > 0 ||
    withConfigMap(pod).length > 0
  );
}

function secretArchive(files: NonNullable<Volume['secret']>): Pack {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name, mode: 0o444 }, Buffer.from(content.reveal(), 'base64'));
  }
  archive.finalize();
  return archive;
}

async function environmentArchive(container: Container | InitContainer, architecture: string): Promise<Pack> {
  const archive = pack();
  archive.entry({ name: 'enter', mode: 0o555 }, await enterProgram(architecture));
  const entries = container.environmentVariables.flatMap((entry) =>
    entry.secureValue ? [`${entry.name}=${entry.secureValue.reveal()}\0`] : [],
  );
  archive.entry({ name: 'environment', mode: 0o444 }, Buffer.from(entries.join('')));
  archive.finalize();
  return archive;
}

/** The static program that reads the environment file and becomes the container's own (source: enter/enter.c). */
function enterProgram(architecture: string): Promise<Buffer> {
  const file = architecture === 'aarch64' || architecture === 'arm64' ? 'aarch64' : 'x86_64';
  return readFile(packageFile('src/engines/docker/enter', file));
}

async function deliverRepository(
  volume: Volume,
  deliver: (archive: Pack, volume: string) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  if (!volume.gitRepo) return;
  const folder = await mkdtemp(join(tmpdir(), 'katabot-git-'));
  try {
    await cloneInto(folder, volume.gitRepo, signal);
    await deliver(packFolder(folder), volume.name);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw blame(error, `the volume ${volume.name}`, { volume: volume.name });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
