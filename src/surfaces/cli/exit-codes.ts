import { Failure } from '../../failure.ts';
import type { Outcome } from '../../replies/index.ts';

/** Every exit code of the command line, as docs/command-line.md shows it. */
export const EXIT_CODES = [
  [0, 'Done.'],
  [1, 'The answer is no: errors in a file, a deploy that failed, no such group.'],
  [2, 'Not understood: the words make no command.'],
  [3, 'No bot answers there, or it went away for good.'],
  [4, 'Not allowed: no token, a wrong one, or a right that is missing.'],
  [130, 'Ctrl-C. What had begun goes on; the last line says how to pick it up.'],
  [143, 'Told to end (SIGTERM).'],
] as const;

/** Why the command line stops before the answer is there. */
export class Interruption extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.name = 'Interruption';
    this.exitCode = exitCode;
  }
}

/** The bot knows what was asked, and will not do it for this caller. */
export class NotAllowed extends Failure {}

/** The code of a command that came to an end. */
export function exitCodeOf({ kind, code }: Pick<Outcome, 'kind' | 'code'>): number {
  if (kind === 'done') return 0;
  if (kind === 'invalid' && code === 'usage') return 2;
  return RIGHTS_REFUSED.has(code) ? 4 : 1;
}

/** What policy answers to people who lack a right; every other refusal is about the thing itself. */
const RIGHTS_REFUSED = new Set([
  'token-missing',
  'right-missing',
  'token-limited',
  'caller-unknown',
  'repository-refused',
]);

/** The code of a command that could not be asked, or not to its end. */
export function exitCodeOfFailure(failure: Failure): number {
  if (failure instanceof NotAllowed) return 4;
  if (failure.code === 'usage') return 2;
  if (failure.code === 'bot-unreachable') return 3;
  return exitCodeOf({ kind: 'failed', code: failure.code });
}

/** How an interrupted command ends. A signal without a reason of ours is a reader that has seen enough. */
export function exitCodeOfSignal(signal: AbortSignal): number {
  return signal.reason instanceof Interruption ? signal.reason.exitCode : 0;
}
