import type { ObservedGroup, ObservedMember, ObservedPod, Pod } from '../engines/index.ts';
import type { Container } from '../spec/index.ts';
import { type Health, healthOf } from './health.ts';
import { decisiveCode, restartAtMs, restartsAfter } from './restarts.ts';
import type { Run, Wish } from './wish.ts';

/** Where a group stands between what is wished and what was seen. Adjectives; what follows is `nextStep`'s business. */
export type Standing =
  | { kind: 'gone' }
  | { kind: 'unwanted'; pods: readonly ObservedPod[] }
  /** Wanted stopped: something still runs, or nothing does any more. */
  | { kind: 'stopping'; pods: readonly ObservedPod[] }
  | { kind: 'stopped' }
  /** Nothing that could serve the wish is there; `pods` are in the way. */
  | { kind: 'absent'; pods: readonly ObservedPod[]; drift: string }
  /** The right sandbox runs, with members that belong to an older revision or to nobody, or that somebody has changed. */
  | { kind: 'out-of-date'; pod: ObservedPod; members: readonly ObservedMember[]; drift: string }
  /** Members that are to be started anew still run. */
  | { kind: 'stale'; pod: ObservedPod; members: readonly ObservedMember[] }
  /** Members whose liveness probe has failed still run. */
  | { kind: 'unhealthy'; pod: ObservedPod; members: readonly ObservedMember[]; health: readonly Health[] }
  | { kind: 'initializing'; pod: ObservedPod; start: string; atMs: number }
  /** `begun`: every member has run and is ready, but for those that ended and wait for their restart. */
  | { kind: 'waiting'; pod: ObservedPod; atMs: number; begun: boolean }
  | { kind: 'incomplete'; pod: ObservedPod; start: readonly string[]; drift: string }
  | { kind: 'finished'; pod: ObservedPod; outcome: 'Succeeded' | 'Failed' }
  /** All that should run does, and some of it is not ready for traffic. */
  | { kind: 'unready'; pod: ObservedPod; members: readonly Health[] }
  | { kind: 'in-sync'; pod: ObservedPod };

/** What is told of a sandbox that ended without being asked. */
export const SANDBOX_STOPPED = 'its sandbox has stopped';

/** Waiting for something that ends by itself; looked at again when the engine hints, or after this long. */
const LOOK_AGAIN_MS = 5_000;

/** Compares one wish with what was seen. Pure: the same arguments give the same standing, whatever happened before. */
export function assess(
  wish: Pick<Wish, 'wanted' | 'restartBeforeMs' | 'settled'>,
  pod: Pod,
  observed: ObservedGroup | undefined,
  runs: readonly Run[],
  nowMs: number,
  health: readonly Health[] = [],
): Standing {
  const pods = observed?.pods ?? [];
  if (wish.wanted === 'deleted') return pods.length ? { kind: 'unwanted', pods } : { kind: 'gone' };
  if (wish.wanted === 'stopped') {
    const left = pods.filter((each) => each.state === 'running' || each.members.some(isRunning));
    return left.length ? { kind: 'stopping', pods: left } : { kind: 'stopped' };
  }
  const current = currentPod(pod, pods);
  const others = pods.filter((each) => each !== current && !isVolumesOf(pod, each));
  if (!current) return { kind: 'absent', pods: others, drift: driftOf(wish, pod, pods) };
  if (others.length) return { kind: 'absent', pods: others, drift: '' };
  const own = runsOf(current, runs);
  const finished = finishedOutcome(wish, pod, current, own);
  if (finished) return { kind: 'finished', pod: current, outcome: finished };
  if (current.state !== 'running') {
    if (current.state === 'created') return { kind: 'absent', pods: [], drift: '' };
    // A restart of a group that has ended, or a start after a stop, is no surprise.
    const drift = wish.settled === 'Running' ? SANDBOX_STOPPED : '';
    return { kind: 'absent', pods: [current], drift };
  }
  return assessMembers(wish, pod, current, own, nowMs, health);
}

function isRunning({ state }: ObservedMember): boolean {
  return state === 'running';
}

/** What is left of the same pod when only its volumes were kept: the next sandbox takes them over. */
export function isVolumesOf(pod: Pick<Pod, 'fingerprint'>, each: ObservedPod): boolean {
  return each.state === 'absent' && each.members.length === 0 && each.fingerprint === pod.fingerprint;
}

/** Whether a member's last start lies before the restart that was asked for. */
function isStale(
  { restartBeforeMs }: Pick<Wish, 'restartBeforeMs'>,
  { init, startedAtMs }: ObservedMember,
): boolean {
  return !init && startedAtMs !== undefined && startedAtMs < restartBeforeMs;
}

/** The newest pod made for this wish; an older one is in the way. */
function currentPod(pod: Pod, pods: readonly ObservedPod[]): ObservedPod | undefined {
  return pods.findLast(
    (each) => each.fingerprint === pod.fingerprint && each.state !== 'absent' && hasGpusOf(pod, each),
  );
}

/** What still runs has the devices that are its own now; what has ended holds none. */
function hasGpusOf({ gpus }: Pod, { members }: ObservedPod): boolean {
  return members.every((member) => !isRunning(member) || isSame(gpus[member.name] ?? [], member.gpus));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id) => other.includes(id));
}

function driftOf({ settled }: Pick<Wish, 'settled'>, pod: Pod, pods: readonly ObservedPod[]): string {
  if (settled === 'Running' && !pods.length) return 'all of it was removed';
  const broken = pods.find(
    (each) => each.state === 'absent' && each.members.some((member) => member.revision === pod.revision),
  );
  return broken ? 'its sandbox was removed' : '';
}

function runsOf(pod: ObservedPod, runs: readonly Run[]): Run[] {
  return runs.filter((run) => run.podId === pod.id);
}

function assessMembers(
  wish: Pick<Wish, 'restartBeforeMs' | 'settled'>,
  pod: Pod,
  current: ObservedPod,
  runs: readonly Run[],
  nowMs: number,
  health: readonly Health[],
): Standing {
  const strangers = current.members.filter(
    (member) => pod.memberFingerprints[member.name] !== member.fingerprint,
  );
  if (strangers.length) return { kind: 'out-of-date', pod: current, members: strangers, drift: '' };
  const changed = current.members.filter((member) => isRunning(member) && member.changed.length);
  if (changed.length) {
    const drift = changed.flatMap(({ name, changed: fields }) => fields.map((field) => `${name}: ${field}`));
    return { kind: 'out-of-date', pod: current, members: changed, drift: drift.join(', ') };
  }
  const stale = current.members.filter((member) => isRunning(member) && isStale(wish, member));
  if (stale.length) return { kind: 'stale', pod: current, members: stale };
  const unhealthy = current.members.filter(
    (member) => isRunning(member) && healthOf(health, member)?.live === false,
  );
  if (unhealthy.length) return { kind: 'unhealthy', pod: current, members: unhealthy, health };
  const policy = pod.group.restartPolicy;
  const find = (name: string) => current.members.find((member) => member.name === name);
  const begun = pod.group.containers.some(({ name }) => find(name));
  for (const { name } of begun ? [] : pod.group.initContainers) {
    const init = find(name);
    if (init?.state === 'exited' && init.exitCode === 0) continue;
    if (init?.state === 'running')
      return { kind: 'waiting', pod: current, atMs: nowMs + LOOK_AGAIN_MS, begun: false };
    const atMs = init?.state === 'exited' ? restartAtMs(init, runs) : nowMs;
    return atMs > nowMs
      ? { kind: 'waiting', pod: current, atMs, begun: false }
      : { kind: 'initializing', pod: current, start: name, atMs };
  }
  const start: string[] = [];
  let waitUntilMs = Number.POSITIVE_INFINITY;
  for (const { name } of pod.group.containers) {
    const member = find(name);
    if (!member || member.state === 'created' || isStale(wish, member)) start.push(name);
    else if (member.state !== 'exited' || !restartsAfter(policy, decisiveCode(member, runs), false)) continue;
    if (member?.state !== 'exited' || start.includes(name)) continue;
    const atMs = restartAtMs(member, runs);
    if (atMs <= nowMs) start.push(name);
    else waitUntilMs = Math.min(waitUntilMs, atMs);
  }
  if (start.length) return { kind: 'incomplete', pod: current, start, drift: missingOf(wish, start, find) };
  const unready = health.filter(({ ready, memberId }) => !ready && isIn(current, memberId));
  if (!Number.isFinite(waitUntilMs))
    return unready.length
      ? { kind: 'unready', pod: current, members: unready }
      : { kind: 'in-sync', pod: current };
  // One that waits for its restart is not ready either.
  const isReady = ({ name, readinessProbe }: Container) => !readinessProbe || find(name)?.state === 'running';
  const begunAll = !unready.length && pod.group.containers.every(isReady);
  return { kind: 'waiting', pod: current, atMs: waitUntilMs, begun: begunAll };
}

function isIn({ members }: ObservedPod, memberId: string): boolean {
  return members.some((member) => member.id === memberId && isRunning(member));
}

/** Members of a group that was complete, and whose containers are no longer there. */
function missingOf(
  { settled }: Pick<Wish, 'settled'>,
  start: readonly string[],
  find: (name: string) => ObservedMember | undefined,
): string {
  const missing = settled === 'Running' ? start.filter((name) => !find(name)) : [];
  return missing.map((name) => `${name}: removed`).join(', ');
}

/** How a group ended, when all that was to run has ended for good (ACI's Succeeded and Failed). */
function finishedOutcome(
  wish: Pick<Wish, 'restartBeforeMs'>,
  pod: Pod,
  current: ObservedPod,
  runs: readonly Run[],
): 'Succeeded' | 'Failed' | undefined {
  const policy = pod.group.restartPolicy;
  const forGood = (member: ObservedMember) =>
    member.state === 'exited' &&
    !isStale(wish, member) &&
    !restartsAfter(policy, decisiveCode(member, runs), member.init);
  const known = current.members.filter(
    (member) => pod.memberFingerprints[member.name] === member.fingerprint,
  );
  if (known.some((member) => member.init && forGood(member) && member.exitCode !== 0)) return 'Failed';
  const members = pod.group.containers.map(({ name }) => known.find((member) => member.name === name));
  if (!members.every((member) => member !== undefined && forGood(member))) return undefined;
  return members.every((member) => member && decisiveCode(member, runs) === 0) ? 'Succeeded' : 'Failed';
}
