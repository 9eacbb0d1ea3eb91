import { bill, type Interval } from '../metering/index.ts';
import * as say from '../replies/index.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor, maySee } from './visible.ts';

/** What groups have cost, those that are gone included. */
export const runCost: RunVerb = async function* (ground, { target, caller }) {
  const nowMs = ground.clock.now();
  const seen = (interval: Interval) => maySee(ground, caller, interval);
  if (target) {
    const key = targetKey(target);
    const intervals = (await ground.ledger.intervals({ group: key })).filter(seen);
    if (!intervals.length && !(await ground.desired.get(key)))
      return say.unknownGroup(key, await groupsFor(ground, caller));
    const total = bill(intervals, nowMs);
    yield* say.billBlocks(total);
    return say.done('cost', { group: key, bill: total, intervals });
  }
  const byGroup = Map.groupBy((await ground.ledger.intervals({})).filter(seen), (interval) => interval.group);
  const bills = [...byGroup].map(([group, intervals]) => ({ group, bill: bill(intervals, nowMs) }));
  yield* say.costTable(bills);
  return say.done('cost', { groups: bills });
};
