import type { DeviceRequest } from 'dockerode';
import { type GpuWay, gpuWay, type Isolation, type Pod } from '../index.ts';

// Pure: how a group's GPUs are asked of the engine.

/** What NVIDIA's hook gives a container by, also where nobody asked for a device: images set it to `all`. */
const VISIBLE = 'NVIDIA_VISIBLE_DEVICES';

/** The devices of one container: always by name, so that no two groups share one. */
export function gpuRequests(ids: readonly string[], isolation: Isolation): DeviceRequest[] {
  const byWay = Map.groupBy(ids, (id) => gpuWay(id, isolation));
  return [...byWay].flatMap(([way, DeviceIDs]) => (way ? [requestFor(way, DeviceIDs)] : []));
}

/**
 * What the sandbox gets: a card goes into the virtual machine when that starts, and from there to the container which asked
 * for it. Elsewhere the sandbox needs none.
 */
export function sandboxGpuRequests({ gpus }: Pick<Pod, 'gpus'>, isolation: Isolation): DeviceRequest[] {
  const ids = Object.values(gpus).flat();
  return gpuRequests(
    ids.filter((id) => gpuWay(id, isolation) === 'passthrough'),
    isolation,
  );
}

function requestFor(way: GpuWay, ids: readonly string[]): DeviceRequest {
  const DeviceIDs = [...ids];
  return way === 'nvidia'
    ? { Driver: 'nvidia', DeviceIDs, Capabilities: [['gpu']] }
    : { Driver: 'cdi', DeviceIDs };
}

/**
 * The environment of a container where GPUs are handed out. What it may see is not its own to say: neither the image nor the
 * spec gets a card by naming it.
 */
export function gpuEnvironment(
  given: readonly string[],
  ids: readonly string[],
  isolation: Isolation,
): string[] {
  const seen = ids.filter((id) => gpuWay(id, isolation) === 'nvidia');
  return [
    ...given.filter((entry) => !entry.startsWith(`${VISIBLE}=`)),
    `${VISIBLE}=${seen.join(',') || 'void'}`,
  ];
}
