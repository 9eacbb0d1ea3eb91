import { partsOf } from '../event.ts';
import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { glance } from './glance.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Groups, one a line, the ones that are asked for. */
export const runList: RunVerb = async function* (ground, asked, signal) {
  const wishes = (await groupsFor(ground, asked.caller)).filter((wish) => isAskedFor(wish, asked));
  const views = await glance(ground, wishes, signal);
  const expiring = asked.options['expiring'] === true;
  const sorted = expiring ? views.toSorted((a, b) => (a.expiresAtMs ?? 0) - (b.expiresAtMs ?? 0)) : views;
  yield* say.listTable(sorted, ground.clock.now());
  return say.done('list', { groups: sorted });
};

function isAskedFor({ key, expiresAtMs, revision }: Wish, { environment, options, caller }: Asked): boolean {
  return (
    (environment === undefined || partsOf(key).environment === environment) &&
    (options['mine'] !== true || revision.acceptedBy === caller.name) &&
    (options['expiring'] !== true || expiresAtMs !== null) &&
    (options['gpu'] !== true || revision.group.containers.some(({ resources }) => resources.requests.gpu))
  );
}
