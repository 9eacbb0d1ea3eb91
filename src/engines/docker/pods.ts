import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import { Failure } from '../../failure.ts';
import type { Isolation, NamedNetwork, Pod, StepContext } from '../index.ts';
import { blame, statusOf } from './causes.ts';
import type { Connection } from './connection.ts';
import {
  everyContainer,
  type ImageDefaults,
  memberOptions,
  sandboxOptions,
  sandboxVolumes,
} from './containers.ts';
import { podId } from './labels.ts';
import { addressCause } from './network-causes.ts';
import { ensureNetwork, type Joint, jointOf, lostItsNetwork, type Making } from './networks.ts';
import { withHolder } from './port-holder.ts';
import type { Proof } from './proof.ts';
import { removePod, unlessThere } from './removal.ts';
import { deliverResolver } from './resolver.ts';
import { needsImageUser } from './rights.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import { mountShares } from './share-mounts.ts';
import { AZURE_SHARES, type ShareSettings } from './shares.ts';
import { takeOver } from './take-over.ts';
import type { Traits } from './traits.ts';
import { volumeOptions } from './volume-options.ts';
import { deliverFiles, hasFiles } from './volumes.ts';

interface PodParts {
  readonly connection: Connection;
  readonly settings: {
    readonly owner: string;
    readonly runtime: string;
    readonly isolation: Isolation;
    readonly stopGraceSeconds: number;
    readonly shares?: ShareSettings;
    readonly networks?: readonly NamedNetwork[];
  };
  /** The engine's own folder on the host. */
  readonly engineFolder: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly traits: Traits;
  readonly proof: Proof;
  readonly making: Making;
  readonly clock: Clock;
}

/** A virtual machine may take a minute and a half to come up where others come up as well. */
export const START_LIMIT_MS = 150_000;

/** The sandbox that waits for this pod, or else one that is made for it. */
export async function createSandbox(parts: PodParts, pod: Pod, context: StepContext): Promise<void> {
  const { connection, settings, clock, proof } = parts;
  const take = (docker: Docker) => takeOver(docker, settings, pod, clock.now());
  const sandboxId = await connection.call('the sandbox that waits', take, context.signal, START_LIMIT_MS);
  if (sandboxId === undefined) return makeSandbox(parts, pod, context);
  await context.report({ kind: 'sandbox-started', sandboxId, standby: true });
  const receipt = proof.receiptOf(sandboxId);
  if (receipt) await context.report({ kind: 'isolation', ...receipt });
}

/** Network, volumes and the sandbox itself, started. Finds its own work when it is repeated. */
async function makeSandbox(parts: PodParts, pod: Pod, context: StepContext): Promise<void> {
  const { connection, settings, architecture, traits, engineFolder } = parts;
  const { owner, shares = AZURE_SHARES } = settings;
  const joint = jointOf(owner, pod, settings.networks ?? []);
  const make = async (docker: Docker) => {
    const [image] = await Promise.all([
      ensureSandboxImage(docker, architecture),
      ensureNetwork(docker, { owner, making: parts.making }, pod, joint),
      ...sandboxVolumes(pod).map((volume) =>
        docker.createVolume(volumeOptions(owner, pod, volume, { engineFolder, shares })),
      ),
    ]);
    await mountShares(docker, pod, { owner, image, engineFolder, shares }, context.signal);
    const { runtime, networks = [] } = settings;
    const { dnsConfig } = pod.group;
    const ownResolverFile =
      dnsConfig && (traits.ownKernel || traits.resolverFile !== undefined)
        ? await deliverResolver(docker, owner, pod, { image, dnsConfig })
        : undefined;
    const made = { image, runtime, traits, networks, ownResolverFile };
    const options = sandboxOptions(owner, pod, made);
    return startedIn(docker, { owner, making: parts.making }, pod, joint, options);
  };
  const sandboxId = await orNothing(parts, pod, context, make).catch(async (error: unknown) => {
    throw await withHolder(connection, error);
  });
  await context.report({ kind: 'sandbox-started', sandboxId });
}

/** Makes what stands for a pod; one that could not be made would hold its name and its network for nothing. */
export function orNothing(
  parts: Parameters<typeof removePod>[0],
  pod: Pod,
  context: StepContext,
  make: (docker: Docker) => Promise<string>,
): Promise<string> {
  return parts.connection
    .call('the group’s sandbox', make, context.signal, START_LIMIT_MS)
    .catch(async (error: unknown) => {
      if (!context.signal.aborted && !(error instanceof Failure && error.code === 'engine-unreachable')) {
        await removePod(parts, podId(parts.settings.owner, pod.key, pod.podRevision), context).catch(
          () => {},
        );
      }
      throw error;
    });
}

/** A network goes with the last group in it; where that was in this very moment, it is made once more. */
async function startedIn(
  docker: Docker,
  maker: Parameters<typeof ensureNetwork>[1],
  pod: Pod,
  joint: Joint,
  options: Docker.ContainerCreateOptions & { name: string },
): Promise<string> {
  const start = async () => {
    const sandboxId = await createdOrFound(docker, options);
    await unlessThere(docker.getContainer(sandboxId).start());
    return sandboxId;
  };
  return start()
    .catch(async (error: unknown) => {
      if (!joint.named || !lostItsNetwork(error)) throw error;
      await ensureNetwork(docker, maker, pod, joint);
      return start();
    })
    .catch((error: unknown) => {
      throw addressCause(error, joint, pod.address);
    });
}

/** The id of a container by that name: of the new one, or of the one that was made before a crash. */
export async function createdOrFound(
  docker: Docker,
  options: Docker.ContainerCreateOptions & { name: string },
): Promise<string> {
  try {
    return (await docker.createContainer(options)).id;
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    return (await docker.getContainer(options.name).inspect()).Id;
  }
}

/** Makes what is missing and starts what does not run: files and members side by side, then all starts at once. */
export async function startMembers(
  parts: PodParts,
  { pod, sandboxId }: { pod: Pod; sandboxId: string },
  names: readonly string[],
  context: StepContext,
): Promise<void> {
  const { connection, settings, architecture, traits } = parts;
  await prove(parts, pod, sandboxId, context);
  const start = async (docker: Docker) => {
    const members = everyContainer(pod).filter((container) => names.includes(container.name));
    const [ids] = await Promise.all([
      Promise.all(
        members.map((member) =>
          blamed(member.name, createMember(docker, { ...settings, traits }, pod, member, sandboxId)),
        ),
      ),
      hasFiles(pod) ? deliverFiles(docker, pod, sandboxId, architecture, context.signal) : undefined,
    ]);
    await Promise.all(
      members.map(({ name }, index) =>
        blamed(name, unlessThere(docker.getContainer(ids[index] ?? '').start())),
      ),
    );
  };
  await connection.call(`to start ${names.join(', ')}`, start, context.signal, START_LIMIT_MS);
}

/** Nothing of a group runs in a sandbox that has not been looked at; one that is not isolated goes, with all that is in it. */
async function prove(parts: PodParts, pod: Pod, sandboxId: string, context: StepContext): Promise<void> {
  const { connection, settings, proof } = parts;
  const look = (docker: Docker) => proof.ofGroup(docker, parts, pod, sandboxId, context.signal);
  try {
    const receipt = await connection.call('to look at the sandbox', look, context.signal, START_LIMIT_MS);
    if (receipt) await context.report({ kind: 'isolation', ...receipt });
  } catch (error) {
    if (error instanceof Failure && error.code === 'isolation-missing')
      await removePod(parts, podId(settings.owner, pod.key, pod.podRevision), context);
    throw error;
  }
}

/** They start side by side, so a failure says whose it is. */
export async function blamed<T>(container: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw blame(error, `to start ${container}`, { container });
  });
}

async function createMember(
  docker: Docker,
  settings: PodParts['settings'] & { readonly traits: Traits },
  pod: Pod,
  member: ReturnType<typeof everyContainer>[number],
  sandboxId: string,
): Promise<string> {
  const image = pod.images[member.image] ?? member.image;
  const needsProgram =
    !member.command?.length && member.environmentVariables.some((entry) => entry.secureValue);
  const defaults = needsProgram || needsImageUser(member) ? await imageDefaults(docker, image) : NO_DEFAULTS;
  const options = memberOptions(settings.owner, pod, member, {
    sandboxId,
    image,
    defaults,
    runtime: settings.runtime,
    traits: settings.traits,
  });
  await unlessThere(docker.createContainer(options));
  return options.name;
}

const NO_DEFAULTS: ImageDefaults = { entrypoint: [], command: [] };

async function imageDefaults(docker: Docker, image: string): Promise<ImageDefaults> {
  const { Config } = await docker.getImage(image).inspect();
  return { entrypoint: [Config.Entrypoint ?? []].flat(), command: Config.Cmd ?? [], user: Config.User ?? '' };
}
