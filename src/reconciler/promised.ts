import type { Candidate } from '../engines/index.ts';
import { groupSize } from '../spec/index.ts';
import { isUp, type Wish } from './wish.ts';

/** What a host has promised to groups, each with what the host puts around it. Pure. */
export function promisedTo(
  wishes: readonly Wish[],
  host: string,
  overheadBytes: number,
): Candidate['promised'] {
  const sizes = wishes
    .filter((wish) => wish.host === host && isUp(wish))
    // What is beside the one that serves takes room, too.
    .flatMap(({ revision, beside }) => [revision, ...(beside ? [beside.revision] : [])])
    .map(({ group }) => groupSize(group));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    memoryBytes: sum(sizes.map(({ memoryBytes }) => memoryBytes + overheadBytes)),
    vcpuMilli: sum(sizes.map(({ vcpuMilli }) => vcpuMilli)),
  };
}
