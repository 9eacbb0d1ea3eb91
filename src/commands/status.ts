import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { type GroupView, viewOf } from './view.ts';
import { groupsFor } from './visible.ts';

/** What runs: one group in full, or all of them in a table. */
export const runStatus: RunVerb = async function* (ground, { target, caller }, signal) {
  const wishes = await groupsFor(ground, caller);
  if (!target) {
    const views = await Promise.all(wishes.map((wish) => lookAt(ground, wish, signal)));
    yield* say.statusTable(views);
    return say.done('status', { groups: views });
  }
  const key = targetKey(target);
  const wish = wishes.find((each) => each.key === key);
  if (!wish) return say.unknownGroup(key, wishes);
  const view = await lookAt(ground, wish, signal);
  yield* say.statusOf(view);
  return say.done('status', view);
};

async function lookAt(ground: Ground, wish: Wish, signal: AbortSignal): Promise<GroupView> {
  const location = ground.locations[wish.location];
  const [observed, runs, intervals, events] = await Promise.all([
    location?.engine.observe(signal, wish.key),
    ground.runs.runs(wish.key),
    ground.ledger.intervals({ group: wish.key }),
    ground.events.events({ group: wish.key, last: 50 }),
  ]);
  return viewOf({
    wish,
    observed: observed?.get(wish.key),
    runs,
    intervals,
    events,
    prices: location?.prices ?? ground.defaultPrices,
    urlOf: ground.edge.urlOf,
    nowMs: ground.clock.now(),
  });
}
