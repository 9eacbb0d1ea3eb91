import type { ObservedGroup, ObservedMember, ObservedPod, Pod } from '../engines/index.ts';
import { restartAtMs, restartsAfter } from './restarts.ts';
import type { Run, Wish } from './wish.ts';

/** Where a group stands between what is wished and what was seen. Adjectives; what follows is `nextStep`'s business. */
export type Standing =
  | { kind: 'gone' }
  | { kind: 'unwanted'; pods: readonly ObservedPod[] }
  /** Nothing that could serve the wish is there; `pods` are in the way. */
  | { kind: 'absent'; pods: readonly ObservedPod[]; drift: string }
  /** The right sandbox runs, with members that belong to an older revision or to nobody. */
  | { kind: 'out-of-date'; pod: ObservedPod; members: readonly ObservedMember[] }
  | { kind: 'initializing'; pod: ObservedPod; start: string; atMs: number }
  /** `begun`: every member has run, and those that ended wait for their restart. */
  | { kind: 'waiting'; pod: ObservedPod; atMs: number; begun: boolean }
  | { kind: 'incomplete'; pod: ObservedPod; start: readonly string[] }
  | { kind: 'finished'; pod: ObservedPod; outcome: 'Succeeded' | 'Failed' }
  | { kind: 'in-sync'; pod: ObservedPod };

/** Waiting for something that ends by itself; looked at again when the engine hints, or after this long. */
const LOOK_AGAIN_MS = 5_000;

/** Compares one wish with what was seen. Pure: the same arguments give the same standing, whatever happened before. */
export function assess(
  wish: Pick<Wish, 'wanted'>,
  pod: Pod,
  observed: ObservedGroup | undefined,
  runs: readonly Run[],
  nowMs: number,
): Standing {
  const pods = observed?.pods ?? [];
  if (wish.wanted === 'deleted') return pods.length ? { kind: 'unwanted', pods } : { kind: 'gone' };
  const current = currentPod(pod, pods);
  if (!current) return { kind: 'absent', pods, drift: driftOf(pod, pods) };
  const others = pods.filter((each) => each !== current);
  if (others.length) return { kind: 'absent', pods: others, drift: '' };
  const finished = finishedOutcome(pod, current);
  if (finished) return { kind: 'finished', pod: current, outcome: finished };
  if (current.state !== 'running') {
    if (current.state === 'created') return { kind: 'absent', pods: [], drift: '' };
    return { kind: 'absent', pods: [current], drift: 'its sandbox has stopped' };
  }
  return assessMembers(pod, current, runsOf(current, runs), nowMs);
}

/** The newest pod made for this wish; an older one is in the way. */
function currentPod(pod: Pod, pods: readonly ObservedPod[]): ObservedPod | undefined {
  return pods.findLast((each) => each.fingerprint === pod.fingerprint && each.state !== 'absent');
}

function driftOf(pod: Pod, pods: readonly ObservedPod[]): string {
  const broken = pods.find(
    (each) => each.state === 'absent' && each.members.some((member) => member.revision === pod.revision),
  );
  return broken ? 'its sandbox was removed' : '';
}

function runsOf(pod: ObservedPod, runs: readonly Run[]): Run[] {
  return runs.filter((run) => run.podId === pod.id);
}

function assessMembers(pod: Pod, current: ObservedPod, runs: readonly Run[], nowMs: number): Standing {
  const strangers = current.members.filter(
    (member) => pod.memberFingerprints[member.name] !== member.fingerprint,
  );
  if (strangers.length) return { kind: 'out-of-date', pod: current, members: strangers };
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
    if (!member || member.state === 'created') start.push(name);
    if (member?.state !== 'exited' || !restartsAfter(policy, member.exitCode ?? 0, false)) continue;
    const atMs = restartAtMs(member, runs);
    if (atMs <= nowMs) start.push(name);
    else waitUntilMs = Math.min(waitUntilMs, atMs);
  }
  if (start.length) return { kind: 'incomplete', pod: current, start };
  return Number.isFinite(waitUntilMs)
    ? { kind: 'waiting', pod: current, atMs: waitUntilMs, begun: true }
    : { kind: 'in-sync', pod: current };
}

/** How a group ended, when all that was to run has ended for good (ACI's Succeeded and Failed). */
function finishedOutcome(pod: Pod, current: ObservedPod): 'Succeeded' | 'Failed' | undefined {
  const policy = pod.group.restartPolicy;
  const forGood = (member: ObservedMember) =>
    member.state === 'exited' && !restartsAfter(policy, member.exitCode ?? 0, member.init);
  const known = current.members.filter(
    (member) => pod.memberFingerprints[member.name] === member.fingerprint,
  );
  if (known.some((member) => member.init && forGood(member) && member.exitCode !== 0)) return 'Failed';
  const members = pod.group.containers.map(({ name }) => known.find((member) => member.name === name));
  if (!members.every((member) => member !== undefined && forGood(member))) return undefined;
  return members.every((member) => member?.exitCode === 0) ? 'Succeeded' : 'Failed';
}
