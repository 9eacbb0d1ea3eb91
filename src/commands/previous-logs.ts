import type { ObservedGroup, ObservedPod } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { beginningOf, type KeptLog, partedBy, type Run, triedOf, type Wish } from '../reconciler/index.ts';
import type { Ground } from './ground.ts';

/** The run before the last start of a container: a part of the log that the engine has, or what was kept of one that is gone. */
export type Previous = { readonly window: Window } | KeptRun;

interface KeptRun {
  readonly kept: KeptLog;
}

interface Window {
  readonly container?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Of several sandboxes the one that is meant, as engines take it. */
  readonly upTo?: number;
}

/** The previous run of each container of a group. Throws a Failure `no-previous-run`, `log-gone`. */
export async function previousRuns(
  ground: Ground,
  wish: Wish,
  observed: ObservedGroup | undefined,
  wanted: string | undefined,
): Promise<Previous[]> {
  const { initContainers, containers } = wish.revision.group;
  const ended = Map.groupBy(await ground.runs.runs(wish.key), ({ container }) => container);
  const kept = new Map(
    (await ground.logs.logs(wish.key))
      .filter(({ repository }) => repository === wish.repository)
      .map((log) => [log.container, log]),
  );
  const names = [...initContainers, ...containers]
    .map(({ name }) => name)
    .filter((name) => wanted === undefined || name === wanted);
  const { serving, beside } = partedBy(wish, observed);
  const pod = serving?.pods.at(-1);
  const givenUp = triedOf(wish)
    ? undefined
    : beside?.pods.findLast(({ revision }) => revision > wish.revision.number);
  const found = names.flatMap((name) => {
    const log = kept.get(name);
    // A later revision that was tried and given up has printed last, though what serves began before it.
    const later = givenUp && givenUp.revision > (log?.revision ?? 0) ? givenUp : undefined;
    // It is still on its way out, and its lines are not kept yet.
    if (later?.members.some((member) => member.name === name))
      return { window: { container: name, upTo: later.revision } };
    if (log && log.revision > wish.revision.number) return { kept: log };
    return previousOf(name, pod, ended.get(name) ?? [], log) ?? [];
  });
  if (found.length) return found;
  throw names.some((name) => ended.has(name)) ? logGone(wish) : neverRestarted(wish);
}

/** What is kept of a group that is gone; nothing when that was somebody else's. */
export async function logsOfRemoved(
  ground: Ground,
  key: GroupKey,
  mayRead: (repository: string) => boolean,
): Promise<KeptRun[]> {
  const logs = await ground.logs.logs(key);
  return logs.filter(({ repository }) => mayRead(repository)).map((kept) => ({ kept }));
}

function previousOf(
  container: string,
  pod: ObservedPod | undefined,
  runs: readonly Run[],
  kept: KeptLog | undefined,
): Previous | undefined {
  const now = pod?.members.find(({ name }) => name === container);
  const nowMs = now?.startedAtMs ?? Number.POSITIVE_INFINITY;
  // The container that is there has printed since it was made: after the pod, and after the one that was kept.
  const sinceMs = Math.max(pod?.createdAtMs ?? 0, (kept?.startedAtMs ?? 0) + 1);
  const last = now && runs.findLast(({ startedAtMs }) => startedAtMs >= sinceMs && startedAtMs < nowMs);
  if (last) {
    const end = Number.isFinite(nowMs) ? { untilMs: beginningOf([last], nowMs) } : {};
    return { window: { container, sinceMs: beginningOf(runs, last.startedAtMs), ...end } };
  }
  return kept && kept.startedAtMs < nowMs ? { kept } : undefined;
}

function neverRestarted({ revision: { group } }: Wish): Failure {
  return new Failure('no-previous-run', `${group.name} has not been restarted.`, {
    advice: `katabot logs ${group.name} shows the run that goes on.`,
  });
}

/** Removed by hand, or longer ago than logs are kept. */
function logGone({ revision: { group } }: Wish): Failure {
  return new Failure(
    'log-gone',
    `What ${group.name} printed before went with the containers that printed it.`,
    {
      advice: `katabot logs ${group.name} shows the run that goes on; katabot history ${group.name} what happened before.`,
    },
  );
}
