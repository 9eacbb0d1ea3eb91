import { type Container, containerLimits, groupSize, type InitContainer } from '../../spec/index.ts';
import type { Pod } from '../index.ts';

/** Init containers run alone, so each may use what the whole group was given (ACI). */
export function resourcesOf(pod: Pod, container: Container | InitContainer) {
  const { vcpuMilli, memoryBytes } =
    'resources' in container ? containerLimits(container) : groupSize(pod.group);
  return { NanoCpus: vcpuMilli * 1_000_000, Memory: memoryBytes, MemorySwap: memoryBytes };
}

/** What somebody may change of a running container, as it was made. */
export function limitsText({ NanoCpus, Memory }: { NanoCpus?: number; Memory?: number }): string {
  return `${NanoCpus ?? 0}/${Memory ?? 0}`;
}

/** Reads what `limitsText` wrote. */
export function limitsIn(text = '') {
  const [cpus, memory] = text.split('/').map(Number);
  return { cpus, memory };
}
