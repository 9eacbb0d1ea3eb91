import type { PushCommands, PushedBranch } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Caller } from '../../policy/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { BranchBook } from '../../store/index.ts';
import type { Turns } from './turns.ts';

/** What checking and deploying a push needs. */
export interface PushParts {
  /** Where the bare repositories lie. */
  readonly folder: string;
  readonly commands: PushCommands;
  readonly branches: BranchBook;
  readonly turns: Turns;
  readonly options: PushOptions;
  /** Tells an error of the bot's own; gives the reference that a person is shown. */
  readonly reportInternal: (error: unknown) => string;
}

/** Commands that come along with a push: `git push -o "/kata status hello"`. */
export interface PushOptions {
  /** Whether a line is a command at all. Throws a Failure for one that is wrong. */
  check(line: string): boolean;
  run(line: string, caller: Caller, signal: AbortSignal): AsyncGenerator<Block, Outcome>;
}

/** One push under way: from the client's request to the end of the deploy. */
export interface Push {
  readonly repository: string;
  readonly caller: Caller;
  /** Fires when the work ends before a ref has moved: the client went away, or the bot is stopping. */
  readonly leaving: AbortController;
  /** Fires when nobody listens any more: the deploy goes on. */
  readonly audience: AbortController;
  /** A ref has moved, or is about to: from here on the work is not ended with the connection. */
  committed: boolean;
  /** The refs that moved were handed to the commands. */
  handedOver: boolean;
  endTurn: () => void;
  /** Settled before the first ref moves; what is shown then is what happens later. */
  defaultBranch: string;
  /** Whether `-o yes` came along. */
  confirmed: boolean;
  /** Whether `-o queue` came along. */
  queue: boolean;
  /** Commands that came along, checked. */
  options: readonly string[];
  /** What was checked, by ref. */
  readonly checked: Map<string, PushedBranch>;
}

export const HEADS = 'refs/heads/';

export type Show = (block: Block) => void;

export function createPush(repository: string, caller: Caller): Push {
  return {
    repository,
    caller,
    leaving: new AbortController(),
    audience: new AbortController(),
    committed: false,
    handedOver: false,
    endTurn: () => {},
    defaultBranch: '',
    confirmed: false,
    queue: false,
    options: [],
    checked: new Map(),
  };
}

/** Nobody listens any more; and when no ref has moved yet, the work ends. */
export function leavePush(push: Push, why: string): void {
  const reason = new Failure('push-ended', why, { advice: 'Push again.' });
  push.audience.abort(reason);
  if (!push.committed) push.leaving.abort(reason);
}

/** Shows a command's blocks as they come, then the end. */
export async function drained(command: AsyncGenerator<Block, Outcome>, show: Show): Promise<Outcome> {
  let step = await command.next();
  for (; !step.done; step = await command.next()) show(step.value);
  for (const block of step.value.blocks) show(block);
  return step.value;
}

/** Tells what was thrown: a failure in its own words, anything else as one sentence with a reference. */
export function tellThrown(parts: Pick<PushParts, 'reportInternal'>, error: unknown, show: Show): void {
  const failure = error instanceof Failure ? error : internal(parts.reportInternal(error));
  for (const block of say.failedOutcome(failure).blocks) show(block);
}

function internal(reference: string): Failure {
  return new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
    advice: 'The bot’s log has the details under the reference.',
  });
}
