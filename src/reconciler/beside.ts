import type { ObservedGroup, ObservedMember, ObservedPod, Pod, Step } from '../engines/index.ts';
import type { About } from '../failure.ts';
import type { Standing } from './assess.ts';
import { type Health, healthOf } from './health.ts';
import { clearAway, nextStep } from './next-step.ts';
import { decisiveCode } from './restarts.ts';
import type { Run, Settled, Wish } from './wish.ts';

// A revision that is tried beside the one that serves: what of a group is which, and what is next. All of it is pure.

/** What was seen of a group, by its two places. */
export interface Parted {
  /** What serves, or is to. */
  readonly serving: ObservedGroup | undefined;
  /** What is at the second place, and what is left of something that was. */
  readonly beside: ObservedGroup | undefined;
}

/**
 * A sandbox belongs to the place whose network it has. What has no sandbox any more shows none: where something serves, it
 * is a rest of what was at the second place.
 */
export function partedBy({ beside }: Pick<Wish, 'beside'>, observed: ObservedGroup | undefined): Parted {
  if (!beside || !observed) return { serving: observed, beside: undefined };
  const { key, pods } = observed;
  const elsewhere = pods.filter(({ subnet }) => subnet !== beside.subnet);
  const serves = elsewhere.some(({ state }) => state !== 'absent');
  const serving = elsewhere.filter(({ state, subnet }) => state !== 'absent' || subnet || !serves);
  return {
    serving: { key, pods: serving },
    beside: { key, pods: pods.filter((pod) => !serving.includes(pod)) },
  };
}

/** Why a revision that was tried is given up. */
export interface Cause {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  readonly about: About;
}

/** What is to be done at the second place of a group. */
export type Next =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'promote'; readonly settled: Settled }
  | { readonly kind: 'abandon'; readonly cause: Cause }
  /** Nothing is there, and nothing is to be. */
  | { readonly kind: 'vacate' }
  /** Nothing for now; looked at again then, or when something happens. */
  | { readonly kind: 'wait'; readonly atMs?: number };

/** What is tried, and how it was seen. */
export interface Trial {
  readonly pod: Pod;
  readonly imagesPinned: boolean;
  readonly standing: Standing;
  /** Of the whole group. */
  readonly runs: readonly Run[];
  /** Since when everything has run as it does now, by the bot's clock. */
  readonly steadySinceMs: number;
}

interface Times {
  readonly nowMs: number;
  readonly provisioningTimeoutMs: number;
}

/** What has no readiness probe counts as healthy once it has run for so long; a program that cannot begin ends sooner. */
export const STEADY_MS = 5_000;
/** The first end is answered by a start at once; after the second one the delays would begin. */
const MOST_ENDS = 2;
const CANCELLED: Cause = {
  code: 'cancelled',
  message: 'The group was stopped before its new revision was healthy.',
  advice: 'Start the group and deploy the revision again.',
  about: {},
};

/** The one thing to do at the second place. `trial` is undefined where nothing is tried there any more. */
export function nextBeside(
  { key, wanted, beside, revision }: Pick<Wish, 'key' | 'wanted' | 'beside' | 'revision'>,
  there: readonly ObservedPod[],
  trial: Trial | undefined,
  times: Times,
): Next {
  if (!trial) {
    const staysUntilMs = wanted === 'running' ? (beside?.staysUntilMs ?? 0) : 0;
    if (times.nowMs < staysUntilMs) return { kind: 'wait', atMs: staysUntilMs };
    const step = clearAway(key, there);
    return step ? { kind: 'step', step } : { kind: 'vacate' };
  }
  if (wanted !== 'running') return { kind: 'abandon', cause: CANCELLED };
  const { standing, pod, imagesPinned } = trial;
  // What lingers there was replaced, and is never taken up again: of two sandboxes the newer one serves, or is tried.
  const replaced = clearAway(
    key,
    there.filter((each) => each.revision <= revision.number),
  );
  if (replaced && imagesPinned) return { kind: 'step', step: replaced };
  const cause = endedTooOften(trial);
  if (cause) return { kind: 'abandon', cause };
  switch (standing.kind) {
    case 'unhealthy':
      return { kind: 'abandon', cause: notLive(standing.members, standing.health) };
    case 'unready':
      return untilReady(standing.members, times);
    case 'waiting':
      // One that ends well again and again, and begins anew each time, has come up.
      return standing.begun && standing.pod.members.every(hasNotFailed)
        ? { kind: 'promote', settled: 'Running' }
        : { kind: 'wait', atMs: standing.atMs };
    case 'finished':
      return standing.outcome === 'Succeeded'
        ? { kind: 'promote', settled: 'Succeeded' }
        : { kind: 'abandon', cause: ended(pod, badRunsIn(trial)[0], 'ended with an error') };
    case 'in-sync':
      return isProbed(pod) || times.nowMs - trial.steadySinceMs >= STEADY_MS
        ? { kind: 'promote', settled: 'Running' }
        : { kind: 'wait', atMs: trial.steadySinceMs + STEADY_MS };
    default: {
      const step = nextStep(standing, pod, imagesPinned);
      return step ? { kind: 'step', step } : { kind: 'wait' };
    }
  }
}

function hasNotFailed({ state, exitCode }: ObservedMember): boolean {
  return state !== 'exited' || exitCode === 0;
}

/** Nothing has to be waited for where every container says itself when it is ready. */
function isProbed({ group }: Pod): boolean {
  return group.containers.every(({ readinessProbe }) => readinessProbe);
}

/** A container that ends with an error again, after it was started anew, does not come up. */
function endedTooOften(trial: Trial): Cause | undefined {
  const often = Map.groupBy(badRunsIn(trial), ({ container }) => container)
    .values()
    .find(({ length }) => length >= MOST_ENDS);
  return often && ended(trial.pod, often[0], 'ended with an error, and again when it was started anew');
}

/** Those of the sandbox that is tried. */
function badRunsIn({ standing, runs }: Trial): Run[] {
  if (!('pod' in standing)) return [];
  const own = runs.filter((run) => run.podId === standing.pod.id);
  return own.filter((run) => decisiveCode(run, own) !== 0);
}

function ended({ group }: Pod, run: Run | undefined, how: string): Cause {
  return {
    code: 'exit-code',
    message: `${run?.container ?? group.name} ${how}.`,
    advice: 'What it printed last says why; a new push is tried anew.',
    about: run ? { container: run.container } : {},
  };
}

function notLive(
  members: Extract<Standing, { kind: 'unhealthy' }>['members'],
  health: readonly Health[],
): Cause {
  const [member] = members;
  const text = member ? (healthOf(health, member)?.text ?? '') : '';
  return {
    code: 'probe-failed',
    message: `${member?.name ?? ''}: the liveness probe failed: ${text}.`,
    advice: 'Its last lines may say what it waits for; a new push is tried anew.',
    about: { container: member?.name ?? '', probe: 'liveness' },
  };
}

/** A start is in the engine's time, which may be ahead: it is never waited for longer than the limit. */
function untilReady(members: readonly Health[], { nowMs, provisioningTimeoutMs }: Times): Next {
  const last = members.toSorted((a, b) => a.startedAtMs - b.startedAtMs).at(-1);
  const leftMs = (last?.startedAtMs ?? nowMs) + provisioningTimeoutMs - nowMs;
  if (leftMs > 0) return { kind: 'wait', atMs: nowMs + Math.min(leftMs, provisioningTimeoutMs) };
  const { container = '', text = '' } = last ?? {};
  const seconds = Math.round(provisioningTimeoutMs / 1000);
  return {
    kind: 'abandon',
    cause: {
      code: 'probe-failed',
      message: `${container} was not ready within ${seconds} s of its start: its readiness probe ${text ? `says: ${text}` : 'was not answered'}.`,
      advice: 'Its last lines may say what it waits for; a new push is tried anew.',
      about: { container, probe: 'readiness' },
    },
  };
}

/** What is advised for a failed step, where that is not taken again by itself. */
export function adviceWithoutRetry(advice: string): string {
  return advice.replace(/\b(it|the deploy) is tried again by itself/i, (words) =>
    words.startsWith('I') ? 'A new push is tried anew' : 'a new push is tried anew',
  );
}
