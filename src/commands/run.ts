import { Failure } from '../failure.ts';
import { type Decision, type Right, UNCONFIRMED } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { type KnownPlace, knownIn, placeOf } from './about.ts';
import { runAudit } from './audit.ts';
import { runCancel } from './cancel.ts';
import { commandText } from './command-text.ts';
import { runCost } from './cost.ts';
import { runDelete } from './delete.ts';
import { runDeploy } from './deploy.ts';
import { runDoctor } from './doctor.ts';
import { runExport } from './export.ts';
import { runExtend } from './extend.ts';
import { runGpu } from './gpu.ts';
import type { Ground } from './ground.ts';
import { helpFor, helpText } from './help.ts';
import { runHistory } from './history.ts';
import { runList } from './list.ts';
import { runLogs } from './logs.ts';
import { parse, parseLine } from './parse.ts';
import { runPlan } from './plan.ts';
import { type Recorded, record, recorded } from './record.ts';
import { runRestart } from './restart.ts';
import { runRollback } from './rollback.ts';
import { saidText } from './said-text.ts';
import { runSecret } from './secret.ts';
import { runStart } from './start.ts';
import { runStatus } from './status.ts';
import { runStop } from './stop.ts';
import type { Command, RunVerb, Said } from './verb.ts';
import { runWhoami } from './whoami.ts';

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
  whoami: runWhoami,
  audit: runAudit,
  secret: runSecret,
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
    const judged = await judge(ground, said);
    const asked = await recordAsked(ground, said, judged);
    return yield* recorded(asked, work(ground, said, judged, signal), signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say.failedOutcome(error);
  }
}

/** A command that was understood and allowed, or the answer that it gets instead; and what the audit keeps of it. */
interface Judged {
  readonly verdict: { readonly command: Command; readonly run: RunVerb } | { readonly answer: Outcome };
  /** Whether it takes no more than to look. */
  readonly reading: boolean;
  readonly decision: string;
  readonly group: string;
  readonly environment: string;
}

async function judge(ground: Ground, said: Said): Promise<Judged> {
  const place = { reading: false, group: '', environment: '' };
  let command: Command;
  try {
    command = await commandOf(ground, said);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...place, verdict: { answer: say.failedOutcome(error) }, decision: `refused: ${error.code}` };
  }
  const { name, right } = command.verb;
  if (name === 'help')
    return {
      ...place,
      reading: true,
      decision: 'allowed: anybody',
      verdict: { answer: helped(said, command) },
    };
  const run = RUNS[name];
  if (!run || right === null) {
    const refusal = say.refused(
      'wrong-surface',
      `${name} is not something to ask the bot.`,
      'katabot help lists the verbs.',
    );
    return { ...place, verdict: { answer: refusal }, decision: 'refused: wrong-surface' };
  }
  const known = await placeOf(ground, command, said.here);
  const allowed = decideOn(ground, said, command, right, known);
  const decision =
    allowed.allowed && said.here && command.verb.mutating ? await said.here.admit(command) : allowed;
  return {
    reading: right === 'reader',
    group: known.group,
    environment: known.place.environment ?? '',
    decision: decision.allowed ? `allowed: ${decision.rule}` : `refused: ${decision.code}`,
    verdict: decision.allowed
      ? { command, run }
      : { answer: say.refused(decision.code, decision.message, decision.advice) },
  };
}

function helped({ surface }: Said, { words: [topic = ''] }: Command): Outcome {
  const text = topic ? helpFor(topic) : helpText(surface);
  return say.done('help', { text }, [{ kind: 'verbatim', text }]);
}

/** Words as a shell gives them, or a line of text with quotes of its own. */
async function commandOf({ desired }: Ground, { words, line, surface, here }: Said): Promise<Command> {
  if (line === undefined) return parse(words, surface);
  const command = parseLine(line, surface, knownIn(await desired.list(), here));
  if (command) return command;
  throw new Failure('usage', 'This is no command.', { advice: 'A command begins with /kata: /kata help' });
}

/** Who asks about much, or about what is not there, is told as much of it as they may see. */
function decideOn(
  { policy }: Ground,
  { caller }: Said,
  command: Command,
  right: Right,
  { place, whole, looks }: KnownPlace,
): Decision {
  const { verb, target, options } = command;
  const deed = verb.takesSecret ? 'keep secrets' : target ? `${verb.name} ${target.name}` : verb.name;
  const decision =
    (right === 'reader' || looks) && !whole
      ? policy.somewhere(caller, right, deed, place)
      : policy.decide(caller, right, deed, place);
  if (!decision.allowed) return decision;
  const asks = verb.confirms && verb.options.some(({ name }) => name === 'yes');
  const confirmed = options['yes'] === true || options['dry-run'] === true;
  if (!asks || confirmed || !policy.isProtected(place.environment ?? '')) return decision;
  const { code, message, advice } = UNCONFIRMED;
  const again = commandText({ ...command, options: { ...options, yes: true } });
  return { allowed: false, code, message, advice: `${advice} ${again}` };
}

/** A bot whose disk is full can still be looked at; nothing else happens that is not written down. */
async function recordAsked(ground: Ground, said: Said, judged: Judged): Promise<Recorded> {
  const { decision, group, environment } = judged;
  const { caller, surface } = said;
  const text = saidText(said);
  const asking = { caller: caller.name, surface, text, decision, group, environment };
  try {
    return await record(ground, asking);
  } catch (error) {
    if (!judged.reading || !(error instanceof Failure)) throw error;
    return { end: async () => {} };
  }
}

async function* work(
  ground: Ground,
  { caller, files = [], secret, here }: Said,
  { verdict }: Judged,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  if ('answer' in verdict) return verdict.answer;
  try {
    return yield* verdict.run(
      ground,
      { ...verdict.command, caller, files, ...(secret ? { secret } : {}), ...(here ? { here } : {}) },
      signal,
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return say.failedOutcome(error);
  }
}
