import { bill } from '../metering/index.ts';
import * as say from '../replies/index.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';

/** What groups have cost, those that are gone included. */
export const runCost: RunVerb = async function* (ground, { target }) {
  const nowMs = ground.clock.now();
  if (target) {
    const key = targetKey(target);
    const intervals = await ground.ledger.intervals({ group: key });
    if (!intervals.length && !(await ground.desired.get(key)))
      return say.unknownGroup(key, await ground.desired.list());
    const total = bill(intervals, nowMs);
    yield* say.billBlocks(total);
    return say.done('cost', { group: key, bill: total, intervals });
  }
  const byGroup = Map.groupBy(await ground.ledger.intervals({}), (interval) => interval.group);
  const bills = [...byGroup].map(([group, intervals]) => ({ group, bill: bill(intervals, nowMs) }));
  yield* say.costTable(bills);
  return say.done('cost', { groups: bills });
};
