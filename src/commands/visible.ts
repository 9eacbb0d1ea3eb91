import { type GroupKey, partsOf } from '../event.ts';
import type { Caller } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { GroupNames } from '../replies/index.ts';
import type { Ground } from './ground.ts';

/** The groups that a caller may look at. */
export async function groupsFor(ground: Ground, caller: Caller): Promise<Wish[]> {
  return (await ground.desired.list()).filter(({ key, repository }) =>
    maySee(ground, caller, { group: key, repository }),
  );
}

/** What a group is called to somebody: its name to those who may look at it. */
export async function nameFor(ground: Ground, caller: Caller, group: GroupKey): Promise<string> {
  const repository = (await ground.desired.get(group))?.repository ?? '';
  return maySee(ground, caller, { group, repository })
    ? `the group ${group}`
    : 'a group that you may not see';
}

/** Of several groups those that somebody may look at, and how many others there are. */
export async function namesFor(
  ground: Ground,
  caller: Caller,
  groups: readonly GroupKey[],
): Promise<GroupNames> {
  const seen = new Set((await groupsFor(ground, caller)).map(({ key }) => key));
  const named = groups.filter((key) => seen.has(key));
  return { named, hidden: groups.length - named.length };
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

/** The environments in which a repository runs something, by name. */
export async function environmentsOf({ desired }: Ground, repository: string): Promise<string[]> {
  const own = (await desired.list()).filter((wish) => wish.repository === repository);
  return [...new Set(own.map(({ key }) => partsOf(key).environment))].sort();
}
