import { once } from 'node:events';
import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import { removeContainer, unlessGoing } from './gone.ts';
import { LABEL, ownedBy } from './labels.ts';
import { ended } from './programs.ts';
import { unlessThere } from './removal.ts';
import { DIAL_PATH } from './sandbox-image.ts';

/** Nobody listens there: whoever is reached says so at once. */
const CLOSED_PORT = '1';
/** Linux: connection refused. */
const REFUSED = 111;
/** How long a packet may take that should not come. */
const SILENCE_MS = 2_000;

interface Looking {
  readonly docker: Docker;
  readonly owner: string;
  readonly image: string;
  readonly clock: Clock;
  /** Two networks that no group has. */
  readonly subnets: readonly [string, string];
}

/**
 * Whether the host keeps networks apart: from a new network a packet is sent to the sandbox of a group in another one. Rules of a
 * firewall can be read and misread; a packet arrives or does not. Nothing of the look stays. Throws when it could not be made.
 */
export async function areApart(looking: Looking, signal: AbortSignal): Promise<boolean> {
  const { docker, owner, subnets } = looking;
  // Told apart by their ranges: a host may be looked at for two locations at once.
  const [near = '', far = ''] = subnets.map((subnet) => `${owner}.look.${subnet.replace('/', '-')}`);
  const tidy = async () => {
    await Promise.all([near, far].map((name) => removeContainer(docker, name)));
    await Promise.all([near, far].map((name) => unlessGoing(docker.getNetwork(name).remove())));
  };
  await tidy(); // of a look that was cut short
  try {
    const target = (await oldestGroup(looking)) ?? (await startTarget(looking, far, signal));
    // From inside it is reached: the look sees what is there.
    if ((await codeInside(looking, target, signal)) !== REFUSED)
      throw new Error(`the sandbox at ${target.address} does not reach itself`);
    await makeNetwork(looking, near, subnets[0]);
    const stranger = await docker.createContainer(madeOf(looking, near, target.address));
    await within(signal, stranger.start());
    return (await endOf(stranger, signal)) !== REFUSED;
  } finally {
    await tidy();
  }
}

interface Target {
  readonly id: string;
  readonly address: string;
}

/** Rules get lost for all networks that were there at that time, so the oldest one tells; new ones bring their own rules. */
async function oldestGroup({ docker, owner }: Looking): Promise<Target | undefined> {
  const label = [...ownedBy(owner).label, `${LABEL.role}=sandbox`];
  const sandboxes = await docker.listContainers({ filters: { label, status: ['running'] } });
  const targets = sandboxes
    .toSorted((one, other) => one.Created - other.Created)
    .map(({ Id, NetworkSettings }) => ({
      id: Id,
      address: Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '',
    }));
  return targets.find(({ address }) => address);
}

async function startTarget(looking: Looking, name: string, signal: AbortSignal): Promise<Target> {
  await makeNetwork(looking, name, looking.subnets[1]);
  const container = await looking.docker.createContainer(madeOf(looking, name));
  await within(signal, container.start());
  const { NetworkSettings } = await container.inspect();
  return { id: container.id, address: NetworkSettings.Networks[name]?.IPAddress ?? '' };
}

async function codeInside(
  { docker, clock }: Looking,
  { id, address }: Target,
  signal: AbortSignal,
): Promise<number> {
  const Cmd = [DIAL_PATH, address, CLOSED_PORT];
  const exec = await docker.getContainer(id).exec({ Cmd, AttachStdin: true, AttachStdout: true });
  const socket = await exec.start({ hijack: true, stdin: true });
  socket.on('error', () => {}).resume(); // the exit code tells
  try {
    await within(signal, once(socket, 'end'));
    return await ended(clock, signal, () => exec.inspect());
  } finally {
    socket.destroy();
  }
}

async function makeNetwork({ docker, owner }: Looking, name: string, subnet: string): Promise<void> {
  const IPAM = { Driver: 'default', Config: [{ Subnet: subnet }] };
  const Labels = { [LABEL.look]: owner };
  await unlessThere(
    docker.createNetwork({ Name: name, Driver: 'bridge', CheckDuplicate: true, IPAM, Labels }),
  );
}

/** It is called as its network is. */
function madeOf(
  { image, owner }: Looking,
  network: string,
  dials?: string,
): Docker.ContainerCreateOptions & { name: string } {
  return {
    name: network,
    Image: image,
    StopSignal: 'SIGKILL',
    Labels: { [LABEL.look]: owner },
    ...(dials === undefined ? {} : { Entrypoint: [DIAL_PATH, dials, CLOSED_PORT] }),
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}

/** How its program ended; undefined for one that goes on hearing nothing. */
async function endOf(container: Docker.Container, signal: AbortSignal): Promise<number | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]);
  try {
    const { StatusCode } = await within(limit, container.wait());
    return StatusCode;
  } catch (error) {
    if (limit.aborted && !signal.aborted) return undefined;
    throw error;
  }
}
