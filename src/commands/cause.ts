import type { ObservedPod } from '../engines/index.ts';
import type { Event, Fact } from '../event.ts';
import type { About } from '../failure.ts';
import { decisiveCode, type Run, restartsAfter } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { containerLimits, type Group, groupSize } from '../spec/index.ts';

/** Why a group did not come up, before anything is looked up around it. */
export interface Cause {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  readonly about: About;
  readonly exitCode?: number;
  /** What it printed last, without secrets. */
  readonly lastLines?: readonly string[];
}

/** The cause that a failed step has named. */
export function failureCause({ kind: _, code, message, advice, ...about }: Failed): Cause {
  return { code, message, advice, about };
}

type Failed = Extract<Fact, { kind: 'failed' }>;

/** Why a container ended, judged by its run, what it printed last, and what is known of its image. Pure. */
export function exitCause(
  group: Group,
  run: Run,
  lastLines: readonly string[],
  events: readonly Event[],
): Cause {
  const { container, exitCode, outOfMemory } = run;
  const init = group.initContainers.some(({ name }) => name === container);
  const again = restartsAfter(group.restartPolicy, decisiveCode(run, [run]), init);
  const rest = { about: { container }, exitCode };
  if (run.unhealthy) {
    const { message, advice } = say.probeFailed(container, run.unhealthy);
    const about = { container, probe: 'liveness' } as const;
    const rest = say.restartSentence(again, init);
    return { code: 'probe-failed', message, advice: `${rest} ${advice}`, about, exitCode };
  }
  const unrunnable = outOfMemory ? undefined : unrunnableCause(group, run, lastLines.at(-1), events);
  if (unrunnable) return { ...unrunnable, ...rest };
  const ranMs = Math.max(0, run.finishedAtMs - run.startedAtMs);
  const limitGb = memoryLimitGb(group, container);
  return {
    code: outOfMemory ? 'out-of-memory' : init ? 'init-failed' : 'exit-code',
    message: say.exitSentence({ container, init, exitCode, outOfMemory, ranMs, limitGb }),
    advice: say.restartSentence(again, init),
    ...rest,
  };
}

/** The run that keeps a pod from being well now, if one does: of a container that ended with an error and does not run. */
export function troubleOf(pod: ObservedPod | undefined, runs: readonly Run[]): Run | undefined {
  const own = runs.filter((run) => run.podId === pod?.id);
  const bad = (pod?.members ?? []).filter(
    (member) => member.state === 'exited' && decisiveCode(member, own) !== 0,
  );
  const first = bad.find(({ init }) => init) ?? bad[0];
  return own.findLast((run) => run.container === first?.name && (run.exitCode !== 0 || run.unhealthy));
}

/** What the container runtime prints in a program's place when it cannot become that program. */
const RUNTIME_WORDS =
  /^(?:standard_init_linux\.go:\d+: exec user process caused: |exec \S+: )(exec format error|no such file or directory)$/;

function unrunnableCause(
  group: Group,
  { container, exitCode }: Run,
  lastLine: string | undefined,
  events: readonly Event[],
): Pick<Cause, 'code' | 'message' | 'advice'> | undefined {
  if (exitCode !== 1 && exitCode !== 255) return undefined;
  const words = RUNTIME_WORDS.exec(lastLine?.trim() ?? '')?.[1];
  if (words === 'no such file or directory')
    return { code: 'command-not-found', ...say.missingInterpreter(container) };
  const image = [...group.initContainers, ...group.containers].find(({ name }) => name === container)?.image;
  const foreign = events.flatMap(({ fact }) =>
    fact.kind === 'image' && fact.image === image && fact.foreign ? [fact.foreign] : [],
  )[0];
  // A program of another processor that ended without a word has not begun either.
  if (image !== undefined && foreign !== undefined && (words || lastLine === undefined))
    return { code: 'wrong-architecture', ...say.foreignProgram(image, foreign) };
  return words ? { code: 'command-not-executable', ...say.unrunnableProgram(container) } : undefined;
}

function memoryLimitGb(group: Group, container: string): number {
  const member = group.containers.find(({ name }) => name === container);
  const { memoryBytes } = member ? containerLimits(member) : groupSize(group);
  return Math.round((memoryBytes / 2 ** 30) * 10) / 10;
}
