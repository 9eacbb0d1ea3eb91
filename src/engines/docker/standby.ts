import type Docker from 'dockerode';
import { Failure } from '../../failure.ts';
import { type Group, readGroup } from '../../spec/index.ts';
import {
  classText,
  type Isolation,
  type ObservedStandby,
  type Pod,
  type SizeClass,
  type Standby,
  type StandbyHost,
  standbyKey,
} from '../index.ts';
import { adoptionIn } from './adopted.ts';
import { statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { sandboxOptions } from './containers.ts';
import { removeContainer, unlessGoing } from './gone.ts';
import { LABEL, podId } from './labels.ts';
import { networkOptions } from './networks.ts';
import { publishedIn } from './observe.ts';
import type { Proof } from './proof.ts';
import { removeIfUnused, unlessThere } from './removal.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import type { Traits } from './traits.ts';

// Sandboxes that wait: made, looked at, taken over, removed.

interface StandbyParts {
  readonly connection: Connection;
  readonly settings: {
    readonly owner: string;
    readonly runtime: string;
    readonly isolation: Isolation;
  };
  readonly proof: Proof;
}

/** What making containers needs to know of the host. */
interface Host {
  readonly architecture: string;
  readonly kernel: string;
  readonly traits: Traits;
}

/** As for the sandbox of a group. */
const START_LIMIT_MS = 150_000;

/** See `StandbyHost`. `hostOf` describes the host, once. */
export function createStandbyHost(
  parts: StandbyParts,
  hostOf: (signal: AbortSignal) => Promise<Host>,
): StandbyHost {
  const { connection, settings, proof } = parts;
  return {
    list: (signal) =>
      connection.call(
        'to list the sandboxes that wait',
        async (docker) =>
          (await look(docker, settings.owner)).map((each) => ({
            ...each,
            ready:
              each.state === 'running' &&
              (settings.isolation === 'none' || proof.receiptOf(each.sandboxId) !== undefined),
          })),
        signal,
      ),
    async prepare(standby, signal) {
      const host = await hostOf(signal);
      const make = async (docker: Docker) => {
        const sandboxId = await makeSandbox(docker, settings, standby, host);
        await proof.ofGroup(docker, host, podOfStandby(standby), sandboxId, signal);
      };
      try {
        await connection.call('to make a sandbox that waits', make, signal, START_LIMIT_MS);
      } catch (error) {
        if (error instanceof Failure && error.code === 'isolation-missing')
          await connection.call(
            'to remove it',
            (docker) => removeStandby(docker, settings.owner, standby.id),
            signal,
          );
        throw error;
      }
    },
    discard: (id, signal) =>
      connection.call(
        'to remove a sandbox that waits',
        (docker) => discard(docker, settings.owner, id),
        signal,
      ),
  };
}

/** A pod without anything in it. Revisions of groups begin with 1, so its objects are called like nobody else's. Pure. */
export function podOfStandby({ id, size, subnet, published }: Standby): Pod {
  return {
    key: standbyKey(id),
    revision: 0,
    podRevision: 0,
    group: groupOfClass(size),
    origin: { repository: '', commit: '', path: '' },
    fingerprint: '',
    memberFingerprints: {},
    address: published[0]?.address ?? '',
    published,
    subnet,
    gpus: {},
    images: {},
  };
}

/** The smallest group of that size. */
function groupOfClass({ vcpuMilli, memoryGbTenths, ports }: SizeClass): Group {
  const requests = { cpu: vcpuMilli / 1000, memoryInGB: memoryGbTenths / 10 };
  const places = ports.map((port) => ({ port, protocol: 'TCP' }));
  const { group } = readGroup(
    JSON.stringify({
      apiVersion: '2023-05-01',
      name: 'standby',
      properties: {
        osType: 'Linux',
        containers: [{ name: 'none', properties: { image: 'none', ports: places, resources: { requests } } }],
        ...(ports.length ? { ipAddress: { type: 'Public', ports: places } } : {}),
      },
    }),
  );
  if (!group) throw new Error(`no group is of the class ${vcpuMilli} ${memoryGbTenths}`);
  return group;
}

/** What the engine is asked for. Pure. */
export function standbyOptions(
  owner: string,
  standby: Standby,
  settings: Parameters<typeof sandboxOptions>[2],
): Docker.ContainerCreateOptions & { name: string } {
  return { ...sandboxOptions(owner, podOfStandby(standby), settings), Labels: labelsOf(owner, standby) };
}

function labelsOf(owner: string, { id, size, subnet, published }: Standby): Record<string, string> {
  return {
    [LABEL.standby]: owner,
    [LABEL.standbyId]: id,
    [LABEL.size]: classText(size),
    [LABEL.pod]: nameOf(owner, id),
    [LABEL.subnet]: subnet,
    [LABEL.address]: published[0]?.address ?? '',
  };
}

/** Of its network; that of the sandbox begins with it. */
function nameOf(owner: string, id: string): string {
  return podId(owner, standbyKey(id), 0);
}

async function makeSandbox(
  docker: Docker,
  { owner, runtime }: StandbyParts['settings'],
  standby: Standby,
  { architecture, traits }: Host,
): Promise<string> {
  const image = await ensureSandboxImage(docker, architecture);
  const network = { ...networkOptions(owner, podOfStandby(standby)), Labels: labelsOf(owner, standby) };
  await unlessThere(docker.createNetwork(network));
  const options = standbyOptions(owner, standby, { image, runtime, traits });
  await unlessThere(docker.createContainer(options));
  const container = docker.getContainer(options.name);
  await unlessThere(container.start());
  return (await container.inspect()).Id;
}

type Seen = Omit<ObservedStandby, 'ready'>;

async function look(docker: Docker, owner: string): Promise<Seen[]> {
  const filters = { label: [`${LABEL.standby}=${owner}`] };
  const [containers, networks] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
  ]);
  const inspected = await Promise.all(
    containers.map(({ Id }) =>
      docker
        .getContainer(Id)
        .inspect()
        .catch((error: unknown) => {
          if (statusOf(error) === 404) return undefined;
          throw error;
        }),
    ),
  );
  return standbysFrom(
    owner,
    inspected.filter((each) => each !== undefined),
    networks,
  );
}

/** From the engine's answers. Pure. */
export function standbysFrom(
  owner: string,
  containers: readonly Docker.ContainerInspectInfo[],
  networks: readonly { readonly Labels?: Record<string, string> | undefined }[],
): Seen[] {
  const seen = containers.map((container): Seen => {
    const { Config, HostConfig, State } = container;
    const adoption = adoptionIn(owner, container.Name);
    const ended = Date.parse(State.FinishedAt);
    return {
      ...labelled(Config.Labels),
      sandboxId: container.Id,
      published: publishedIn(HostConfig.PortBindings),
      state: State.Running ? 'running' : 'exited',
      createdAtMs: Date.parse(container.Created),
      ...(State.Running || !(ended > 0) ? {} : { finishedAtMs: ended }),
      ...(adoption ? { adopted: { key: adoption.key, atMs: adoption.atMs } } : {}),
    };
  });
  const known = new Set(seen.map(({ id }) => id));
  const left = networks
    .map(({ Labels = {} }) => labelled(Labels))
    .filter(({ id }) => !known.has(id))
    .map((each) => ({ ...each, sandboxId: '', published: [], state: 'absent' as const, createdAtMs: 0 }));
  return [...seen, ...left];
}

function labelled(labels: Record<string, string>): Pick<Seen, 'id' | 'size' | 'subnet'> {
  return {
    id: labels[LABEL.standbyId] ?? '',
    size: labels[LABEL.size] ?? '',
    subnet: labels[LABEL.subnet] ?? '',
  };
}

/** By its name, which it no longer has once a group has taken it over. */
async function discard(docker: Docker, owner: string, id: string): Promise<void> {
  const name = `${nameOf(owner, id)}.sandbox`;
  const [running] = await docker.listContainers({ filters: { name: [`^/${name.replaceAll('.', '\\.')}$`] } });
  if (running) return unlessGoing(docker.getContainer(name).kill());
  await removeStandby(docker, owner, id);
}

/** Whatever it does; what a group has taken over has another name. */
export async function removeStandby(docker: Docker, owner: string, id: string): Promise<void> {
  const name = nameOf(owner, id);
  await removeContainer(docker, `${name}.look`);
  await removeContainer(docker, `${name}.sandbox`);
  await removeIfUnused(docker, { Id: name, Name: name });
}
