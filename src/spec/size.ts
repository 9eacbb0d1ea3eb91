import type { Container, Group } from './schema/group.ts';

/** 1 GB of a spec is 2^30 bytes: nobody gets less than was asked for. */
const GB_BYTES = 2 ** 30;

export interface GroupSize {
  readonly vcpuMilli: number;
  readonly memoryBytes: number;
  /** In tenths of a GB: ACI's step, and what a bill counts. */
  readonly memoryGbTenths: number;
  readonly gpuCount: number;
}

/** What a group is given: the sum of the requests of its app containers (ACI). */
export function groupSize(group: Pick<Group, 'containers'>): GroupSize {
  let [vcpuMilli, memoryGbTenths, gpuCount] = [0, 0, 0];
  for (const { resources } of group.containers) {
    vcpuMilli += Math.round(resources.requests.cpu * 1000);
    memoryGbTenths += Math.round(resources.requests.memoryInGB * 10);
    gpuCount += resources.requests.gpu?.count ?? 0;
  }
  return { vcpuMilli, memoryBytes: bytesOf(memoryGbTenths), memoryGbTenths, gpuCount };
}

/** The most a container may use: its limit, or else its request (ACI). */
export function containerLimits({ resources }: Container): { vcpuMilli: number; memoryBytes: number } {
  const { requests, limits } = resources;
  return {
    vcpuMilli: Math.round((limits?.cpu ?? requests.cpu) * 1000),
    memoryBytes: bytesOf(Math.round((limits?.memoryInGB ?? requests.memoryInGB) * 10)),
  };
}

function bytesOf(gbTenths: number): number {
  return Math.round((gbTenths * GB_BYTES) / 10);
}
