import type { GroupKey } from '../event.ts';
import type { Ground } from './ground.ts';
import type { PushedBranch } from './push.ts';

/** Groups of a repository in an environment that are no longer wanted, because their file is gone; gives which. */
export async function unwishMissing(
  ground: Ground,
  { repository, environment, caller }: Pick<PushedBranch, 'repository' | 'environment' | 'caller'>,
  keep: readonly GroupKey[],
): Promise<GroupKey[]> {
  const missing = (await ground.desired.list()).filter(
    (wish) =>
      wish.repository === repository && wish.key.startsWith(`${environment}/`) && !keep.includes(wish.key),
  );
  for (const { key } of missing) {
    await ground.desired.unwish(key, caller.name);
    ground.wake(key);
  }
  return missing.map(({ key }) => key);
}
