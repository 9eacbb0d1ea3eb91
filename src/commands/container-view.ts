import type { ObservedMember, ObservedPod } from '../engines/index.ts';
import type { Event } from '../event.ts';
import {
  decisiveCode,
  endedForRestart,
  type Health,
  healthOf,
  type Run,
  restartAtMs,
  restartsAfter,
  type Wish,
} from '../reconciler/index.ts';
import {
  type ContainerEvent,
  type ContainerState,
  endStatus,
  eventsOf,
  previousState,
  timeOf,
} from './instance-view.ts';

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  /** ACI's container states. */
  readonly state: 'Waiting' | 'Running' | 'Terminated';
  /** Such as `CrashLoopBackOff`, `Completed`, `Error`, `OOMKilled`, or why it was restarted; '' when there is nothing to add. */
  readonly detail: string;
  readonly restarts: number;
  /** Whether it runs and its readiness probe, if it has one, succeeds. */
  readonly ready: boolean;
  readonly startedAtMs?: number;
  readonly exitCode?: number;
  /** The same again under ACI's names. */
  readonly currentState: ContainerState;
  readonly previousState: ContainerState | null;
  /** What happened to it, as far as the newest events of the group tell. */
  readonly events: readonly ContainerEvent[];
}

interface ContainerSources {
  readonly wish: Wish;
  readonly runs: readonly Run[];
  readonly health: readonly Health[];
  readonly events: readonly Event[];
}

/** One container of a group as people look at it; pure. */
export function containerView(
  name: string,
  image: string,
  pod: ObservedPod | undefined,
  { wish, runs, health, events }: ContainerSources,
): ContainerView {
  const member = pod?.members.find((each) => each.name === name);
  const ownRuns = runs.filter((run) => run.podId === pod?.id && run.container === name);
  // A pod that was stopped and started has its name again: runs from before are no restarts.
  const restarts = ownRuns.filter(({ finishedAtMs }) => finishedAtMs >= (pod?.createdAtMs ?? 0));
  const init = wish.revision.group.initContainers.some((each) => each.name === name);
  const { state, detail } = stateOfMember(wish, member, { init, ownRuns, restarts, health });
  const { startedAtMs, exitCode } = member ?? {};
  const ended = member?.state === 'exited';
  return {
    name,
    image,
    init,
    restarts: Math.max(0, restarts.length - (ended ? 1 : 0)),
    state,
    detail,
    ready: state === 'Running' && (member === undefined || healthOf(health, member)?.ready !== false),
    ...(startedAtMs === undefined || member?.state === 'created' ? {} : { startedAtMs }),
    ...(ended ? { exitCode: exitCode ?? 0 } : {}),
    currentState: {
      state,
      ...(startedAtMs === undefined ? {} : { startTime: timeOf(startedAtMs) }),
      ...(member?.finishedAtMs === undefined ? {} : { finishTime: timeOf(member.finishedAtMs) }),
      ...(ended ? { exitCode: exitCode ?? 0 } : {}),
      detailStatus: detail,
    },
    previousState: previousState(member, restarts),
    events: eventsOf({ name, image }, events),
  };
}

interface Lives {
  readonly init: boolean;
  readonly ownRuns: readonly Run[];
  readonly restarts: readonly Run[];
  readonly health: readonly Health[];
}

function stateOfMember(
  wish: Wish,
  member: ObservedMember | undefined,
  { init, ownRuns, restarts, health }: Lives,
): Pick<ContainerView, 'state' | 'detail'> {
  if (!member || member.state === 'created') return { state: 'Waiting', detail: member?.error ?? '' };
  if (member.state === 'running') {
    const { ready = true, text = '' } = healthOf(health, member) ?? {};
    const unready = text ? `not ready: ${text}` : 'not ready yet';
    return { state: 'Running', detail: ready ? restartReason(wish, restarts.at(-1)) : unready };
  }
  const code = decisiveCode(member, ownRuns);
  const again = wish.wanted === 'running' && restartsAfter(wish.revision.group.restartPolicy, code, init);
  if (again) return { state: 'Waiting', detail: waitingDetail(member, ownRuns) };
  const { exitCode = 0, outOfMemory } = member;
  return {
    state: 'Terminated',
    detail: endStatus({ exitCode, outOfMemory, unhealthy: killedFor(member, ownRuns) }),
  };
}

function killedFor({ startedAtMs }: ObservedMember, runs: readonly Run[]): string {
  return runs.find((run) => run.startedAtMs === startedAtMs)?.unhealthy ?? '';
}

/** Why a container that runs was started again in its sandbox; '' for one that was not. */
function restartReason(wish: Wish, before: Run | undefined): string {
  if (!before) return '';
  return endedForRestart(wish, before) ? 'restarted as asked' : `restarted after ${endReason(before)}`;
}

function endReason({
  outOfMemory,
  exitCode,
  unhealthy,
}: Pick<Run, 'outOfMemory' | 'exitCode' | 'unhealthy'>): string {
  if (unhealthy) return unhealthy;
  return outOfMemory ? 'out of memory' : `exit code ${exitCode}`;
}

function waitingDetail(member: ObservedMember, runs: readonly Run[]): string {
  const until = new Date(restartAtMs(member, runs)).toISOString();
  const { outOfMemory, exitCode = 0 } = member;
  const why = endReason({ outOfMemory, exitCode, unhealthy: killedFor(member, runs) });
  return `CrashLoopBackOff: ${why}, again at ${until}`;
}
