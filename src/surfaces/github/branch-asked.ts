import { type Here, toEnd } from '../../commands/index.ts';
import { type Admission, type Refusal, staleVerdict } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { MappedBranch } from '../../repositories/index.ts';
import type { Ask } from '../../store/index.ts';
import type { AnsweredElsewhere, AskedOfBranch } from '../pull-requests.ts';
import type { Octokit } from './clients.ts';
import { branchesOf } from './mapped.ts';
import { nameOf } from './names.ts';
import type { Desk } from './parts.ts';
import { callerFor } from './people.ts';
import { PUSHES } from './pulls.ts';
import { branchAdmission } from './push-rules.ts';
import { ended, tell } from './push-told.ts';
import { type RepositoryRules, rulesFor } from './repository-rules.ts';
import { tellProposal, waitEnded } from './waiting.ts';

/**
 * A branch goes where a push of it would go, by the rights of who asks and by the environment's own rules, and its commit tells
 * how it went. Undefined for a repository that the app is not installed in. Safe to repeat under the same id.
 */
export async function askOfBranch(
  desk: Desk,
  { line, branch, onDeploy, onBlock, ...asked }: AskedOfBranch,
): Promise<AnsweredElsewhere | undefined> {
  const repository = asked.repository.toLowerCase();
  const installation = desk.installations.get(repository);
  if (installation === undefined) return undefined;
  const octokit = await desk.clients.installation(installation);
  const { wanted, defaultBranch } = await branchesOf(desk, octokit, repository);
  const target = wanted.find((each) => each.branch === branch);
  if (!target) return refusal(say.branchGoesNowhere(repository, branch, wanted));
  const rules = await rulesFor(desk, octokit, repository, defaultBranch);
  const caller = await callerFor(octokit, repository, asked.actor, rules);
  const place = { installation, repository };
  const ask: Ask = { ...asked, ...place, number: 0, comment: 0, lines: [line], commit: target.commit };
  let begun = false;
  const here = onBranch(desk, octokit, ask, target, rules, async () => {
    begun = true;
    await tell(desk, place, target, 'pending', say.deployingTitle(target.environment), '');
    await onDeploy({ environment: target.environment, commit: target.commit, title: branch });
  });
  const proposal = ask.waits ? { proposal: ask.waits.proposal } : {};
  const said = { words: [], line, caller, surface: 'slack' as const, here, ...proposal };
  const { outcome, blocks } = await toEnd(desk.parts.run(said, desk.closing), desk.closing, onBlock);
  if (begun) await ended(desk, octokit, place, target, outcome, blocks);
  if (outcome.kind === 'waiting') await tellProposal(desk, ask, outcome);
  else await waitEnded(desk, ask, outcome, begun);
  return { outcome, blocks: [...blocks, ...outcome.blocks] };
}

function refusal(outcome: Outcome): AnsweredElsewhere {
  return { outcome, blocks: outcome.blocks };
}

/** A branch as the place that a command is about. */
function onBranch(
  desk: Desk,
  octokit: Octokit,
  ask: Ask,
  target: MappedBranch,
  rules: RepositoryRules,
  onDeploy: () => Promise<void>,
): Here {
  const { repository, saidAtMs, receivedAtMs } = ask;
  const { commit, environment: own } = target;
  const stale = () => staleVerdict({ saidAtMs, heardAtMs: receivedAtMs });
  return {
    repository,
    environment: own,
    environments: [own, ...desk.parts.settings.environments],
    fork: false,
    queue: rules.queue,
    pull: { number: 0, head: commit },
    source: (wanted = commit) => desk.trees.at(octokit, nameOf(repository), wanted),
    async admit({ verb, environment = own }): Promise<Admission> {
      const verdict = stale();
      if (!verdict.allowed) return verdict;
      const isProtected = rules.isProtected(environment);
      if (verb.name !== 'deploy') return { allowed: true, rule: 'on a branch', isProtected };
      const barred = await barredBy(desk, ask, target, environment);
      if (barred) return barred;
      const admission = await admissionOf(desk, octokit, repository, target);
      if (!admission.allowed) return admission;
      const longestMs = rules.longestMs(environment);
      return { ...admission, commit, isProtected, ...(longestMs === undefined ? {} : { longestMs }) };
    },
    async seen() {
      const verdict = stale();
      return verdict.allowed ? { allowed: true, rule: 'seen', commit } : verdict;
    },
    async begin({ verb }) {
      if (verb.name === 'deploy') await onDeploy();
    },
  };
}

/** It goes to its own environment, and as whoever asks could see it. */
async function barredBy(
  desk: Desk,
  { repository, waits, saidAtMs }: Ask,
  { branch, commit, environment: own }: MappedBranch,
  environment: string,
): Promise<Refusal | undefined> {
  if (environment !== own) {
    return {
      allowed: false,
      code: 'branch-elsewhere',
      message: `${branch} goes to ${own}, and not to ${environment}.`,
      advice: `Deploy it to ${own}, or open a pull request and deploy that.`,
    };
  }
  if (waits && waits.commit !== commit) {
    const message = say.pushedOverWords(waits.commit, commit);
    return { allowed: false, code: 'withdrawn', message, advice: 'Look at what has changed, and ask again.' };
  }
  const heads = await desk.parts.pulls.heads(repository, PUSHES);
  const pushedAtMs = heads.findLast((head) => head.commit === commit)?.atMs ?? 0;
  if (waits || pushedAtMs <= saidAtMs) return undefined;
  return {
    allowed: false,
    code: 'head-moved',
    message: `${commit.slice(0, 7)} was pushed to ${branch} after you asked. Nothing was done.`,
    advice: 'Look at it, and ask again.',
  };
}

async function admissionOf(
  desk: Desk,
  octokit: Octokit,
  repository: string,
  target: MappedBranch,
): Promise<Admission> {
  const views = await desk.parts.views(repository, desk.closing);
  const there = views.find((view) => view.environment === target.environment && view.commit);
  const deployed = there?.commit ?? '';
  const { verdict, barred } = await branchAdmission(desk, octokit, target, { repository, deployed });
  if (!verdict.allowed) return verdict;
  const { rule, approvals, waitMs } = verdict;
  const needs = approvals.length || waitMs ? { needs: { approvals, waitMs, barred } } : {};
  return { allowed: true, rule, ...needs };
}
