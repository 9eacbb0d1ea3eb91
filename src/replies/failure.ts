import type { GroupKey } from '../event.ts';
import { formatMoney, type Money } from '../metering/index.ts';
import type { Block, Outcome } from './document.ts';
import { nameOf } from './group.ts';
import { excerptOf, stage } from './push.ts';

// What the bot says of a group that does not come up: the cause, the line to change, what serves, what it cost.

/** A deploy that did not come up, as people and programs are told of it. Never holds a secret. */
export interface FailureReport {
  readonly code: string;
  /** One sentence: what happened. */
  readonly message: string;
  readonly advice: string;
  readonly group: GroupKey;
  readonly revision: number;
  readonly container: string | null;
  readonly exitCode: number | null;
  /** What that container printed last. */
  readonly lastLines: readonly string[];
  /** The line of the file to change. */
  readonly place: FailurePlace | null;
  readonly suggestion: Suggestion | null;
  /** The older revision that goes on as if nothing had happened; null when none does. */
  readonly serving: number | null;
  /** It was tried beside that one: what it has printed is no longer the newest log. */
  readonly isGivenUp?: true;
  /** Containers that run all the same; null when the engine could not be asked. */
  readonly running: readonly string[] | null;
  /** What this revision has cost until now. */
  readonly cost: Money;
  readonly attempt: { readonly startedAtMs: number; readonly tookMs: number };
}

export interface FailurePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
  /** Such as `properties.containers[0].properties.image`. */
  readonly path: string;
}

/** What to write at the place, and what that adds to the price. */
export interface Suggestion {
  /** As it is written, such as `memoryInGB: 8`. */
  readonly text: string;
  readonly addsPerHour?: Money;
}

/** A failure of a group whose file is not at hand. */
export function failureBlocks({
  code,
  message,
  advice,
}: {
  code: string;
  message: string;
  advice: string;
}): Block[] {
  return [stage('failed', code, message), ...arrow(advice)];
}

export function failed(failure: { code: string; message: string; advice: string }): Outcome {
  return { kind: 'failed', code: failure.code, blocks: [], data: failure };
}

/** One failure, one message: what happened, what was printed last, what to change, what serves, what it cost. */
export function reportBlocks(report: FailureReport, text: string): Block[] {
  const { code, message, advice, container, lastLines, place, suggestion } = report;
  const isOver = ['superseded', 'cancelled', 'evicted'].includes(code);
  return [
    stage(isOver ? 'warning' : 'failed', code, message),
    ...lastLines.map((line): Block => ({ kind: 'log', source: container ?? '', text: line })),
    ...mendBlocks(place, suggestion, text),
    ...arrow(advice),
    ...(isOver ? [] : [indented(servingSentence(report))]),
    indented(`The attempt has cost ${formatMoney(report.cost)}. ${nextSentence(report)}`),
  ];
}

function arrow(advice: string): Block[] {
  return advice ? [indented(`→ ${advice}`)] : [];
}

function indented(text: string): Block {
  return { kind: 'text', text: `    ${text}` };
}

function mendBlocks(place: FailurePlace | null, suggestion: Suggestion | null, text: string): Block[] {
  const adds = suggestion?.addsPerHour
    ? ` (adds ${formatMoney(suggestion.addsPerHour, { digits: 4 })} /h)`
    : '';
  const at = place ? `${place.file}:${place.line}:${place.column}` : '';
  if (suggestion) {
    const where = place ? ` at ${at}` : '';
    return [indented(`Likely fix: ${suggestion.text}${where}${adds}`), ...excerptBlocks(place, text)];
  }
  return place ? [indented(`The line to change: ${at}`), ...excerptBlocks(place, text)] : [];
}

/** The line and the caret below it. */
function excerptBlocks(place: FailurePlace | null, text: string): Block[] {
  return place ? excerptOf(place, text).split('\n').slice(-2).map(indented) : [];
}

function servingSentence({ serving, running }: FailureReport): string {
  if (running === null) return 'What serves cannot be seen while the engine does not answer.';
  if (serving !== null) return `Revision ${serving} keeps serving; nothing changed for its users.`;
  if (running.length) return `${running.join(', ')} ${running.length === 1 ? 'runs' : 'run'} on.`;
  return 'Nothing serves until this is mended.';
}

function nextSentence({ code, container, group, running, isGivenUp }: FailureReport): string {
  const words = nameOf(group);
  const [name = '', ...where] = words.split(' ');
  const commands = [
    ...(container !== null && running !== null
      ? [[`katabot logs ${name}/${container}`, ...where, ...(isGivenUp ? ['--previous'] : [])]]
      : []),
    ...(code === 'cancelled' ? [['katabot cost', words]] : [['katabot status', words]]),
  ];
  return `Next: ${commands.map((parts) => `\`${parts.join(' ')}\``).join(' · ')}`;
}

/** How every deploy ends that did not come up; `blocks` have been told as they were found out. */
export function reported(report: FailureReport): Outcome {
  return { kind: 'failed', code: report.code, blocks: [], data: report };
}

/** `main ended with exit code 3, 0.1 s after its start` */
export function exitSentence(exit: {
  container: string;
  init: boolean;
  exitCode: number;
  outOfMemory: boolean;
  ranMs: number;
  limitGb: number;
}): string {
  const { container, exitCode, outOfMemory, limitGb } = exit;
  const who = exit.init ? `The init container ${container}` : container;
  const after = `${(exit.ranMs / 1000).toFixed(1)} s after its start`;
  if (outOfMemory && exitCode === KILLED)
    return `${who} was killed ${after}: out of memory (limit ${limitGb} GB).`;
  if (outOfMemory)
    return `${who} ended with exit code ${exitCode}, ${after}, after the memory ran out (limit ${limitGb} GB).`;
  const meaning = EXIT_MEANINGS[exitCode];
  return `${who} ended with exit code ${exitCode}${meaning ? ` (${meaning})` : ''}, ${after}.`;
}

const KILLED = 137;

/** What shells and Linux mean by some codes; programs are free to mean something else. */
const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  126: 'usually: a program may not be run',
  127: 'usually: a program was not found',
  132: 'illegal instruction',
  134: 'it gave up by itself',
  [KILLED]: 'killed',
  139: 'it touched memory that is not its own',
  143: 'it was told to end',
};

/** `web is ended: its liveness probe failed, HTTP 500 from 80/healthz` */
export function probeFailed(container: string, reason: string): { message: string; advice: string } {
  return {
    message: `${container} was ended, because its ${reason}.`,
    advice:
      'Check the probe and what it asks; a program that is slow to start needs a larger initialDelaySeconds.',
  };
}

/** The last resort, when nobody saw which container it was. */
export function crashed(name: string): { message: string; advice: string } {
  return { message: `${name} ended with an error.`, advice: 'Its log may say why.' };
}

/** What becomes of a container that ended. */
export function restartSentence(again: boolean, init: boolean): string {
  if (!again) return 'It is not started again (restartPolicy).';
  return init
    ? 'It is started again with growing delays; nothing else starts before it succeeds.'
    : 'It is started again with growing delays.';
}

export function foreignProgram(image: string, foreign: string): { message: string; advice: string } {
  return {
    message: `The image ${image} is made for ${foreign}, another processor architecture than the host’s.`,
    advice: 'Build the image for the host’s architecture, or as a multi-architecture image.',
  };
}

export function unrunnableProgram(container: string): { message: string; advice: string } {
  return {
    message: `The host cannot run the program of ${container}: it is neither made for this processor nor a script with a first line.`,
    advice: 'Begin a script with a line such as #!/bin/sh, or build the program for the host’s architecture.',
  };
}

export function missingInterpreter(container: string): { message: string; advice: string } {
  return {
    message: `What the program of ${container} is run by does not exist in the image: an interpreter, or a loader.`,
    advice:
      'Look at the first line of a script (it may end in a carriage return), or build the program statically.',
  };
}

export function timedOut(
  name: string,
  minutes: number,
  pulling: string,
): { message: string; advice: string } {
  return {
    message: pulling
      ? `The image ${pulling} was not pulled within ${minutes} minutes.`
      : `${name} did not come up within ${minutes} minutes.`,
    advice: 'The bot goes on trying; it is only the telling that ends.',
  };
}

export function cancelled(name: string, by: string): { message: string; advice: string } {
  return {
    message: by ? `${by} deleted ${name} before it was up.` : `${name} was removed before it was up.`,
    advice: 'Push again to bring it up.',
  };
}

export function supersededBy(revision: number, by: number): { message: string; advice: string } {
  return {
    message: `Revision ${by} took the place of revision ${revision} before it was up.`,
    advice: 'How the newer one goes is told to whoever pushed it.',
  };
}
