import { type PushedBranch, specHash } from '../../commands/index.ts';
import {
  environmentVerdict,
  type Needs,
  type Proposal,
  type Somebody,
  standingOf,
} from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { MappedBranch } from '../../repositories/index.ts';
import type { Ask } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { environmentRules } from './environment-rules.ts';
import { handsIn } from './hands.ts';
import { nameOf } from './names.ts';
import type { Desk } from './parts.ts';
import { personAt } from './people.ts';
import { PUSHES } from './pulls.ts';

/** A commit of a branch as something to be deployed: what the environment asks of it, and who stands behind it. */
export interface BranchAdmission {
  readonly verdict: ReturnType<typeof environmentVerdict>;
  /** The newest commit of the branch. */
  readonly head: string;
  readonly origin: Origin;
  readonly barred: Needs['barred'];
}

/** The environment's own rules, and who has a hand in the commit. */
export async function branchAdmission(
  desk: Desk,
  octokit: Octokit,
  { branch, environment, commit }: MappedBranch,
  { repository, deployed }: { readonly repository: string; readonly deployed: string },
): Promise<BranchAdmission> {
  const rules = await environmentRules(octokit, repository, environment);
  const { data } = await octokit.rest.repos.getBranch({ ...nameOf(repository), branch });
  const verdict = environmentVerdict(rules, { environment, branch, branchIsProtected: data.protected });
  const head = data.commit.sha;
  if (!verdict.allowed || !(verdict.approvals.length || verdict.waitMs))
    return { verdict, head, origin: NOBODY, barred: [] };
  const origin = await originOf(desk, octokit, repository, commit);
  const { pull: number, pusher } = origin;
  return {
    verdict,
    head,
    origin,
    barred: await handsIn(octokit, { repository, commit, deployed, number, pusher }),
  };
}

/** The environment's own rules hold for a push as they do for GitHub's own jobs: it goes, waits, or does not go. */
export async function ruled(
  desk: Desk,
  octokit: Octokit,
  ask: Ask,
  mapped: MappedBranch,
  { repository, files, previousCommit }: PushedBranch,
): Promise<Outcome | { readonly goes: Proposal | undefined }> {
  const { branch, environment, commit } = mapped;
  const { verdict, head, origin, barred } = await branchAdmission(desk, octokit, mapped, {
    repository,
    deployed: previousCommit ?? '',
  });
  if (!verdict.allowed) return say.refused(verdict.code, verdict.message, verdict.advice);
  const { approvals, waitMs } = verdict;
  const { waits } = ask;
  // What was pushed since may have been deployed meanwhile.
  if (isBegunAgain(desk, ask) && head !== commit) {
    const why = say.pushedOverWords(commit, head);
    return say.refused('withdrawn', why, 'What was pushed since is asked for by itself.');
  }
  if (!approvals.length && !waitMs) return { goes: undefined };
  const held = await desk.parts.holdBack({
    subject: { repository, environment, commit, spec: specHash(files), group: '' },
    needs: { approvals, waitMs, barred },
    requester: origin.requester,
    reason: '',
    pull: { number: origin.pull, head: commit },
    branch,
    proposal: waits?.proposal,
  });
  if ('allowed' in held) return say.refused(held.code, held.message, held.advice);
  if ('goes' in held) return held;
  const nowMs = desk.parts.clock.now();
  return say.waiting(held.waits, standingOf(held.waits, nowMs), nowMs);
}

/** For so long GitHub may show the head from before a push that it has told of. */
const HEAD_LAG_MS = 60_000;

/** Whether something has kept a push from being dealt with at once: an approval, GitHub itself, the bot's own end. */
function isBegunAgain({ attempts, parts }: Desk, { id, waits, receivedAtMs }: Ask): boolean {
  return waits !== undefined || attempts.has(id) || parts.clock.now() - receivedAtMs > HEAD_LAG_MS;
}

/** Where a commit of a branch comes from. */
interface Origin {
  /** The pull request that was merged with it; 0 for none. */
  readonly pull: number;
  /** By the code host's number; 0 when it is not known. */
  readonly pusher: number;
  readonly requester: Somebody;
}

const NOBODY: Origin = { pull: 0, pusher: 0, requester: { person: personAt(0), name: 'a push' } };

/** The pull request that was merged with a commit, and who stands behind it: who merged it, or else who pushed. */
async function originOf(desk: Desk, octokit: Octokit, repository: string, commit: string): Promise<Origin> {
  const place = nameOf(repository);
  const { data: pulls } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({
    ...place,
    commit_sha: commit,
  });
  const number = pulls.find(({ merged_at: at }) => at !== null)?.number ?? 0;
  const merger = number
    ? (await octokit.rest.pulls.get({ ...place, pull_number: number })).data.merged_by
    : null;
  const heads = await desk.parts.pulls.heads(repository, PUSHES);
  const pusher = merger?.id ?? heads.findLast((head) => head.commit === commit)?.by ?? 0;
  const requester = pusher ? { person: personAt(pusher), name: merger?.login ?? 'a push' } : NOBODY.requester;
  return { pull: number, pusher, requester };
}
