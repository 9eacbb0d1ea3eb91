import { Failure } from '../failure.ts';
import { nameOfAccount } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { runApprove, runReject } from './approve.ts';
import { runAudit } from './audit.ts';
import { runCancel } from './cancel.ts';
import { runCost } from './cost.ts';
import { runDelete } from './delete.ts';
import { runDeploy } from './deploy.ts';
import { runDoctor } from './doctor.ts';
import { runExec } from './exec.ts';
import { runExport } from './export.ts';
import { runExtend } from './extend.ts';
import { runGpu } from './gpu.ts';
import type { Ground } from './ground.ts';
import { runHistory } from './history.ts';
import { used } from './hold.ts';
import { runHost } from './host.ts';
import { type Judged, judge } from './judge.ts';
import { runLink, runUnlink } from './link.ts';
import { runList } from './list.ts';
import { runLogs } from './logs.ts';
import { runPlan } from './plan.ts';
import { type Recorded, record, recorded } from './record.ts';
import { runRestart } from './restart.ts';
import { runRollback } from './rollback.ts';
import { saidText } from './said-text.ts';
import { runSecret } from './secret.ts';
import { runStart } from './start.ts';
import { runStatus } from './status.ts';
import { runStop } from './stop.ts';
import { runSubscribe, runSubscriptions, runUnsubscribe } from './subscribe.ts';
import type { RunVerb, Said } from './verb.ts';
import { runWhoami } from './whoami.ts';

const RUNS: Readonly<Record<string, RunVerb>> = {
  plan: runPlan,
  deploy: runDeploy,
  status: runStatus,
  list: runList,
  history: runHistory,
  logs: runLogs,
  exec: runExec,
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
  whoami: runWhoami,
  audit: runAudit,
  secret: runSecret,
  host: runHost,
  approve: runApprove,
  reject: runReject,
  link: runLink,
  unlink: runUnlink,
  subscribe: runSubscribe,
  unsubscribe: runUnsubscribe,
  subscriptions: runSubscriptions,
};

/**
 * Runs a command given as words, for whoever says it, and keeps it in the audit. What people can mend ends as an outcome,
 * never as a throw.
 */
export async function* runCommand(
  ground: Ground,
  said: Said,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  try {
    const judged = await judge(ground, said, RUNS);
    const asked = await recordAsked(ground, said, judged);
    return yield* recorded(asked, work(ground, said, judged, signal), signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say.failedOutcome(error);
  }
}

/** A bot whose disk is full can still be looked at; nothing else happens that is not written down. */
async function recordAsked(ground: Ground, said: Said, judged: Judged): Promise<Recorded> {
  const { decision, group, environment } = judged;
  const { caller, surface } = said;
  const text = saidText(said);
  // Both identities: the name that somebody has everywhere, and the account from which they spoke.
  const from = caller.accounts?.chat ? nameOfAccount(caller.accounts.chat) : surface;
  const asking = { caller: caller.name, surface: from, text, decision, group, environment };
  try {
    return await record(ground, asking);
  } catch (error) {
    if (!judged.reading || !(error instanceof Failure)) throw error;
    return { end: async () => {} };
  }
}

async function* work(
  ground: Ground,
  { caller, files = [], secret, here, channel }: Said,
  { verdict }: Judged,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  if ('answer' in verdict) return verdict.answer;
  const { command, run, admission, proposal, told } = verdict;
  if (caller.asOfMs !== undefined) yield say.rightsOfEarlier(caller.asOfMs);
  try {
    yield* told;
    if (here && command.verb.mutating && command.options['dry-run'] !== true)
      await here.begin(command, admission.commit);
    const outcome = yield* run(
      ground,
      {
        ...command,
        caller,
        files,
        admission,
        ...(secret ? { secret } : {}),
        ...(here ? { here } : {}),
        ...(channel ? { channel } : {}),
      },
      signal,
    );
    // Left in the middle, it is still approved for whoever goes on with it.
    if (proposal && !signal.aborted) await used(ground, proposal);
    return outcome;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say.failedOutcome(error);
  }
}
