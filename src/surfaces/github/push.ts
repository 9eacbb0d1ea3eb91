import { type Ended, type PushedBranch, toEnd, used } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { type Caller, standingOf } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { MappedBranch } from '../../repositories/index.ts';
import type { Ask } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { branchesOf } from './mapped.ts';
import { nameOf } from './names.ts';
import type { Desk } from './parts.ts';
import { ruled } from './push-rules.ts';
import { ended, type Place, tell } from './push-told.ts';
import { rulesFor } from './repository-rules.ts';
import { proposalIn, resume, waitEnded, waitFor } from './waiting.ts';

/** Begins to answer what was asked, beside the looks. */
type Start = (desk: Desk, ask: Ask) => void;

/** Looks at the branches of a repository: those that are deployed and have moved are deployed again. */
export async function lookAtBranches(desk: Desk, repository: string, start: Start): Promise<void> {
  const installation = desk.installations.get(repository);
  if (installation === undefined) return;
  const octokit = await desk.clients.installation(installation);
  const { wanted, clashes } = await branchesOf(desk, octokit, repository);
  for (const { environment, branches: both } of clashes)
    desk.parts.warn(
      { repository, environment, branches: both },
      'several branches go to one environment: none is deployed',
    );
  for (const branch of wanted) await askBranch(desk, { installation, repository }, branch, start);
}

/** A branch that is seen for the first time is where it was when the app came: only what is pushed from then on is deployed. */
async function askBranch(
  desk: Desk,
  place: Place,
  { branch, commit, environment }: MappedBranch,
  start: Start,
): Promise<void> {
  const { repository } = place;
  const before = await desk.parts.branches.commit(repository, branch);
  if (before === commit) return;
  const nowMs = desk.parts.clock.now();
  const ask: Ask = {
    ...place,
    id: `push:${repository}:${branch}:${commit}:${nowMs}`,
    number: 0,
    comment: 0,
    actor: { id: 0, login: '' },
    lines: [],
    commit,
    saidAtMs: nowMs,
    receivedAtMs: nowMs,
    push: { branch, environment, previousCommit: before ?? '' },
  };
  const isNew = before !== undefined && (await desk.parts.pulls.ask(ask));
  await desk.parts.branches.record(repository, branch, commit);
  // What an earlier push waits for is over: it is asked again, and finds that out.
  resume(desk, ({ push, repository: own }) => own === repository && push?.branch === branch, start);
  if (isNew) start(desk, ask);
}

/** Deploys what was pushed, and tells how it went. Begun anew after a crash, and when what it waits for is there. */
export async function answerPush(desk: Desk, ask: Ask, start: Start): Promise<void> {
  const { repository, installation, push } = ask;
  if (!push) return;
  const octokit = await desk.clients.installation(installation);
  const wanted = { branch: push.branch, environment: push.environment, commit: ask.commit };
  const { outcome, blocks } = await deployBranch(desk, octokit, ask, wanted, push.previousCommit).catch(
    unlessMendable,
  );
  if (desk.closing.aborted) return; // followed further after the next start
  const place = { installation, repository };
  if (outcome.kind === 'waiting') {
    const proposal = await proposalIn(desk, outcome);
    const title = say.standingWords(standingOf(proposal, desk.parts.clock.now()), desk.parts.clock.now());
    await tell(desk, place, wanted, 'pending', title, '');
    return waitFor(desk, ask, { proposal, head: ask.commit, start });
  }
  if (ask.waits) await waitEnded(desk, ask, outcome, outcome.kind === 'done');
  if (outcome.code !== NOTHING) await ended(desk, octokit, place, wanted, outcome, blocks);
  await desk.parts.pulls.answered(ask.id);
}

/** Says that a push has failed, where it was said that it goes on. */
export async function endPush(desk: Desk, ask: Ask, outcome: Outcome): Promise<void> {
  const { repository, installation, push, commit } = ask;
  if (!push) return;
  const wanted = { branch: push.branch, environment: push.environment, commit };
  await tell(
    desk,
    { repository, installation },
    wanted,
    'failure',
    say.deployTitle(false, push.environment, outcome.code),
    '',
  );
}

const NOTHING = 'nothing-to-deploy';

async function deployBranch(
  desk: Desk,
  octokit: Octokit,
  place: Ask,
  wanted: MappedBranch,
  before: string,
): Promise<Ended> {
  const { repository } = place;
  const rules = await rulesFor(desk, octokit, repository, wanted.branch);
  const pushed = { ...(await readPush(desk, octokit, repository, wanted, before)), queue: rules.queue };
  if (!pushed.files.length && !(await hasGroups(desk, repository, wanted.environment)))
    return { outcome: say.done(NOTHING, {}), blocks: [] };
  const held = await ruled(desk, octokit, place, wanted, pushed);
  if ('kind' in held) return { outcome: held, blocks: [] };
  await tell(desk, place, wanted, 'pending', say.deployingTitle(wanted.environment), '');
  const checked = await toEnd(desk.parts.commands.checkPush(pushed, desk.closing), desk.closing);
  if (checked.outcome.kind !== 'done') return checked;
  const follow = await desk.parts.commands.deployPush(pushed);
  const told = await toEnd(follow(desk.closing), desk.closing, async (block) => {
    if (say.isWaiting(block)) await tell(desk, place, wanted, 'pending', block.text, '');
  });
  if (held.goes) await used(desk.parts, held.goes);
  return told;
}

function unlessMendable(error: unknown): Ended {
  if (!(error instanceof Failure)) throw error;
  return { outcome: say.failedOutcome(error), blocks: [] };
}

async function readPush(
  desk: Desk,
  octokit: Octokit,
  repository: string,
  { branch, commit, environment }: MappedBranch,
  previousCommit: string,
): Promise<PushedBranch> {
  const place = nameOf(repository);
  const [{ files }, { data }] = await Promise.all([
    desk.trees.at(octokit, place, commit),
    octokit.rest.repos.getCommit({ ...place, ref: commit }),
  ]);
  const [subject = ''] = data.commit.message.split('\n');
  return {
    repository,
    branch,
    environment,
    commit,
    subject,
    files,
    previousCommit,
    caller: pusher(repository, branch),
  };
}

/** Who may push to a branch says the code host; what is pushed there is deployed by that right. An author's name can be forged. */
function pusher(repository: string, branch: string): Caller {
  const grant = {
    right: 'operator',
    environments: ['*'],
    repositories: [repository],
    rule: `push to ${branch} of ${repository}`,
  } as const;
  return {
    name: 'katabot',
    right: 'operator',
    grants: [grant],
  };
}

async function hasGroups(desk: Desk, repository: string, environment: string): Promise<boolean> {
  return (await desk.parts.views(repository, desk.closing)).some((view) => view.environment === environment);
}
