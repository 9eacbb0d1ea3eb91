import type { Event, Fact } from '../../event.ts';
import * as say from '../../replies/index.ts';
import { type PullName, placeIn } from './names.ts';
import type { Desk } from './parts.ts';
import { reply } from './reply.ts';

/** Tells in the pull request that brought a group up that its GPUs have nothing to do. Said once: the comment has a name. */
export async function tellIdle(
  desk: Desk,
  name: PullName,
  {
    group,
    revision,
    fact,
  }: Pick<Event, 'group' | 'revision'> & { readonly fact: Extract<Fact, { kind: 'gpu-idle' }> },
): Promise<void> {
  const { repository, number } = placeIn(name);
  const pull = await desk.parts.pulls.get(repository, number);
  const isOwn = Object.values(pull?.places ?? {}).some(({ groups }) => groups.includes(group));
  if (!pull || !isOwn || pull.plan.comments === 'none') return;
  const { installation } = pull;
  const id = `idle:${group.replace('/', ':')}:${revision}`;
  await reply(desk, { id, installation, repository, number }, say.gpuIdle(say.nameOf(group), fact));
}
