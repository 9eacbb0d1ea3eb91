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
    .filter((wish) => wish.host === host && wish.wanted === 'running')
    // What is beside takes room, too: also what was replaced by one that has ended meanwhile, until it is gone.
    .flatMap((wish) => [
      ...(isUp(wish) ? [wish.revision] : []),
      ...(wish.beside ? [wish.beside.revision] : []),
    ])
    .map(({ group }) => groupSize(group));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    memoryBytes: sum(sizes.map(({ memoryBytes }) => memoryBytes + overheadBytes)),
    vcpuMilli: sum(sizes.map(({ vcpuMilli }) => vcpuMilli)),
  };
}
