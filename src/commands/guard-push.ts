import { type Decision, UNCONFIRMED } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { DeletedBranch, Follow, PushCommands, PushedBranch } from './push.ts';
import { decisionText, endOf, type Recorded, record, recorded } from './record.ts';

/** A push that was checked and waits for its ref to move: one command in the audit, from the check to the end of the deploy. */
type Waiting = Map<string, Recorded>;

const MOST_WAITING = 64;

/** Asks policy before a push is checked or a branch deleted, and keeps all of it in the audit. */
export function guardPushes(ground: Ground, commands: Omit<PushCommands, 'checkDeletion'>): PushCommands {
  const waiting: Waiting = new Map();
  return {
    checkPush: (push, signal) => checkPush(ground, commands, waiting, push, signal),
    checkDeletion: (branch) => checkDeletion(ground, branch),
    async deployPush(push) {
      const asked = waiting.get(idOf(push)) ?? (await recordPush(ground, push, decideOn(ground, push)));
      waiting.delete(idOf(push));
      return followed(asked, () => commands.deployPush(push));
    },
    async deleteBranch(branch) {
      const asked = await recordPush(ground, branch, decideOn(ground, branch));
      return followed(asked, () => commands.deleteBranch(branch));
    },
  };
}

async function* checkPush(
  ground: Ground,
  commands: Pick<PushCommands, 'checkPush'>,
  waiting: Waiting,
  push: PushedBranch,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const decision = decideOn(ground, push);
  // What would happen is shown first: nobody can mean what they have not seen.
  const unconfirmed = unconfirmedIn(ground, push, `git push -o yes REMOTE ${push.branch}`);
  const asked = await recordPush(ground, push, decision.allowed && unconfirmed ? unconfirmed : decision);
  if (!decision.allowed) {
    yield say.pushHeading(push.repository, push.environment, push.commit);
    return yield* recorded(asked, refusal(decision), signal);
  }
  let outcome: Outcome | undefined;
  try {
    outcome = yield* commands.checkPush(push, signal);
    if (outcome.kind === 'done' && unconfirmed)
      outcome = say.refused(unconfirmed.code, unconfirmed.message, unconfirmed.advice);
    return outcome;
  } finally {
    if (outcome?.kind === 'done') await wait(waiting, idOf(push), asked);
    else await asked.end(outcome);
  }
}

async function checkDeletion(ground: Ground, branch: DeletedBranch): Promise<Outcome> {
  const right = decideOn(ground, branch);
  const line = `git push -o yes REMOTE --delete ${branch.branch}`;
  const decision = (right.allowed && unconfirmedIn(ground, branch, line)) || right;
  if (decision.allowed) return say.done('checked', { branch: branch.branch });
  const outcome = say.refused(decision.code, decision.message, decision.advice);
  await (await recordPush(ground, branch, decision)).end(outcome);
  return outcome;
}

/** Whoever may deploy somewhere may also remove what was deployed. */
function decideOn({ policy }: Ground, { caller, environment, repository }: DeletedBranch): Decision {
  return policy.decide(caller, 'deployer', `deploy to ${environment}`, { environment, repository });
}

/** A protected environment is changed only by somebody who says that they mean it, at this door as at the others. */
function unconfirmedIn(
  { policy }: Ground,
  { environment, confirmed }: DeletedBranch,
  again: string,
): Extract<Decision, { allowed: false }> | undefined {
  if (confirmed !== false || !policy.isProtected(environment)) return undefined;
  const { code, message } = UNCONFIRMED;
  return {
    allowed: false,
    code,
    message,
    advice: `Nothing has changed. Push it again with -o yes: ${again}`,
  };
}

function recordPush(
  ground: Ground,
  { repository, branch, environment, caller, commit }: DeletedBranch & { readonly commit?: string },
  decision: Decision,
): Promise<Recorded> {
  const what = commit === undefined ? `--delete ${branch}` : `${branch}@${commit.slice(0, 7)}`;
  return record(ground, {
    caller: caller.name,
    surface: 'git',
    text: `git push ${repository} ${what}`,
    group: '',
    environment,
    decision: decisionText(decision),
  });
}

// biome-ignore lint/correctness/useYield: there is nothing to tell but the end
async function* refusal(decision: Extract<Decision, { allowed: false }>): AsyncGenerator<Block, Outcome> {
  return say.refused(decision.code, decision.message, decision.advice);
}

/** A push whose ref never moves is given up when many others have come after it. */
async function wait(waiting: Waiting, id: string, asked: Recorded): Promise<void> {
  await waiting.get(id)?.end(undefined);
  waiting.set(id, asked);
  const [oldest, given] = [...waiting][0] ?? [];
  if (waiting.size <= MOST_WAITING || oldest === undefined) return;
  waiting.delete(oldest);
  await given?.end(undefined);
}

async function followed(asked: Recorded, begin: () => Promise<Follow>): Promise<Follow> {
  try {
    const follow = await begin();
    return (signal) => recorded(asked, follow(signal), signal);
  } catch (error) {
    await asked.end(endOf(error));
    throw error;
  }
}

function idOf({ repository, branch, commit }: PushedBranch): string {
  return `${repository} ${branch} ${commit}`;
}
