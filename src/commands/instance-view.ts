import type { ObservedMember } from '../engines/index.ts';
import type { Event, Fact } from '../event.ts';
import type { Run } from '../reconciler/index.ts';

/** A state of a container as ACI's instance view has it. */
export interface ContainerState {
  readonly state: 'Waiting' | 'Running' | 'Terminated';
  readonly startTime?: string;
  readonly finishTime?: string;
  readonly exitCode?: number;
  /** Such as `Completed`, `Error`, `CrashLoopBackOff: …`; '' when there is nothing to add. */
  readonly detailStatus: string;
}

/** An event of a container, with ACI's name; what repeats is counted. */
export interface ContainerEvent {
  readonly name: 'Pulling' | 'Pulled' | 'Started' | 'Unhealthy' | 'Killing' | 'Failed';
  readonly type: 'Normal' | 'Warning';
  readonly message: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

/** The state before the one that is: how the last run ended; null when there was none. */
export function previousState(
  member: ObservedMember | undefined,
  runs: readonly Run[],
): ContainerState | null {
  const before = runs.findLast(({ startedAtMs }) => startedAtMs !== member?.startedAtMs);
  if (!before) return null;
  return {
    state: 'Terminated',
    startTime: timeOf(before.startedAtMs),
    finishTime: timeOf(before.finishedAtMs),
    exitCode: before.exitCode,
    detailStatus: endStatus(before),
  };
}

/** How a run ended, in ACI's words, and why where that is known. */
export function endStatus({
  exitCode,
  outOfMemory,
  unhealthy,
}: Pick<Run, 'exitCode' | 'outOfMemory' | 'unhealthy'>): string {
  if (unhealthy) return `Error: ${unhealthy}`;
  if (outOfMemory) return 'OOMKilled';
  return exitCode === 0 ? 'Completed' : 'Error';
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** What happened to one container, oldest first. */
export function eventsOf(
  container: { name: string; image: string },
  events: readonly Event[],
): ContainerEvent[] {
  const told = new Map<string, ContainerEvent>();
  for (const { atMs, fact } of events) {
    const said = saidOf(container, fact);
    if (!said) continue;
    const [name, type, message] = said;
    const at = timeOf(atMs);
    const before = told.get(`${name} ${message}`);
    told.set(`${name} ${message}`, {
      name,
      type,
      message,
      count: (before?.count ?? 0) + 1,
      firstTimestamp: before?.firstTimestamp ?? at,
      lastTimestamp: at,
    });
  }
  return [...told.values()];
}

function saidOf(
  { name, image }: { name: string; image: string },
  fact: Fact,
): [ContainerEvent['name'], ContainerEvent['type'], string] | undefined {
  if (fact.kind === 'image' && fact.image === image) {
    if (fact.state === 'pulling') return ['Pulling', 'Normal', `pulling image "${image}"`];
    return fact.state === 'pulled' ? ['Pulled', 'Normal', `Successfully pulled image "${image}"`] : undefined;
  }
  if (!('container' in fact) || fact.container !== name) return undefined;
  switch (fact.kind) {
    case 'member-started':
      return ['Started', 'Normal', 'Started container'];
    case 'unhealthy':
      return ['Unhealthy', 'Warning', `${capital(fact.probe)} probe failed: ${fact.answer}`];
    case 'killing':
      return ['Killing', 'Normal', `Killing container: ${fact.reason}`];
    case 'failed':
      return ['Failed', 'Warning', fact.message];
    default:
      return undefined;
  }
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
