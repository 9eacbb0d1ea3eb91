import type Docker from 'dockerode';
import type { Clock } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import type {
  Engine,
  EngineFacts,
  Isolation,
  ObservedGroup,
  Step,
  StepContext,
  StepResult,
} from '../index.ts';
import { asOfGroup, containersOf } from './adopted.ts';
import { statusOf } from './causes.ts';
import { checkImage } from './check-image.ts';
import { deliverConfigMaps } from './config-maps.ts';
import { type Connection, connect } from './connection.ts';
import { openDial } from './dial.ts';
import type { DockerSettings } from './docker-settings.ts';
import { dockerGaps } from './gaps.ts';
import { groupLogs } from './group-logs.ts';
import { isSandbox, ownedBy } from './labels.ts';
import type { Making } from './networks.ts';
import { groupsFrom, type Leftover } from './observe.ts';
import { createSandbox, startMembers } from './pods.ts';
import { createProof, type Proof } from './proof.ts';
import { pullImages } from './pull.ts';
import { removeMembers, removePod, stopContainers } from './removal.ts';
import { limitsScratch } from './scratch-limit.ts';
import { openAttach, openExec } from './sessions.ts';
import { createStandbyHost } from './standby.ts';
import { dropImage, storedImages } from './stored-images.ts';
import { surveyOf } from './survey.ts';
import { type Traits, traitsOf } from './traits.ts';
import { usageOf } from './usage.ts';
import { watchEngine } from './watch.ts';
import { unlessWindows, type WindowsHost, windowsIn, windowsIsolation } from './windows.ts';
import { createWhole, endWhole, startWhole } from './windows-pods.ts';

/** Container groups on one Docker Engine, 20.10 or newer. */
export function createDockerEngine(settings: DockerSettings, clock: Clock): Engine {
  const connection = connect(settings.way, { folder: settings.folder, clock });
  const parts: Parts = {
    settings,
    clock,
    connection,
    proof: createProof(settings, clock),
    making: new Map(),
    host: undefined,
    limitsScratch: undefined,
  };
  return {
    gaps: dockerGaps(settings),
    describe: (signal) => describe(parts, signal),
    survey: (signal) => surveyOf({ connection, clock, settings }, signal),
    observe: (signal, key) => observe(parts, signal, key),
    apply: (step, context) => apply(parts, step, context),
    logs: (request, signal) => groupLogs({ connection, owner: settings.owner, clock }, request, signal),
    exec: (request, signal) => openExec({ connection, owner: settings.owner, clock }, request, signal),
    attach: (request, signal) => openAttach({ connection, owner: settings.owner, clock }, request, signal),
    dial: (request, signal) => openDial({ connection, owner: settings.owner, clock }, request, signal),
    usage: (signal, key) => usageOf({ connection, owner: settings.owner }, signal, key),
    checkImage: async (wanted, signal) => checkImage(await withHost(parts, signal), wanted, signal),
    storedImages: (signal) => storedImages(connection, signal),
    dropImage: (image, signal) => dropImage(connection, image, signal),
    standby: createStandbyHost(parts, async (signal) => unlessWindows(await withHost(parts, signal))),
    watch: (hint) => watchEngine(connection, settings.owner, clock, hint),
    close: () => connection.close(),
  };
}

interface Parts {
  readonly settings: DockerSettings;
  readonly clock: Clock;
  readonly connection: Connection;
  readonly proof: Proof;
  readonly making: Making;
  /** Asked once; a host does not change its processor while the bot runs. */
  host: Host | undefined;
  /** Asked once, too: a file system is mounted with limits or without. */
  limitsScratch: boolean | undefined;
}

/** What making containers needs to know of the host. */
interface Host {
  readonly architecture: string;
  readonly kernel: string;
  /** The engine's own folder on the host. */
  readonly engineFolder: string;
  readonly traits: Traits;
  /** Absent for an engine of Linux containers. */
  readonly windows?: WindowsHost | undefined;
}

/** What a virtual machine takes besides its group: Kata's own numbers for QEMU, without and with a processor that keeps its memory. */
const MACHINE_BYTES = 320 * 2 ** 20;
const TEE_MACHINE_BYTES = 2 * 2 ** 30;

async function describe(parts: Parts, signal: AbortSignal): Promise<EngineFacts> {
  const { connection, settings, clock, proof } = parts;
  const info = await connection.call('to describe itself', (docker) => docker.info(), signal);
  const { engine: api, spoken } = await connection.api();
  const windows = windowsIn(info);
  const host: Host = {
    architecture: info.Architecture,
    kernel: info.KernelVersion,
    engineFolder: info.DockerRootDir,
    traits: {
      ...traitsOf({ api, runtime: info.Runtimes?.[settings.runtime] }, settings.resolverFile),
      ownKernel: settings.isolation !== 'none',
      ...(settings.gpus?.length ? { gpus: { isolation: settings.isolation } } : {}),
    },
    windows,
  };
  parts.host = host;
  // Nothing that the bot looks with runs there.
  if (windows) parts.limitsScratch = false;
  parts.limitsScratch ??= await connection.call(
    'to describe its disk',
    (docker) => limitsScratch(docker, settings.owner),
    signal,
  );
  const { level, saw } = windows
    ? windowsIsolation(windows, settings.tee)
    : await proof.ofHost({ connection, host, api, version: info.ServerVersion }, signal);
  return {
    version: info.ServerVersion,
    api: spoken,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    operatingSystem: windows ? 'Windows' : 'Linux',
    architecture: info.Architecture,
    isolation: level,
    isolationSaw: saw,
    runtime: windows ? 'hyperv' : settings.runtime,
    skewMs: Date.parse(info.SystemTime) - clock.now(),
    overheadBytes: overheadOf(settings, level, windows),
    limitsScratch: parts.limitsScratch,
    publishesEverywhere: windows !== undefined,
  };
}

/** What Hyper-V gives a container is all that its machine has: its Windows takes its own part of that. */
function overheadOf({ tee }: DockerSettings, level: Isolation, windows: WindowsHost | undefined): number {
  if (windows || level !== 'hypervisor') return 0;
  return tee ? TEE_MACHINE_BYTES : MACHINE_BYTES;
}

async function observe(
  parts: Parts,
  signal: AbortSignal,
  key?: GroupKey,
): Promise<Map<GroupKey, ObservedGroup>> {
  const { owner } = parts.settings;
  const look = async (docker: Docker) => {
    const containers = await containersOf(docker, owner, { key, all: true });
    const isComplete = key !== undefined && containers.some(({ Labels }) => isSandbox(Labels));
    const [inspected, leftovers] = await Promise.all([
      Promise.all(containers.map(({ Id }) => inspectUnlessGone(docker, Id))),
      // A removal that was cut short leaves networks and volumes; while a sandbox is there, they are its own.
      isComplete ? [] : leftoversOf(docker, ownedBy(owner, key)),
    ]);
    return groupsFrom(
      inspected.flat().map((container) => asOfGroup(owner, container)),
      leftovers,
    );
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
      return pullImages(await withHost(parts, context.signal), step.pod, context);
    case 'create-sandbox': {
      const host = await withHost(parts, context.signal);
      await (host.windows ? createWhole(host, step.pod, context) : createSandbox(host, step.pod, context));
      return {};
    }
    case 'start-init':
      await startMembers(await withHost(parts, context.signal), step, [step.container], context);
      return {};
    case 'start-members': {
      const { windows, ...host } = await withHost(parts, context.signal);
      if (windows) await startWhole({ ...host, windows }, step, context);
      else await startMembers(host, step, step.containers, context);
      return {};
    }
    case 'deliver':
      await parts.connection.call(
        'to deliver config maps',
        (docker) => deliverConfigMaps(docker, step.pod, step.sandboxId, context.signal),
        context.signal,
      );
      return {};
    case 'remove-members':
      await removeMembers(parts, step.ids, context);
      return {};
    case 'stop':
      await stopContainers(parts, [step.members, step.sandbox ? [step.sandbox] : []], context);
      if (step.sandbox && (await parts.connection.api()).isWindows)
        await endWhole(parts, step.sandbox, context.signal);
      return {};
    case 'remove':
      await removePod(parts, step.podId, context, step);
      return {};
  }
}

async function withHost(parts: Parts, signal: AbortSignal) {
  if (!parts.host) await describe(parts, signal);
  const { host } = parts;
  if (!host) throw new Error('the engine has not described itself');
  return { ...parts, ...host };
}
