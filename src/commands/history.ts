import { partsOf } from '../event.ts';
import type { Revision } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

const DEFAULT_LAST = 10;

/** The revisions of a group, newest first; also of one that is gone. */
export const runHistory: RunVerb = async function* (ground, { target, options, caller }) {
  const key = targetKey(target);
  const last = typeof options['last'] === 'number' ? options['last'] : DEFAULT_LAST;
  const [wish, revisions] = await Promise.all([ground.desired.get(key), ground.desired.revisions(key, last)]);
  if (!revisions.length) return say.unknownGroup(key, await groupsFor(ground, caller));
  yield* say.historyTable(revisions, wish?.wanted === 'running' ? wish.revision.number : 0);
  return say.done('history', { ...partsOf(key), revisions: revisions.map(shown) });
};

/** Without the group itself: `katabot export` shows it, with references where secrets are. */
function shown({ group, images, acceptedAtMs, acceptedBy, ...rest }: Revision) {
  const at = new Date(acceptedAtMs).toISOString();
  return { ...rest, by: acceptedBy, at, containers: group.containers.length, images: images ?? {} };
}
