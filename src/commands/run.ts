import { Failure } from '../failure.ts';
import { type Caller, decide } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { runCost } from './cost.ts';
import { runDelete } from './delete.ts';
import type { Ground } from './ground.ts';
import { runLogs } from './logs.ts';
import { parse } from './parse.ts';
import { runStatus } from './status.ts';
import type { RunVerb } from './verb.ts';

const RUNS: Readonly<Record<string, RunVerb>> = {
  status: runStatus,
  logs: runLogs,
  cost: runCost,
  delete: runDelete,
};

/** Runs a command given as words, for whoever says it. What people can mend ends as an outcome, never as a throw. */
export async function* runCommand(
  ground: Ground,
  words: readonly string[],
  caller: Caller,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  try {
    const command = parse(words);
    const run = RUNS[command.verb.name];
    if (!run || command.verb.right === null) {
      return say.refused(
        'wrong-surface',
        `${command.verb.name} is not something to ask the bot.`,
        'katabot help lists the verbs.',
      );
    }
    const decision = decide(caller, command.verb.right, command.verb.name);
    if (!decision.allowed) return say.refused(decision.code, decision.message, decision.advice);
    return yield* run(ground, { ...command, caller, files: [] }, signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say.failedOutcome(error);
  }
}
