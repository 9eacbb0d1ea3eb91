/** What tests leave on an engine, and how it goes. */
import type Docker from 'dockerode';

/** Bots of tests and of the bench call themselves `test-...`; nothing else on a shared engine is touched. */
export const TEST_OWNER_PREFIX = 'test-';

/** Of what belongs to a group, and of sandboxes that wait for one. */
const OWNER_LABELS = ['katabot.owner', 'katabot.standby'];

type Labels = Record<string, string> | null | undefined;

export async function removeTestLeftovers(docker: Docker): Promise<void> {
  const isOurs = (labels: Labels) =>
    OWNER_LABELS.some((label) => labels?.[label]?.startsWith(TEST_OWNER_PREFIX));
  await removeContainersAndNetworks(docker, isOurs);
  const { Volumes } = await docker.listVolumes();
  await Promise.allSettled(
    (Volumes ?? []).filter(({ Labels }) => isOurs(Labels)).map(({ Name }) => docker.getVolume(Name).remove()),
  );
}

/** Everything that is wanted goes, and one that resists does not save the others. */
export async function removeContainersAndNetworks(
  docker: Docker,
  isWanted: (labels: Labels) => boolean = () => true,
): Promise<void> {
  const containers = (await docker.listContainers({ all: true })).filter(({ Labels }) => isWanted(Labels));
  await Promise.allSettled(
    containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
  );
  const networks = (await docker.listNetworks()).filter(
    ({ Name, Labels }) => !['bridge', 'host', 'none'].includes(Name) && isWanted(Labels),
  );
  await Promise.allSettled(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
}
