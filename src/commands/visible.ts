import { type GroupKey, partsOf } from '../event.ts';
import type { Caller } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Ground } from './ground.ts';

/** The groups that a caller may look at. */
export async function groupsFor(ground: Ground, caller: Caller): Promise<Wish[]> {
  return (await ground.desired.list()).filter(({ key, repository }) =>
    maySee(ground, caller, { group: key, repository }),
  );
}

/** Whether a caller may look at a group, or at what is left of it. */
export function maySee(
  { policy }: Ground,
  caller: Caller,
  { group, repository }: { group: GroupKey; repository: string },
): boolean {
  const { environment } = partsOf(group);
  return policy.rightOf(caller, { environment, ...(repository ? { repository } : {}) }).right !== undefined;
}
