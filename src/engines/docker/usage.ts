import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import type { ContainerUsage } from '../index.ts';
import { containersOf } from './adopted.ts';
import type { Connection } from './connection.ts';
import { isSandbox, LABEL, podRevisionIn } from './labels.ts';
import { limitsIn } from './limits.ts';
import { keyIn } from './observe.ts';
import { isGone } from './sessions.ts';

type Stats = Docker.ContainerStats;

/** What running members use now. The engine measures for a second or two; all containers side by side. */
export async function usageOf(
  { connection, owner }: { connection: Connection; owner: string },
  signal: AbortSignal,
  key?: GroupKey,
): Promise<Map<GroupKey, ContainerUsage[]>> {
  const look = async (docker: Docker) => {
    const containers = await containersOf(docker, owner, { key, all: false });
    return Promise.all(
      containers.map(async ({ Id, Labels }) => ({
        labels: Labels,
        stats: await statsOf(docker, Id, signal),
      })),
    );
  };
  const measured = await connection.call('to measure', look, signal);
  const groups = Map.groupBy(measured, ({ labels }) => keyIn(labels));
  return new Map(
    [...groups].map(([group, containers]) => [
      group,
      [...Map.groupBy(containers, ({ labels }) => labels[LABEL.pod])].flatMap(([, pod]) => usageIn(pod)),
    ]),
  );
}

interface Measured {
  readonly labels: Record<string, string>;
  readonly stats: Stats | undefined;
}

/** The network belongs to the sandbox: what it carries is the group's. */
function usageIn(pod: readonly Measured[]): ContainerUsage[] {
  const sandbox = pod.find(({ labels }) => isSandbox(labels));
  return pod.flatMap(({ labels, stats }) =>
    stats && labels[LABEL.role] !== 'sandbox'
      ? [
          {
            ...usageFrom(labels[LABEL.container] ?? '', stats, sandbox?.stats, labels[LABEL.limits]),
            podRevision: podRevisionIn(labels),
          },
        ]
      : [],
  );
}

/** Undefined for a container that has ended meanwhile. */
async function statsOf(docker: Docker, id: string, signal: AbortSignal): Promise<Stats | undefined> {
  try {
    return await within(signal, docker.getContainer(id).stats({ stream: false }));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Pure: the engine's counters as numbers that people compare with what they asked for. */
export function usageFrom(
  container: string,
  stats: Stats,
  network: Stats | undefined,
  limits?: string,
): Omit<ContainerUsage, 'podRevision'> {
  const cards = Object.values(network?.networks ?? {});
  return {
    container,
    ...(stats.num_procs > 0 ? usedOnWindows(stats) : usedOnLinux(stats)),
    memoryLimitBytes: stats.memory_stats.limit ?? limitsIn(limits).memory ?? 0,
    processes: stats.pids_stats?.current ?? 0,
    receivedBytes: cards.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: cards.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}

function usedOnLinux({ cpu_stats: now, precpu_stats: before, memory_stats: memory }: Stats) {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus ?? now.cpu_usage.percpu_usage?.length ?? 1;
  const caches = memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0;
  return {
    cpuMilli: passed > 0 ? Math.round((used / passed) * cpus * 1000) : 0,
    memoryBytes: Math.max(0, (memory.usage ?? 0) - caches), // as `docker stats` shows it
  };
}

/** Windows counts the time of processors in tenths of microseconds, and tells neither caches nor the limit. */
function usedOnWindows({ cpu_stats: now, precpu_stats: before, memory_stats: memory, read, preread }: Stats) {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passedMs = Date.parse(read) - Date.parse(preread);
  return {
    cpuMilli: passedMs > 0 ? Math.round(used / (passedMs * 10)) : 0,
    memoryBytes: memory.privateworkingset ?? 0,
  };
}
