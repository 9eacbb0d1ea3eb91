import { standbyName } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import { bill, type Interval } from '../metering/index.ts';
import * as say from '../replies/index.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor, maySee } from './visible.ts';

type By = 'group' | 'environment' | 'repository' | 'caller';

const NAMED: Readonly<Record<By, (interval: Interval) => string>> = {
  group: ({ group }) => say.nameOf(group),
  environment: ({ group }) => partsOf(group).environment,
  repository: ({ repository }) => repository,
  caller: ({ caller }) => caller,
};

/** What groups have cost, those that are gone included. */
export const runCost: RunVerb = async function* (ground, { target, environment, options, caller }) {
  const nowMs = ground.clock.now();
  const sinceMs = typeof options['since'] === 'number' ? nowMs - options['since'] : undefined;
  const seen = (interval: Interval) => maySee(ground, caller, interval);
  if (target) {
    const key = targetKey(target);
    const intervals = clipped((await ground.ledger.intervals({ group: key })).filter(seen), sinceMs, nowMs);
    if (!intervals.length && !(await ground.desired.revisions(key, 1)).length)
      return say.unknownGroup(key, await groupsFor(ground, caller));
    const total = bill(intervals, nowMs);
    yield* say.billBlocks(total);
    return say.done('cost', { group: key, bill: total, intervals });
  }
  const by = byOf(options['by']);
  const all = await ground.ledger.intervals(sinceMs === undefined ? {} : { sinceMs });
  const wanted = clipped(all.filter(seen), sinceMs, nowMs).filter(({ group }) => isIn(group, environment));
  const bills = [...Map.groupBy(wanted, (interval) => nameIn(by, interval))].map(([name, intervals]) => ({
    name,
    ...(by === 'group' ? { group: intervals[0]?.group } : {}),
    bill: bill(intervals, nowMs),
  }));
  yield* say.costTable(by, bills, bill(wanted, nowMs));
  return say.done('cost', { by, [`${by}s`]: bills, total: bill(wanted, nowMs) });
};

/** What waits for groups is a line of its own, by whatever it is summed up. */
function nameIn(by: By, interval: Interval): string {
  const host = standbyName(interval.group);
  return host === undefined ? NAMED[by](interval) : say.standbyWords(host);
}

function byOf(option: unknown): By {
  return option === 'environment' || option === 'repository' || option === 'caller' ? option : 'group';
}

function isIn(group: GroupKey, environment: string | undefined): boolean {
  return environment === undefined || partsOf(group).environment === environment;
}

/** What was used since then: an interval that had begun before counts from then on. */
function clipped(intervals: readonly Interval[], sinceMs: number | undefined, nowMs: number): Interval[] {
  if (sinceMs === undefined) return [...intervals];
  return intervals
    .filter(({ endedAtMs }) => (endedAtMs ?? nowMs) > sinceMs)
    .map((interval) => ({ ...interval, startedAtMs: Math.max(interval.startedAtMs, sinceMs) }));
}
