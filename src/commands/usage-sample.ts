import type { ContainerUsage } from '../engines/index.ts';

/** What all containers of a group used together at one moment. */
export interface UsageSample {
  readonly atMs: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly containers: readonly Pick<ContainerUsage, 'container' | 'cpuMilli' | 'memoryBytes'>[];
  /** Of the busiest GPU; null where none is held, or its driver gives no number. */
  readonly gpuPercent: number | null;
  /** Of all its GPUs together; null where none is held, or their driver gives no number. */
  readonly gpuMemoryBytes: number | null;
  readonly gpuMemoryLimitBytes: number | null;
  /** How busy each of its GPUs was. */
  readonly gpus: readonly { readonly uuid: string; readonly percent: number | null }[];
}
