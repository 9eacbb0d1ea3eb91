import { Failure } from '../failure.ts';
import { type Caller, decide } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { runCancel } from './cancel.ts';
import { runCost } from './cost.ts';
import { runDelete } from './delete.ts';
import { runDeploy } from './deploy-verb.ts';
import { runDoctor } from './doctor.ts';
import { runExport } from './export.ts';
import { runExtend } from './extend.ts';
import { runGpu } from './gpu.ts';
import type { Ground } from './ground.ts';
import { runHistory } from './history.ts';
import { runList } from './list.ts';
import { runLogs } from './logs.ts';
import { parse } from './parse.ts';
import { runPlan } from './plan-verb.ts';
import { runRestart } from './restart.ts';
import { runRollback } from './rollback.ts';
import { runStart } from './start.ts';
import { runStatus } from './status.ts';
import { runStop } from './stop.ts';
import type { RunVerb } from './verb.ts';

const RUNS: Readonly<Record<string, RunVerb>> = {
  plan: runPlan,
  deploy: runDeploy,
  status: runStatus,
  list: runList,
  history: runHistory,
  logs: runLogs,
  gpu: runGpu,
  cost: runCost,
  stop: runStop,
  start: runStart,
  restart: runRestart,
  rollback: runRollback,
  cancel: runCancel,
  delete: runDelete,
  export: runExport,
  extend: runExtend,
  doctor: runDoctor,
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
