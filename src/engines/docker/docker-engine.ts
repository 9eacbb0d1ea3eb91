import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import { Failure } from '../../failure.ts';
import type { Engine, EngineFacts, ObservedGroup, Pod, Step, StepContext, StepResult } from '../index.ts';
import { causeOf, statusOf } from './causes.ts';
import { connect, type Connection } from './connection.ts';
import { type ImageDefaults, everyContainer, memberOptions, networkOptions, sandboxOptions, sandboxVolumes, volumeOptions } from './containers.ts';
import { followLogs } from './follow-logs.ts';
import { DOCKER_GAPS } from './gaps.ts';
import { ensureImage } from './images.ts';
import { LABEL, ownedBy, podId } from './labels.ts';
import { groupsFrom } from './observe.ts';
import { ensureSandboxImage } from './sandbox-image.ts';
import { deliverFiles, hasFiles } from './volumes.ts';
import { watchEngine } from './watch.ts';

export interface DockerSettings {
  /** `unix:///var/run/docker.sock` or `tcp://host:2375`. */
  readonly host: string;
  /** A folder with ca.pem, cert.pem and key.pem, for TLS. */
  readonly certificates?: string;
  /** The OCI runtime that every container gets; never chosen by a user. */
  readonly runtime: string;
  /** Tells this bot's objects from those of another bot on the same engine. */
  readonly owner: string;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopGraceSeconds: number;
}

/** Container groups on one Docker Engine, 20.10 or newer. */
export function createDockerEngine(settings: DockerSettings, clock: Clock): Engine {
  const connection = connect(settings.host, settings.certificates);
  const parts: Parts = { settings, clock, connection, facts: undefined };
  return {
    gaps: DOCKER_GAPS,
    describe: (signal) => describe(parts, signal),
    observe: (signal, key) => observe(parts, signal, key),
    apply: (step, context) => apply(parts, step, context),
    logs: (request, signal) => followLogs(connection, settings.owner, request, signal),
    watch: (hint) => watchEngine(connection, settings.owner, clock, hint),
  };
}

interface Parts {
  readonly settings: DockerSettings;
  readonly clock: Clock;
  readonly connection: Connection;
  /** Asked once; a host does not change its processor while the bot runs. */
  facts: EngineFacts | undefined;
}

async function describe(parts: Parts, signal: AbortSignal): Promise<EngineFacts> {
  const info = await parts.connection.call('to describe itself', (docker) => docker.info(), signal);
  parts.facts = {
    version: info.ServerVersion,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    operatingSystem: info.OSType === 'windows' ? 'Windows' : 'Linux',
    architecture: info.Architecture,
    isolation: 'none', // nothing better has been verified
    runtime: parts.settings.runtime,
    skewMs: Date.parse(info.SystemTime) - parts.clock.now(),
  };
  return parts.facts;
}

async function observe(parts: Parts, signal: AbortSignal, key?: GroupKey): Promise<Map<GroupKey, ObservedGroup>> {
  const filters = ownedBy(parts.settings.owner, key);
  const look = async (docker: Docker) => {
    const [containers, networks, volumes] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters: JSON.stringify(filters) }),
    ]);
    const inspected = await Promise.all(containers.map(({ Id }) => inspectUnlessGone(docker, Id)));
    const leftovers = [...networks, ...(volumes.Volumes ?? [])].map(({ Labels }) => ({ labels: Labels ?? {} }));
    return groupsFrom(inspected.flat(), leftovers);
  };
  return parts.connection.call('to list its containers', look, signal);
}

async function inspectUnlessGone(docker: Docker, id: string) {
  try {
    return [await docker.getContainer(id).inspect()];
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}

async function apply(parts: Parts, step: Step, context: StepContext): Promise<StepResult> {
  switch (step.kind) {
    case 'pull':
      return { images: await pullImages(parts, step.pod, context) };
    case 'create-sandbox':
      return createSandbox(parts, step.pod, context);
    case 'start-init':
      return startMembers(parts, step.pod, [step.container], context);
    case 'start-members':
      return startMembers(parts, step.pod, step.containers, context);
    case 'remove-members':
      return removeMembers(parts, step.ids, context);
    case 'stop':
      return stopContainers(parts, [step.members, step.sandbox ? [step.sandbox] : []], context);
    case 'remove':
      return removePod(parts, step.podId, context);
  }
}

async function pullImages(parts: Parts, pod: Pod, context: StepContext): Promise<Record<string, string>> {
  const docker = await parts.connection.call('to pull', async (client) => client, context.signal);
  const images = [...new Set(everyContainer(pod).map((container) => container.image))];
  const pulled = await Promise.all(
    images.map(async (image) => {
      const { pinned } = await ensureImage(docker, image, pod.group.imageRegistryCredentials, {
        signal: context.signal,
        report: context.report,
        now: () => parts.clock.now(),
      });
      return [image, pinned] as const;
    }),
  );
  return Object.fromEntries(pulled);
}

async function createSandbox(parts: Parts, pod: Pod, context: StepContext): Promise<StepResult> {
  const { connection, settings } = parts;
  const { architecture } = parts.facts ?? (await describe(parts, context.signal));
  const id = podId(settings.owner, pod.key, pod.podRevision);
  const sandboxId = await connection.call('the group’s sandbox', async (docker) => {
    const [image] = await Promise.all([
      ensureSandboxImage(docker, architecture),
      unlessThere(docker.createNetwork(networkOptions(settings.owner, pod))),
      ...sandboxVolumes(pod).map((volume) => docker.createVolume(volumeOptions(settings.owner, pod, volume))),
    ]);
    const options = sandboxOptions(settings.owner, pod, { image, runtime: settings.runtime });
    await unlessThere(docker.createContainer(options));
    const sandbox = docker.getContainer(`${id}.sandbox`);
    await unlessThere(sandbox.start());
    return (await sandbox.inspect()).Id;
  }, context.signal).catch(async (error: unknown) => {
    // A sandbox that could not start would hold its name and its network for nothing.
    if (!context.signal.aborted && !(error instanceof Failure && error.code === 'engine-unreachable')) {
      await removePod(parts, id, context).catch(() => {});
    }
    throw await withHolder(connection, error, pod);
  });
  await context.report({ kind: 'sandbox-started', sandboxId });
  return {};
}

/** 304: it runs already; 409: it was made before the crash. Either way the work is done. */
async function unlessThere(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const status = statusOf(error);
    if (status !== 304 && status !== 409) throw error;
  });
}

/** For a taken port, who has it: people can act on a name. */
async function withHolder(connection: Connection, error: unknown, pod: Pod): Promise<unknown> {
  if (!(error instanceof Failure) || error.code !== 'port-taken') return error;
  const wanted = new Set((pod.group.ipAddress?.ports ?? []).map(({ port }) => port));
  const running = await connection.call('to list its containers', (docker) => docker.listContainers()).catch(() => []);
  const holder = running.find(({ Ports }) =>
    Ports.some(({ PublicPort, IP }) => wanted.has(PublicPort) && (IP === pod.address || IP === '0.0.0.0' || IP === '::')),
  );
  if (!holder) return error;
  const group = holder.Labels[LABEL.group];
  const name = group ? `the group ${group}` : `the container ${holder.Names[0]?.slice(1) ?? holder.Id.slice(0, 12)}`;
  return new Failure('port-taken', `${error.message} It is held by ${name}.`, { advice: error.advice, cause: error });
}

async function startMembers(parts: Parts, pod: Pod, names: readonly string[], context: StepContext): Promise<StepResult> {
  const { connection, settings } = parts;
  const { architecture } = parts.facts ?? (await describe(parts, context.signal));
  const sandboxName = `${podId(settings.owner, pod.key, pod.podRevision)}.sandbox`;
  const start = async (docker: Docker) => {
    const { Id: sandboxId } = await docker.getContainer(sandboxName).inspect();
    const members = everyContainer(pod).filter((container) => names.includes(container.name));
    const [ids] = await Promise.all([
      Promise.all(members.map((member) => createMember(docker, settings, pod, member, sandboxId))),
      hasFiles(pod) ? deliverFiles(docker, pod, sandboxId, architecture, context.signal) : undefined,
    ]);
    await Promise.all(ids.map((id) => unlessThere(docker.getContainer(id).start())));
  };
  await connection.call(`to start ${names.join(', ')}`, start, context.signal);
  return {};
}

async function createMember(
  docker: Docker,
  settings: DockerSettings,
  pod: Pod,
  member: ReturnType<typeof everyContainer>[number],
  sandboxId: string,
): Promise<string> {
  const image = pod.images[member.image] ?? member.image;
  const needsDefaults = !member.command?.length && member.environmentVariables.some((entry) => entry.secureValue);
  const defaults = needsDefaults ? await imageDefaults(docker, image) : { entrypoint: [], command: [] };
  const options = memberOptions(settings.owner, pod, member, { sandboxId, image, defaults, runtime: settings.runtime });
  await unlessThere(docker.createContainer(options));
  return options.name;
}

async function imageDefaults(docker: Docker, image: string): Promise<ImageDefaults> {
  const { Config } = await docker.getImage(image).inspect();
  return { entrypoint: [Config.Entrypoint ?? []].flat(), command: Config.Cmd ?? [] };
}

async function removeMembers(parts: Parts, ids: readonly string[], context: StepContext): Promise<StepResult> {
  await stopContainers(parts, [ids], context);
  await parts.connection.call('to remove members', (docker) => Promise.all(ids.map((id) => removeContainer(docker, id))), context.signal);
  return {};
}

/** SIGTERM, a grace period, then SIGKILL; the containers of one batch side by side, the batches one after another. */
async function stopContainers(
  { connection, settings }: Parts,
  batches: readonly (readonly string[])[],
  context: StepContext,
): Promise<StepResult> {
  const stop = (docker: Docker, id: string) =>
    unlessGone(unlessThere(docker.getContainer(id).stop({ t: settings.stopGraceSeconds })));
  for (const batch of batches) {
    await connection.call('to stop', (docker) => Promise.all(batch.map((id) => stop(docker, id))), context.signal);
  }
  return {};
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (statusOf(error) !== 404) throw error;
  });
}

async function removePod({ connection }: Parts, id: string, context: StepContext): Promise<StepResult> {
  const filters = { label: [`${LABEL.pod}=${id}`] };
  const remove = async (docker: Docker) => {
    const containers = await docker.listContainers({ all: true, filters });
    const isSandbox = ({ Labels }: Docker.ContainerInfo) => Labels[LABEL.role] === 'sandbox';
    await Promise.all(containers.filter((each) => !isSandbox(each)).map(({ Id }) => removeContainer(docker, Id)));
    await Promise.all(containers.filter(isSandbox).map(({ Id }) => removeContainer(docker, Id)));
    const [networks, volumes] = await Promise.all([
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters: JSON.stringify(filters) }),
    ]);
    await Promise.all([
      ...networks.map(({ Id }) => unlessGone(docker.getNetwork(Id).remove())),
      ...(volumes.Volumes ?? []).map(({ Name }) => unlessGone(docker.getVolume(Name).remove())),
    ]);
  };
  await connection.call('to remove the group', remove, context.signal).catch((error: unknown) => {
    throw causeOf(error, 'to remove the group');
  });
  return {};
}

/** 409: another removal of the same container is under way, which is as good. */
async function removeContainer(docker: Docker, id: string): Promise<void> {
  await unlessGone(unlessThere(docker.getContainer(id).remove({ force: true, v: true })));
}
