import type { Event } from '../../event.ts';
import * as say from '../../replies/index.ts';
import { type PullName, placeIn } from './names.ts';
import type { Desk } from './parts.ts';
import { reply } from './reply.ts';

/** Tells in the pull request that brought a group up what has become of it. Said once: the comment has a name. */
export async function tellAside(
  desk: Desk,
  name: PullName,
  { group, revision, fact, atMs }: Pick<Event, 'group' | 'revision' | 'atMs'> & { readonly fact: say.Aside },
): Promise<void> {
  const { repository, number } = placeIn(name);
  const pull = await desk.parts.pulls.get(repository, number);
  const isOwn = Object.values(pull?.places ?? {}).some(({ groups }) => groups.includes(group));
  if (!pull || !isOwn || pull.plan.comments === 'none') return;
  const { installation } = pull;
  const id = `${say.asideName(fact, revision, atMs)}:${group.replace('/', ':')}`;
  await reply(desk, { id, installation, repository, number }, say.asideOf(say.nameOf(group), fact));
}
