import { Failure } from '../failure.ts';
import type { Run, Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { locationOf } from './locations.ts';
import { lineMask, maskOf } from './mask.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** What the containers of a group print; with `follow` until the reader leaves. */
export const runLogs: RunVerb = async function* (ground, asked, signal) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
  const container = containerOf(wish, asked.target?.container);
  const { tail, follow, timestamps, grep, since, previous } = asked.options;
  const request = {
    key,
    follow: follow === true && previous !== true,
    ...(typeof tail === 'number' ? { tail } : {}),
    ...(typeof since === 'number' ? { sinceMs: ground.clock.now() - since } : {}),
    ...(container === undefined ? {} : { container }),
  };
  const mask = lineMask(await maskOf(ground, key));
  const wanted = typeof grep === 'string' ? grep.toLowerCase() : '';
  const windows = previous === true ? await previousRuns(ground, wish, container) : [{}];
  let count = 0;
  for (const window of windows) {
    for await (const line of locationOf(ground, wish).engine.logs({ ...request, ...window }, signal)) {
      const { text } = mask(line);
      if (wanted && !text.toLowerCase().includes(wanted)) continue;
      count++;
      yield say.logBlock({ ...line, text }, timestamps === true);
    }
  }
  return say.done('logs', { lines: count });
};

function containerOf({ revision: { group } }: Wish, wanted: string | undefined): string | undefined {
  const names = [...group.initContainers, ...group.containers].map(({ name }) => name);
  if (wanted === undefined || names.includes(wanted)) return wanted;
  throw new Failure('container-unknown', `${group.name} has no container "${wanted}".`, {
    advice: `It has ${names.join(', ')}.`,
  });
}

/** The run before the last start of each container, as a window of the same log. */
async function previousRuns(ground: Ground, wish: Wish, container: string | undefined) {
  const ended = (await ground.runs.runs(wish.key)).filter(
    (run) => container === undefined || run.container === container,
  );
  const observed = await locationOf(ground, wish).engine.observe(AbortSignal.timeout(10_000), wish.key);
  const pods = observed.get(wish.key)?.pods ?? [];
  const members = pods.flatMap((pod) => pod.members);
  const sinceMs = Math.max(0, ...pods.map(({ createdAtMs }) => createdAtMs));
  const kept = ended.filter(({ startedAtMs }) => startedAtMs >= sinceMs);
  if (ended.length && !kept.length) throw logGone(wish);
  const windows = [...Map.groupBy(kept, (run: Run) => run.container)].flatMap(([name, runs]) => {
    const now = members.find((member) => member.name === name);
    const at = runs.findLastIndex(
      ({ startedAtMs }) => startedAtMs < (now?.startedAtMs ?? Number.POSITIVE_INFINITY),
    );
    const [last, before] = [runs[at], runs[at - 1]];
    if (!last) return [];
    const sinceMs = before ? between(before, last) : 0;
    const end =
      now?.startedAtMs === undefined ? {} : { untilMs: between(last, { startedAtMs: now.startedAtMs }) };
    return [{ container: name, sinceMs, ...end }];
  });
  if (windows.length) return windows;
  throw new Failure('no-previous-run', `${wish.revision.group.name} has not been restarted.`, {
    advice: `katabot logs ${wish.revision.group.name} shows the run that goes on.`,
  });
}

/** A stop, a change or a removal by hand made a new pod; the engine keeps a log as long as its container. */
function logGone({ revision: { group } }: Wish): Failure {
  return new Failure(
    'log-gone',
    `What ${group.name} printed before went with the containers that printed it.`,
    {
      advice: `katabot logs ${group.name} shows the run that goes on; katabot history ${group.name} what happened before.`,
    },
  );
}

/**
 * Where the lines of one run end and those of the next begin. An engine notes a start after it, and an end before it has
 * read the last lines: neither time parts them, but what lies half-way does.
 */
function between(
  { finishedAtMs }: Pick<Run, 'finishedAtMs'>,
  { startedAtMs }: Pick<Run, 'startedAtMs'>,
): number {
  return Math.round((finishedAtMs + startedAtMs) / 2);
}
