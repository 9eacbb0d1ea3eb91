import type { ObservedMember } from '../engines/index.ts';
import type { Group } from '../spec/index.ts';
import type { Run } from './wish.ts';

type Policy = Group['restartPolicy'];

/** A container that ran this long counts as healthy: its next exit starts the back-off anew. */
const HEALTHY_RUN_MS = 10 * 60_000;
/** What Linux says of a program that was killed. */
const KILLED = 137;
const FIRST_DELAY_MS = 10_000;
const LONGEST_DELAY_MS = 5 * 60_000;

/** Whether a container that ended is to run again (ACI: init containers treat Always as OnFailure). */
export function restartsAfter(policy: Policy, exitCode: number, init: boolean): boolean {
  if (policy === 'Never') return false;
  if (policy === 'Always' && !init) return true;
  return exitCode !== 0;
}

type Ended =
  | Pick<ObservedMember, 'name' | 'startedAtMs' | 'exitCode'>
  | Pick<Run, 'container' | 'startedAtMs' | 'exitCode'>;

/** The exit code that decides what follows: a run that was ended because its probe failed has failed, whatever it said. */
export function decisiveCode({ startedAtMs, exitCode = 0, ...which }: Ended, runs: readonly Run[]): number {
  const container = 'name' in which ? which.name : which.container;
  const run = runs.find((each) => each.container === container && each.startedAtMs === startedAtMs);
  return run?.unhealthy ? exitCode || KILLED : exitCode;
}

/**
 * When a container that ended may start again: at once the first time, then after 10 s, 20 s, 40 s ... 5 minutes.
 * ACI says only that the delay grows; the numbers are Kubernetes'.
 */
export function restartAtMs(member: ObservedMember, runs: readonly Run[]): number {
  const ended = runs
    .filter((run) => run.container === member.name)
    .sort((a, b) => b.startedAtMs - a.startedAtMs);
  const healthy = ended.findIndex((run) => run.finishedAtMs - run.startedAtMs >= HEALTHY_RUN_MS);
  const failures = healthy < 0 ? ended.length : healthy;
  const delay = failures <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 2));
  return (member.finishedAtMs ?? 0) + delay;
}
