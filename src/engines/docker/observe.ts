import type { ContainerInspectInfo } from 'dockerode';
import type { GroupKey } from '../../event.ts';
import type { ObservedGroup, ObservedMember, ObservedPod, Published } from '../index.ts';
import { isSandbox, LABEL, podRevisionIn } from './labels.ts';
import { limitsIn } from './limits.ts';
import { ENDED } from './windows.ts';

/** What is left of a pod besides containers. */
export interface Leftover {
  readonly labels: Record<string, string>;
}

/** From the engine's answers to groups; pure. Containers without our labels are never given. */
export function groupsFrom(
  containers: readonly ContainerInspectInfo[],
  leftovers: readonly Leftover[],
): Map<GroupKey, ObservedGroup> {
  const pods = new Map<string, { key: GroupKey; containers: ContainerInspectInfo[]; volumesOf: string }>();
  const podOf = (labels: Record<string, string>) => {
    const id = labels[LABEL.pod] ?? '';
    const pod = pods.get(id) ?? { key: keyIn(labels), containers: [], volumesOf: '' };
    pods.set(id, pod);
    return pod;
  };
  for (const container of containers) podOf(container.Config.Labels).containers.push(container);
  for (const { labels } of leftovers) {
    const pod = podOf(labels);
    pod.volumesOf ||= labels[LABEL.fingerprint] ?? ''; // networks carry none
  }
  const groups = new Map<GroupKey, ObservedPod[]>();
  for (const [id, pod] of pods) {
    const list = groups.get(pod.key) ?? [];
    list.push(podFrom(id, pod.containers, pod.volumesOf));
    groups.set(pod.key, list);
  }
  return new Map(
    [...groups].map(([key, list]) => [
      key,
      { key, pods: list.sort((a, b) => a.createdAtMs - b.createdAtMs) },
    ]),
  );
}

/** Written by us, so always `environment/name`; anything else would be a forged label and names no group. */
export function keyIn(labels: Record<string, string>): GroupKey {
  const [environment = '', name = ''] = (labels[LABEL.group] ?? '').split('/');
  return `${environment}/${name}`;
}

function podFrom(id: string, containers: readonly ContainerInspectInfo[], volumesOf: string): ObservedPod {
  const sandbox = containers.find(({ Config }) => isSandbox(Config.Labels));
  const labels = sandbox?.Config.Labels ?? containers[0]?.Config.Labels ?? {};
  const meteredFrom = labels[LABEL.meteredFrom];
  const address = labels[LABEL.address] ?? '';
  const fingerprint = labels[LABEL.podFingerprint] ?? labels[LABEL.fingerprint] ?? '';
  const { state, finishedAtMs } = sandboxState(sandbox);
  return {
    id,
    revision: podRevisionIn({ [LABEL.pod]: id }),
    fingerprint: containers.length ? fingerprint : volumesOf,
    state,
    sandboxId: sandbox?.Id ?? '',
    address,
    ...(sandbox ? { published: publishedIn(sandbox.HostConfig?.PortBindings, address) } : {}),
    ...(labels[LABEL.subnet] ? { subnet: labels[LABEL.subnet] } : {}),
    createdAtMs: time(sandbox?.Created) ?? 0,
    ...(meteredFrom === undefined ? {} : { meteredFromMs: Number(meteredFrom) }),
    ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
    members: containers.filter(({ Config }) => Config.Labels[LABEL.role] !== 'sandbox').map(memberFrom),
  };
}

/**
 * Where the only container is the sandbox as well, it stands for its group from when it is made until it is ended for good,
 * also while it waits for its restart.
 */
function sandboxState(
  sandbox: ContainerInspectInfo | undefined,
): Pick<ObservedPod, 'state'> & { readonly finishedAtMs?: number | undefined } {
  if (!sandbox) return { state: 'absent' };
  const { Config, Created, Name, State } = sandbox;
  const finishedAtMs = State.Running ? undefined : time(State.FinishedAt);
  if (Config.Labels[LABEL.role] !== 'whole') return { state: stateOf(sandbox), finishedAtMs };
  if (State.Running || !Name.endsWith(ENDED)) return { state: 'running' };
  return { state: 'exited', finishedAtMs: finishedAtMs ?? time(Created) };
}

/** From what the sandbox was made with: one that has stopped is bound to nothing. `everywhere` is the address of one that names none. */
export function publishedIn(
  bindings: Record<string, { HostIp?: string; HostPort?: string }[] | null> = {},
  everywhere = '',
): Published[] {
  return Object.entries(bindings).flatMap(([name, places]) => {
    const [port = '', protocol = ''] = name.split('/');
    return (places ?? []).map(({ HostIp, HostPort = '' }) => ({
      address: HostIp || everywhere,
      protocol: protocol === 'udp' ? ('UDP' as const) : ('TCP' as const),
      port: Number(port),
      hostPort: Number(HostPort),
    }));
  });
}

function memberFrom(container: ContainerInspectInfo): ObservedMember {
  const labels = container.Config.Labels;
  const { State } = container;
  const state = stateOf(container);
  const startedAtMs = time(State.StartedAt);
  const finishedAtMs = state === 'exited' ? time(State.FinishedAt) : undefined;
  return {
    id: container.Id,
    name: labels[LABEL.container] ?? '',
    init: labels[LABEL.role] === 'init',
    revision: Number(labels[LABEL.revision] ?? 0),
    fingerprint: labels[LABEL.fingerprint] ?? '',
    image: container.Image,
    gpus: (labels[LABEL.gpus] ?? '').split(',').filter(Boolean),
    state,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(finishedAtMs === undefined ? {} : { finishedAtMs }),
    ...(state === 'exited' ? { exitCode: State.ExitCode } : {}),
    outOfMemory: State.OOMKilled,
    error: State.Error,
    changed: changesOf(container),
  };
}

/** What somebody did by hand: compared with what was written down when the container was made. */
export function changesOf({ Config, HostConfig, State }: ContainerInspectInfo): string[] {
  const { cpus, memory } = limitsIn(Config.Labels[LABEL.limits]);
  const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  const restarts = HostConfig?.RestartPolicy?.Name ?? 'no';
  return [
    ...(State.Paused ? ['paused'] : []),
    ...(memory !== undefined && HostConfig.Memory !== memory
      ? [`memory ${mebibytes(HostConfig.Memory ?? 0)}, should be ${mebibytes(memory)}`]
      : []),
    ...(cpus && HostConfig.NanoCpus !== cpus
      ? [`${(HostConfig.NanoCpus ?? 0) / 1e9} vCPU, should be ${cpus / 1e9}`]
      : []),
    ...(restarts === 'no' || restarts === '' ? [] : [`restart policy ${restarts}, should be no`]),
  ];
}

/** A container that failed to start says `created` and keeps the error; a paused one still runs. */
function stateOf({ State }: ContainerInspectInfo): 'created' | 'running' | 'exited' {
  if (State.Running) return 'running';
  return State.Status === 'created' || time(State.StartedAt) === undefined ? 'created' : 'exited';
}

/** Go's zero time means "never". */
function time(text: string | undefined): number | undefined {
  if (!text || text.startsWith('0001-')) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
