import type Docker from 'dockerode';
import type { StepContext } from '../index.ts';
import { adoptedSandboxes } from './adopted.ts';
import { statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { removeContainer, unlessGone } from './gone.ts';
import { isSandbox, LABEL } from './labels.ts';
import { unmountShares } from './share-mounts.ts';

interface RemovalParts {
  readonly connection: Connection;
  readonly settings: { readonly owner: string; readonly stopGraceSeconds: number };
}

export async function removeMembers(
  parts: RemovalParts,
  ids: readonly string[],
  context: StepContext,
): Promise<void> {
  await stopContainers(parts, [ids], context);
  await parts.connection.call(
    'to remove members',
    (docker) => Promise.all(ids.map((id) => removeContainer(docker, id))),
    context.signal,
  );
}

/** SIGTERM, a grace period, then SIGKILL; the containers of one batch side by side, the batches one after another. */
export async function stopContainers(
  { connection, settings }: RemovalParts,
  batches: readonly (readonly string[])[],
  context: StepContext,
): Promise<void> {
  const stop = (docker: Docker, id: string) =>
    unlessGone(unlessThere(docker.getContainer(id).stop({ t: settings.stopGraceSeconds })));
  for (const batch of batches) {
    await connection.call(
      'to stop',
      (docker) => Promise.all(batch.map((id) => stop(docker, id))),
      context.signal,
    );
  }
}

export async function removePod(
  { connection, settings }: RemovalParts,
  id: string,
  context: StepContext,
  { keepVolumes = false }: { keepVolumes?: boolean } = {},
): Promise<void> {
  const filters = { label: [`${LABEL.pod}=${id}`] };
  const remove = async (docker: Docker) => {
    const [made, { adopted, networks: adoptedNetworks }] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      takenOverBy(docker, settings.owner, id),
    ]);
    const containers = [...made, ...adopted];
    await removeNetworksOfWhole(docker, containers, id);
    const removeAll = (some: readonly Docker.ContainerInfo[]) =>
      Promise.all(some.map(({ Id }) => removeContainer(docker, Id)));
    await removeAll(containers.filter(({ Labels }) => !isSandbox(Labels)));
    await removeAll(containers.filter(({ Labels }) => isSandbox(Labels)));
    const [ownNetworks, volumes] = await Promise.all([
      docker.listNetworks({ filters }),
      keepVolumes ? { Volumes: [] } : docker.listVolumes({ filters: JSON.stringify(filters) }),
    ]);
    const networks = [...ownNetworks.map(({ Id }) => Id), ...adoptedNetworks];
    await unmountShares(docker, settings.owner, id, volumes.Volumes ?? [], context.signal);
    await Promise.all([
      ...networks.map((network) => unlessGone(docker.getNetwork(network).remove())),
      ...(volumes.Volumes ?? []).map(({ Name }) => unlessGone(docker.getVolume(Name).remove())),
    ]);
    // One without a network of its own was in one that it joined, maybe as the last.
    if (!networks.length) await removeUnusedNetworks(docker, settings.owner);
  };
  await connection.call('to remove the group', remove, context.signal);
}

/**
 * A Windows engine that is started anew may forget the labels of networks; names stay. The container is the last that tells of
 * such a group, so its network goes first.
 */
async function removeNetworksOfWhole(
  docker: Docker,
  containers: readonly Docker.ContainerInfo[],
  id: string,
): Promise<void> {
  const whole = containers.filter(({ Labels }) => Labels[LABEL.role] === 'whole');
  if (!whole.length) return;
  await Promise.all(whole.map(({ Id }) => unlessGone(unlessThere(docker.getContainer(Id).stop({ t: 0 })))));
  await unlessGone(docker.getNetwork(id).remove());
}

/** The sandbox that a pod has taken over, and the network that it came with. */
async function takenOverBy(docker: Docker, owner: string, id: string) {
  const all = await adoptedSandboxes(docker, owner, { all: true });
  const adopted = all.filter(({ Labels }) => Labels[LABEL.pod] === id);
  return { adopted, networks: adopted.map(({ HostConfig }) => HostConfig.NetworkMode) };
}

/** Of networks that groups joined, those that are the bot's own and empty. */
export async function removeUnusedNetworks(docker: Docker, owner: string): Promise<void> {
  const networks = await docker.listNetworks({ filters: { label: [`${LABEL.network}=${owner}`] } });
  await Promise.all(networks.map((network) => removeIfUnused(docker, network)));
}

/** A container that was made and not started yet is in it by name alone, so the engine itself would not mind. */
export async function removeIfUnused(
  docker: Docker,
  { Id: id, Name: name }: { readonly Id: string; readonly Name: string },
): Promise<boolean> {
  const inside = await docker.listContainers({ all: true, filters: { network: [id, name] } });
  if (inside.length) return false;
  try {
    await docker.getNetwork(id).remove();
  } catch (error) {
    if (statusOf(error) === 403) return false; // somebody was quicker
    if (statusOf(error) !== 404) throw error;
  }
  return true;
}

/** 304: it runs already; 409: it was made before the crash. Either way the work is done. */
export async function unlessThere(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const status = statusOf(error);
    if (status !== 304 && status !== 409) throw error;
  });
}
