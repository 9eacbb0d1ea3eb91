import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import type { Engine, EngineFacts, ObservedGroup, Pod, Step, StepContext, StepResult } from '../index.ts';
import { statusOf } from './causes.ts';
import { type Connection, connect } from './connection.ts';
import { everyContainer } from './containers.ts';
import { DOCKER_GAPS } from './gaps.ts';
import { groupLogs } from './group-logs.ts';
import { ensureImage } from './images.ts';
import { LABEL, ownedBy } from './labels.ts';
import { groupsFrom, type Leftover } from './observe.ts';
import { createSandbox, startMembers } from './pods.ts';
import { removeMembers, removePod, stopContainers } from './removal.ts';
import { openAttach, openExec } from './sessions.ts';
import { usageOf } from './usage.ts';
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
    logs: (request, signal) => groupLogs({ connection, owner: settings.owner, clock }, request, signal),
    exec: (request, signal) => openExec({ connection, owner: settings.owner, clock }, request, signal),
    attach: (request, signal) => openAttach({ connection, owner: settings.owner, clock }, request, signal),
    usage: (signal, key) => usageOf({ connection, owner: settings.owner }, signal, key),
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

async function observe(
  parts: Parts,
  signal: AbortSignal,
  key?: GroupKey,
): Promise<Map<GroupKey, ObservedGroup>> {
  const filters = ownedBy(parts.settings.owner, key);
  const look = async (docker: Docker) => {
    const containers = await docker.listContainers({ all: true, filters });
    const hasSandbox = containers.some(({ Labels }) => Labels[LABEL.role] === 'sandbox');
    const [inspected, leftovers] = await Promise.all([
      Promise.all(containers.map(({ Id }) => inspectUnlessGone(docker, Id))),
      // A removal that was cut short leaves networks and volumes; while a sandbox is there, they are its own.
      key !== undefined && hasSandbox ? [] : leftoversOf(docker, filters),
    ]);
    return groupsFrom(inspected.flat(), leftovers);
  };
  return parts.connection.call('to list its containers', look, signal);
}

async function leftoversOf(docker: Docker, filters: { label: string[] }): Promise<Leftover[]> {
  const [networks, volumes] = await Promise.all([
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters: JSON.stringify(filters) }),
  ]);
  return [...networks, ...(volumes.Volumes ?? [])].map(({ Labels }) => ({ labels: Labels ?? {} }));
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
      return {
        images: await pullImages(await withArchitecture(parts, context.signal), step.pod, context),
      };
    case 'create-sandbox':
      await createSandbox(await withArchitecture(parts, context.signal), step.pod, context);
      return {};
    case 'start-init':
      await startMembers(await withArchitecture(parts, context.signal), step, [step.container], context);
      return {};
    case 'start-members':
      await startMembers(await withArchitecture(parts, context.signal), step, step.containers, context);
      return {};
    case 'remove-members':
      await removeMembers(parts, step.ids, context);
      return {};
    case 'stop':
      await stopContainers(parts, [step.members, step.sandbox ? [step.sandbox] : []], context);
      return {};
    case 'remove':
      await removePod(parts, step.podId, context, step);
      return {};
  }
}

async function pullImages(
  parts: Parts & { readonly architecture: string },
  pod: Pod,
  context: StepContext,
): Promise<Record<string, string>> {
  const docker = await parts.connection.call('to pull', async (client) => client, context.signal);
  const images = [...new Set(everyContainer(pod).map((container) => container.image))];
  const pulled = await Promise.all(
    images.map(async (image) => {
      const { pinned } = await ensureImage(docker, image, pod.group.imageRegistryCredentials, {
        signal: context.signal,
        report: context.report,
        now: () => parts.clock.now(),
        architecture: parts.architecture,
      });
      return [image, pinned] as const;
    }),
  );
  return Object.fromEntries(pulled);
}

/** What making containers needs to know of the host; asked for once. */
async function withArchitecture(parts: Parts, signal: AbortSignal) {
  const { architecture } = parts.facts ?? (await describe(parts, signal));
  return { ...parts, architecture };
}
