import { type Bill, formatDuration, formatMoney, formatTotal, type Money } from '../metering/index.ts';

// What the bot says in a pull request, besides what it says everywhere.

/** How an environment of a pull request is doing. */
export type PlaceState =
  | 'waiting'
  | 'deploying'
  | 'running'
  | 'finished'
  | 'stopped'
  | 'failed'
  | 'unknown'
  | 'removing'
  | 'removed';

const STATES: Readonly<Record<PlaceState, readonly [mark: string, word: string]>> = {
  waiting: ['⏳', 'waits'],
  deploying: ['🔄', 'deploying'],
  running: ['✅', 'running'],
  finished: ['✅', 'finished'],
  stopped: ['⏸', 'stopped'],
  failed: ['❌', 'failed'],
  unknown: ['❔', 'the engine does not answer'],
  removing: ['🔄', 'going'],
  removed: ['⏹', 'removed'],
};

/** The state in a cell: never by colour alone. `detail` is such as the failure's code, the step, or who removed it. */
export function placeWords(state: PlaceState, detail: string): string {
  const [mark, word] = STATES[state];
  return `${mark} ${word}${detail ? ` · ${detail}` : ''}`;
}

export function rateWords(perHour: Money): string {
  return `${formatMoney(perHour, { digits: 4 })} /h`;
}

export function spentWords(bill: Bill): string {
  return formatTotal(bill);
}

/** `14:02 UTC`, with the day when it is another one. */
export function momentWords(atMs: number, nowMs: number): string {
  const [at, now] = [new Date(atMs).toISOString(), new Date(nowMs).toISOString()];
  const time = `${at.slice(11, 16)} UTC`;
  return at.slice(0, 10) === now.slice(0, 10) ? time : `${at.slice(0, 10)} ${time}`;
}

/** Whether commits come from a fork, and what may become of them. */
export type ForkState = 'no' | 'planned' | 'to-approve' | 'approved';

/** How a plan ended, as a title. */
export type PlanVerdict = 'ready' | 'invalid' | 'refused' | 'failed' | 'none';

export function planTitle(verdict: PlanVerdict, errors: number): string {
  switch (verdict) {
    case 'ready':
      return 'ready to deploy';
    case 'invalid':
      return errors === 1 ? '1 error' : `${errors} errors`;
    case 'refused':
      return 'it would not be deployed';
    case 'failed':
      return 'it could not be planned';
    case 'none':
      return 'no container group in this commit';
  }
}

/** What can be typed next. */
export function nextCommands(
  verdict: PlanVerdict,
  states: readonly PlaceState[],
  preview: string,
  { waiting = [], fork = 'no' }: { waiting?: readonly string[]; fork?: ForkState } = {},
): string {
  if (waiting.length) return [...waiting, '`/kata help`'].join(' · ');
  if (states.includes('deploying')) return `\`/kata cancel\` stops it · \`/kata status\``;
  if (states.includes('failed')) return '`/deploy` tries again · `/kata logs --previous` · `/kata help`';
  if (states.some((state) => state === 'running' || state === 'finished' || state === 'stopped'))
    return '`/kata logs` · `/kata cost` · `/kata extend --by 2h` · `/kata rollback` · `/kata help`';
  if (fork === 'planned') return '`/kata plan` · `/kata help`';
  if (fork === 'to-approve') return `\`/kata approve ${preview.replaceAll('`', '')}\` · \`/kata help\``;
  if (verdict === 'ready' && fork === 'approved')
    return `\`/deploy\` brings it up as ${preview} · \`/kata help\``;
  if (verdict === 'ready')
    return `\`/deploy\` brings it up as ${preview} · \`/deploy to staging\` · \`/kata help\``;
  return verdict === 'none' ? '`/kata help`' : 'Push a commit that mends it: it is planned again by itself.';
}

/** In answer to lines that came into a comment later. */
export function editedComment(lines: readonly string[]): string {
  const which = lines.length === 1 ? 'command was' : 'commands were';
  return `The ${which} edited into a comment that people have read already, so nothing was done. Write a new comment:`;
}

export function tooManyCommands(count: number, most: number): string {
  return `${count} commands stand in this comment; ${most} is the most, so none was run. Write the others in another comment.`;
}

export function lifetimeWords({ livedMs }: Bill): string {
  return formatDuration(livedMs);
}

/** The outcome first: what a check and a deployment are titled. */
export function deployTitle(went: boolean, environment: string, code: string): string {
  return went ? `deployed to ${environment}` : `not deployed to ${environment}: ${code}`;
}

export function removedTitle(by: string): string {
  return `removed ${by}`;
}

export function deployingTitle(environment: string): string {
  return `deploying to ${environment}`;
}
