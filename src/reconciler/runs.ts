import type { ObservedGroup, ObservedMember, Pod } from '../engines/index.ts';
import { partedBy } from './beside.ts';
import type { Feed } from './feed.ts';
import type { EventBook, RunBook, Wish } from './wish.ts';

/** Between a killing and its end little can happen in a group. */
const LAST_EVENTS = 100;

interface RunParts {
  readonly runs: RunBook;
  readonly events: EventBook;
  readonly feed: Feed;
}

/** Writes down the runs that have ended since the last look, and tells each once. */
export async function recordRuns(
  { runs, events, feed }: RunParts,
  wish: Wish,
  observed: ObservedGroup | undefined,
): Promise<void> {
  // What was given up, or has been replaced, ends because it was asked to.
  const going = wish.beside && !wish.beside.isTried ? partedBy(wish, observed).beside?.pods : [];
  for (const pod of observed?.pods ?? []) {
    for (const member of pod.members) {
      if (member.state !== 'exited' || member.startedAtMs === undefined || member.finishedAtMs === undefined)
        continue;
      const exitCode = member.exitCode ?? 0;
      const unhealthy = await killedFor(events, wish, member);
      const fresh = await runs.record({
        key: wish.key,
        podId: pod.id,
        container: member.name,
        startedAtMs: member.startedAtMs,
        finishedAtMs: member.finishedAtMs,
        exitCode,
        outOfMemory: member.outOfMemory,
        unhealthy,
      });
      if (!fresh || wish.wanted === 'deleted' || going?.includes(pod)) continue;
      const asked = wasAsked(wish, member);
      const reason = asked || unhealthy || (member.outOfMemory ? 'out of memory' : `exit code ${exitCode}`);
      feed.tell(wish.key, member.revision, {
        kind: 'member-exited',
        container: member.name,
        exitCode,
        reason,
        ...(asked ? { asked: true } : {}),
      });
    }
  }
}

/** Why the bot itself ended a run, as it wrote down before it did so; '' for one that ended otherwise. */
async function killedFor(
  events: EventBook,
  { key, revision }: Wish,
  { name, startedAtMs }: ObservedMember,
): Promise<string> {
  if (!revision.group.containers.some((each) => each.name === name && each.livenessProbe)) return '';
  const told = await events.events({ group: key, last: LAST_EVENTS });
  const fact = told.findLast(
    ({ fact: each }) =>
      each.kind === 'killing' && each.container === name && each.startedAtMs === startedAtMs,
  )?.fact;
  return fact?.kind === 'killing' ? fact.reason : '';
}

/** Why somebody wanted this end; '' for one that came by itself. */
function wasAsked(wish: Wish, member: ObservedMember): string {
  if (wish.wanted === 'stopped') return 'stopped with the group';
  return !member.init && endedForRestart(wish, member) ? 'stopped for a restart' : '';
}

/** Whether a run that began before a restart was asked for ended after that. */
export function endedForRestart(
  { restartBeforeMs }: Pick<Wish, 'restartBeforeMs'>,
  { startedAtMs = 0, finishedAtMs = 0 }: Pick<ObservedMember, 'startedAtMs' | 'finishedAtMs'>,
): boolean {
  return startedAtMs < restartBeforeMs && finishedAtMs >= restartBeforeMs;
}

export async function tellStarted(
  { runs, feed }: Pick<RunParts, 'runs' | 'feed'>,
  pod: Pod,
  containers: readonly string[],
): Promise<void> {
  const ended = await runs.runs(pod.key);
  for (const container of containers) {
    const restartCount = ended.filter(
      (run) => run.container === container && run.podId.endsWith(`.r${pod.podRevision}`),
    ).length;
    feed.tell(pod.key, pod.revision, { kind: 'member-started', container, restartCount });
  }
}
