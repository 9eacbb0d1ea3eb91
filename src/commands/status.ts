import * as say from '../replies/index.ts';
import { glance } from './glance.ts';
import { poolViews } from './standby.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** What runs: one group in full, or all of them in a table. */
export const runStatus: RunVerb = async function* (ground, { target, environment, caller }, signal) {
  const wishes = await groupsFor(ground, caller);
  if (!target) {
    const wanted = wishes.filter(({ key }) => environment === undefined || key.startsWith(`${environment}/`));
    const views = await glance(ground, wanted, signal);
    yield* say.statusTable(views);
    const pools = Object.keys(ground.hosts).flatMap((host) => poolViews(ground, host));
    for (const pool of pools) yield say.standbyLine(pool);
    return say.done('status', { groups: views, ...(pools.length ? { standby: pools } : {}) });
  }
  const key = targetKey(target);
  const asked = wishes.filter((each) => each.key === key);
  for (const wish of asked) await ground.domains.look(wish); // who asks has perhaps just written the record
  const [view] = await glance(ground, asked, signal);
  if (!view) return say.unknownGroup(key, wishes);
  yield* say.statusOf(view);
  return say.done('status', view);
};
