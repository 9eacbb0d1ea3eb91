import { toEnd } from '../../commands/index.ts';
import type { Caller } from '../../policy/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { Problem } from '../../spec/index.ts';
import type { Ask, Pull, PullPlace, PullPlan } from '../../store/index.ts';
import { askPreview } from './auto-preview.ts';
import { APPROVE_ACTION, DEPLOY_ACTION, planCheck } from './check-run.ts';
import type { Octokit } from './clients.ts';
import { forkIn } from './fork.ts';
import { hereIn } from './here.ts';
import { drawMarkdown } from './markdown.ts';
import { nameOf, type PullName, placeIn, previewOf } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { changePlace, changePull, nameOfPull, readPull } from './pulls.ts';
import { put } from './put.ts';
import { rulesChanged, rulesFor } from './repository-rules.ts';
import { statusOf } from './tree.ts';
import { withdrawOld } from './waiting.ts';

/** Begins to answer what was asked, beside the looks. */
type Start = (desk: Desk, ask: Ask) => void;

const MOST_PLAN = 60_000;

/** Looks at a pull request: plans a head that is new, takes down what a closed one has left, and writes its comment. */
export async function lookAtPull(desk: Desk, name: PullName, start: Start): Promise<void> {
  const { repository, number } = placeIn(name);
  const known = await desk.parts.pulls.get(repository, number);
  const installation = known?.installation ?? desk.installations.get(repository);
  if (installation === undefined) return;
  const octokit = await desk.clients.installation(installation);
  const pull = await readPull(desk, octokit, installation, name).catch(ifGone);
  if (!pull) return;
  await withdrawOld(desk, pull);
  if (pull.state === 'open' && pull.plan.commit !== pull.head) await plan(desk, octokit, pull, start);
  if (pull.state === 'closed' && !pull.finished) await takeDown(desk, octokit, pull);
  desk.paints.add(name);
}

/** The repository is gone, or the app is no longer let in: nothing can be told there any more. */
function ifGone(error: unknown): undefined {
  if (statusOf(error) !== 404) throw error;
  return undefined;
}

/** Plans the head as its author would deploy it; what is told is told of that commit. */
async function plan(desk: Desk, octokit: Octokit, pull: Pull, start: Start): Promise<void> {
  const { repository, head, installation, base } = pull;
  const nowMs = desk.parts.clock.now();
  const ask = {
    actor: { id: pull.authorId, login: pull.author },
    saidAtMs: nowMs,
    receivedAtMs: nowMs,
    commit: head,
  };
  const rules = await rulesFor(desk, octokit, repository, base);
  const changed = await rulesChanged(desk, octokit, { repository, base, head });
  const here = hereIn(desk, octokit, pull, ask, rules);
  const caller = botFor(repository, 'reader');
  const command = desk.parts.run(
    { words: [], line: '/kata plan', caller, surface: 'github', here },
    desk.closing,
  );
  const { outcome, blocks } = await toEnd(command, desk.closing);
  const problems = [...problemsIn(outcome), ...(changed ?? [])];
  const told = [...blocks, ...outcome.blocks, ...say.rulesBlocks(rules.problems, changed, base)];
  const found = withRules(planFrom(pull, outcome, told), changed);
  const fork = await forkIn(desk, octokit, pull, { rules, plan: found });
  await put(desk, accountOf(installation), {
    kind: 'check',
    key: `plan:${repository}:${head}:${found.again}`,
    importance: 'result',
    content: { repository, run: planCheck(head, found, problems, ACTIONS[fork]) },
  });
  await changePull(desk, nameOfPull(pull), (before = pull) => ({
    ...before,
    plan: { ...found, fork, comments: rules.comments },
  }));
  const preview = found.verdict === 'ready' ? await askPreview(desk, octokit, pull, rules) : undefined;
  if (preview) start(desk, preview);
}

/** What can be done with a click on a plan, by whether it is a fork's. */
const ACTIONS = { no: [DEPLOY_ACTION], planned: [], 'to-approve': [APPROVE_ACTION, DEPLOY_ACTION] } as const;

/** Rules that nobody could read after the merge are a mistake of the pull request that brings them. */
function withRules(plan: PullPlan, changed: readonly Problem[] | undefined): PullPlan {
  const errors = changed?.length ?? 0;
  if (!errors) return plan;
  return { ...plan, verdict: 'invalid', errors: plan.errors + errors };
}

/** Questions that are about a person are not the file's. */
const PERSONAL = [
  'caller known',
  'repository allowed',
  'right',
  'environment rules',
  'confirmation',
  'approvals',
  'wait timer',
];

function planFrom(
  { head: commit, plan: { again } }: Pull,
  outcome: Outcome,
  blocks: readonly Block[],
): PullPlan {
  const errors = problemsIn(outcome).filter(({ severity }) => severity === 'error').length;
  const verdict = verdictOf(outcome);
  const personal = (block: Block) =>
    block.kind === 'stage' && (PERSONAL.includes(block.label) || block.label === 'verdict');
  const shown = blocks.filter(
    (block) => !personal(block) && !/^\s+→/.test(block.kind === 'text' ? block.text : ''),
  );
  return { commit, again, verdict, errors, text: verdict === 'none' ? '' : drawMarkdown(shown, MOST_PLAN) };
}

function verdictOf({ kind, code, data }: Outcome): PullPlan['verdict'] {
  if (code === 'source-missing') return 'none';
  if (kind !== 'done') return kind === 'invalid' ? 'invalid' : 'failed';
  const { groups }: { groups?: unknown } = Object(data);
  const checks = (Array.isArray(groups) ? groups : []).flatMap(
    (group): unknown[] => Object(group).checks ?? [],
  );
  const failed = checks.some((check) => {
    const { state, name }: { state?: unknown; name?: unknown } = Object(check);
    return state === 'failed' && !PERSONAL.includes(String(name));
  });
  return failed ? 'refused' : 'ready';
}

function problemsIn({ data }: Outcome): Problem[] {
  const { problems }: { problems?: unknown } = Object(data);
  return Array.isArray(problems) ? problems : [];
}

/** The preview of a closed pull request goes, and its bill stays. What it brought to other environments is theirs. */
async function takeDown(desk: Desk, octokit: Octokit, pull: Pull): Promise<void> {
  const { repository, number } = pull;
  const environment = previewOf(repository, number);
  const place = pull.places[environment];
  const name = nameOfPull(pull);
  if (place && place.state !== 'removed') await takeDownPlace(desk, octokit, pull, environment, place);
  await changePull(desk, name, (before = pull) => ({ ...before, finished: before.state === 'closed' }));
  for (const names of desk.places.values()) names.delete(name);
}

async function takeDownPlace(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  environment: string,
  place: PullPlace,
): Promise<void> {
  const { repository, installation } = pull;
  const name = nameOfPull(pull);
  await changePlace(desk, name, environment, () => ({ state: 'removing' }));
  const removedBy = await closedBy(octokit, pull);
  const gone = { repository, branch: pull.branch, environment, caller: botFor(repository, 'operator') };
  const follow = await desk.parts.commands.deleteBranch(gone);
  await changePlace(desk, name, environment, () => ({ state: 'removing', removedBy }));
  await put(desk, accountOf(installation), {
    kind: 'deployment-status',
    key: `end of ${place.deployment}`,
    importance: 'result',
    content: {
      repository,
      deployment: place.deployment,
      state: 'inactive',
      description: say.removedTitle(removedBy),
      url: '',
      logUrl: '',
    },
  });
  for await (const _ of follow(desk.closing));
  desk.closing.throwIfAborted(); // the next start takes down what is left
  await changePlace(desk, name, environment, () => ({ state: 'removed' }));
}

async function closedBy(octokit: Octokit, { repository, number }: Pull): Promise<string> {
  const { data } = await octokit.rest.pulls.get({ ...nameOf(repository), pull_number: number });
  return data.merged ? `with the merge by ${data.merged_by?.login ?? 'somebody'}` : 'with the pull request';
}

/** The bot itself, in one repository. */
export function botFor(repository: string, right: Caller['right']): Caller {
  const grant = {
    right,
    environments: ['*'],
    repositories: [repository],
    rule: `the bot’s own in ${repository}`,
  };
  return { name: 'katabot', right, grants: [grant] };
}
