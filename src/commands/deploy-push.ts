import type { GroupKey } from '../event.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { accept } from './accept.ts';
import { followDelete } from './delete.ts';
import type { Source } from './file-source.ts';
import { type Followed, followDeploy } from './follow.ts';
import type { Ground } from './ground.ts';
import { guardPushes } from './guard-push.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { orEngineFailure, type Plan, planFiles } from './plan-files.ts';
import type { Follow, PushCommands, PushedBranch } from './push.ts';
import { showPlans } from './show-plan.ts';
import { unwishMissing } from './unwish-missing.ts';

/** Deploying by push: check before the ref moves, bring up after it has. */
export function pushCommands(ground: Ground): PushCommands {
  const checked: Checked = new Map();
  return guardPushes(ground, {
    checkPush: (push, signal) => checkPush(ground, checked, push, signal),
    deployPush: (push) => deployPush(ground, checked, push),
    deleteBranch: (branch) => deleteBranch(ground, branch),
  });
}

/** Plans that were checked and wait for their ref to move: what was shown is what is deployed. */
type Checked = Map<string, Plan[]>;

const MOST_CHECKED = 64;

function idOf({ repository, branch, commit }: PushedBranch): string {
  return `${repository} ${branch} ${commit}`;
}

/** Whoever pushes to a branch of the repository itself may write there; a fork has no branch here. */
function sourceOf(push: PushedBranch): Source {
  return { ...push, secretsFor: 'everybody' };
}

async function* checkPush(
  ground: Ground,
  checked: Checked,
  push: PushedBranch,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  if (!push.files.length) yield say.noSpecs(push.repository, push.environment, push.commit);
  else yield say.pushHeading(push.repository, push.environment, push.commit);
  if (push.rewind && push.previousCommit) {
    yield say.rewindStage(push.rewind.kind, push.previousCommit, push.rewind.lostCommits);
  }
  const startedAtMs = ground.clock.now();
  let plans: Plan[];
  try {
    plans = await planFiles(ground, sourceOf(push), signal);
  } catch (error) {
    const { code, message, advice } = orEngineFailure(error);
    return say.refused(code, message, advice);
  }
  yield* showPlans(ground, plans, push.caller, startedAtMs);
  const problems = plans.flatMap((plan) => plan.problems);
  if (problems.some(({ severity }) => severity === 'error')) return say.invalid(problems);
  checked.set(idOf(push), plans);
  for (const id of [...checked.keys()].slice(0, -MOST_CHECKED)) checked.delete(id);
  return say.checked(plans.length);
}

async function deployPush(ground: Ground, checked: Checked, push: PushedBranch): Promise<Follow> {
  const plans =
    checked.get(idOf(push)) ?? (await planFiles(ground, sourceOf(push), new AbortController().signal));
  checked.delete(idOf(push));
  const mailbox = createMailbox(ground.feed); // opened before the first wish, so that nothing is missed
  try {
    const accepted: Followed[] = [];
    for (const plan of plans) {
      if (plan.accepted) accepted.push(await accept(ground, plan.accepted, plan, push));
      else return closing(mailbox, ended(say.invalid(plan.problems))); // something changed between the check and now
    }
    const removed = push.keepMissing
      ? []
      : await unwishMissing(
          ground,
          push,
          accepted.map(({ wish }) => wish.key),
        );
    return closing(mailbox, (signal) => followAll(ground, mailbox, { accepted, removed }, signal));
  } catch (error) {
    mailbox.close();
    throw error;
  }
}

/** The mailbox is closed when the following ends, however it ends. */
function closing(mailbox: Mailbox, follow: Follow): Follow {
  return async function* (signal) {
    try {
      return yield* follow(signal);
    } finally {
      mailbox.close();
    }
  };
}

function ended(outcome: Outcome): Follow {
  // biome-ignore lint/correctness/useYield: there is nothing left to tell but the end
  return async function* () {
    return outcome;
  };
}

async function* followAll(
  ground: Ground,
  mailbox: Mailbox,
  { accepted, removed }: { accepted: readonly Followed[]; removed: readonly GroupKey[] },
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const outcomes: Outcome[] = [];
  for (const followed of accepted) {
    if (accepted.length > 1) yield say.groupHeading(followed.wish.revision.group.name);
    outcomes.push(yield* followDeploy(ground, mailbox, followed, signal));
  }
  for (const key of removed)
    yield* followDelete(ground, mailbox, key, 'its file is no longer in the tree', signal);
  return say.deployed(outcomes);
}

async function deleteBranch(
  ground: Ground,
  branch: Parameters<PushCommands['deleteBranch']>[0],
): Promise<Follow> {
  const mailbox = createMailbox(ground.feed);
  try {
    const missing = await unwishMissing(ground, branch, []);
    return closing(mailbox, async function* (signal) {
      yield say.branchHeading(branch.repository, branch.environment, branch.branch, missing.length);
      const outcomes: Outcome[] = [];
      for (const key of missing) outcomes.push(yield* followDelete(ground, mailbox, key, '', signal));
      return say.deployed(outcomes);
    });
  } catch (error) {
    mailbox.close();
    throw error;
  }
}
