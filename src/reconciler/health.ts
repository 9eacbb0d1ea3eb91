import type { ObservedMember } from '../engines/index.ts';
import type { Probe } from '../spec/index.ts';

/** When a probe asks, and how many answers count. Kubernetes' defaults where ACI names none. */
export interface ProbePlan {
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

/** What a probe was told; `text` says what was wrong, such as `HTTP 503`. */
export type Answer = { readonly ok: true } | { readonly ok: false; readonly text: string };

/** How far a program came that was to say how its container is. */
export type Asking = 'not begun' | 'late' | { readonly exitCode: number; readonly lastLine: string };

/** Undefined when nothing was learnt: a host that has not even begun the program says nothing about the container. */
export function answerOf(asking: Asking, timeoutMs: number): Answer | undefined {
  if (asking === 'not begun') return undefined;
  if (asking === 'late') return { ok: false, text: `no answer within ${timeoutMs / 1000} s` };
  if (asking.exitCode === 0) return { ok: true };
  const words = asking.lastLine ? `: ${asking.lastLine}` : '';
  return { ok: false, text: `exit code ${asking.exitCode}${words}` };
}

/** What all answers until now come to. */
export interface Verdict {
  readonly passing: boolean;
  /** In a row, until now. */
  readonly successes: number;
  readonly failures: number;
  /** What was wrong the last time; '' while nothing was. */
  readonly text: string;
}

/** How one run of a container is, as far as its probes say. */
export interface Health {
  readonly container: string;
  readonly memberId: string;
  readonly startedAtMs: number;
  /** False once the liveness probe has failed for good: the run is to end. */
  readonly live: boolean;
  /** False until the readiness probe has succeeded, and again while it fails. */
  readonly ready: boolean;
  /** What the failing probe was told last; '' while all is well, or nothing was asked yet. */
  readonly text: string;
}

export function planOf(probe: Probe): ProbePlan {
  return {
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: (probe.periodSeconds ?? 10) * 1000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
    failureThreshold: probe.failureThreshold ?? 3,
    successThreshold: probe.successThreshold ?? 1,
  };
}

/** A container lives until it is known not to, and is not ready until it is known to be. */
export function firstVerdict(passing: boolean): Verdict {
  return { passing, successes: 0, failures: 0, text: '' };
}

export function judge(before: Verdict, answer: Answer, plan: ProbePlan): Verdict {
  const successes = answer.ok ? before.successes + 1 : 0;
  const failures = answer.ok ? 0 : before.failures + 1;
  return {
    passing: before.passing ? failures < plan.failureThreshold : successes >= plan.successThreshold,
    successes,
    failures,
    text: answer.ok ? '' : answer.text,
  };
}

/**
 * How long until a run is asked for the first time. The start is in the engine's time; a clock that goes wrong there
 * never makes the delay longer than it was written.
 */
export function firstDelayMs(plan: ProbePlan, startedAtMs: number, nowMs: number): number {
  return Math.min(plan.initialDelayMs, Math.max(0, startedAtMs + plan.initialDelayMs - nowMs));
}

/** The health of the run that a member is in; undefined for one without probes. */
export function healthOf(
  health: readonly Health[],
  { id, startedAtMs }: Pick<ObservedMember, 'id' | 'startedAtMs'>,
): Health | undefined {
  return health.find((each) => each.memberId === id && each.startedAtMs === startedAtMs);
}
