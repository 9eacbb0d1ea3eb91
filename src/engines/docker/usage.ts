import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { GroupKey } from '../../event.ts';
import type { ContainerUsage } from '../index.ts';
import { containersOf } from './adopted.ts';
import type { Connection } from './connection.ts';
import { LABEL, podRevisionIn } from './labels.ts';
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
  const sandbox = pod.find(({ labels }) => labels[LABEL.role] === 'sandbox');
  return pod.flatMap(({ labels, stats }) =>
    stats && labels[LABEL.role] !== 'sandbox'
      ? [
          {
            ...usageFrom(labels[LABEL.container] ?? '', stats, sandbox?.stats),
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
): Omit<ContainerUsage, 'podRevision'> {
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory, pids_stats: pids } = stats;
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus ?? now.cpu_usage.percpu_usage?.length ?? 1;
  const caches = memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0;
  const cards = Object.values(network?.networks ?? {});
  return {
    container,
    cpuMilli: passed > 0 ? Math.round((used / passed) * cpus * 1000) : 0,
    memoryBytes: Math.max(0, (memory.usage ?? 0) - caches), // as `docker stats` shows it
    memoryLimitBytes: memory.limit ?? 0,
    processes: pids?.current ?? 0,
    receivedBytes: cards.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: cards.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}
