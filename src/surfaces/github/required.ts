import type { Review, ReviewRule } from '../../policy/index.ts';
import { PLAN_CHECK } from './check-run.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { mayWrite } from './people.ts';

/** What the base branch asks of a merge, and so of a deploy outside of previews. */
export interface BranchRules {
  /** The contexts that have to be green. */
  readonly checks: readonly string[];
  readonly reviews: ReviewRule;
}

const OWN_CHECKS = 'katabot / ';

/** The rules of a branch, the strictest of all that hold. Throws when they cannot be read. */
export async function branchRules(
  octokit: Octokit,
  repository: string,
  branch: string,
): Promise<BranchRules> {
  const rules = await octokit.paginate('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
    ...nameOf(repository),
    branch,
    per_page: 100,
  });
  const checks = rules.flatMap((rule) => (rule.type === 'required_status_checks' ? contextsIn(rule) : []));
  const reviews = rules.flatMap((rule) => (rule.type === 'pull_request' ? [reviewRuleIn(rule)] : []));
  return { checks, reviews: reviews.reduce(stricter, NO_REVIEWS) };
}

/** A deploy cannot wait for itself. */
function contextsIn(rule: {
  parameters?: { required_status_checks?: readonly { context: string }[] };
}): string[] {
  const contexts = (rule.parameters?.required_status_checks ?? []).map(({ context }) => context);
  return contexts.filter((context) => context === PLAN_CHECK || !context.startsWith(OWN_CHECKS));
}

const NO_REVIEWS: ReviewRule = { approvals: 0, dismissStale: false, codeOwner: false, lastPush: false };

function reviewRuleIn({
  parameters = {},
}: {
  parameters?: {
    required_approving_review_count?: number;
    dismiss_stale_reviews_on_push?: boolean;
    require_code_owner_review?: boolean;
    require_last_push_approval?: boolean;
  };
}): ReviewRule {
  return {
    approvals: parameters.required_approving_review_count ?? 0,
    dismissStale: parameters.dismiss_stale_reviews_on_push ?? false,
    codeOwner: parameters.require_code_owner_review ?? false,
    lastPush: parameters.require_last_push_approval ?? false,
  };
}

function stricter(one: ReviewRule, other: ReviewRule): ReviewRule {
  return {
    approvals: Math.max(one.approvals, other.approvals),
    dismissStale: one.dismissStale || other.dismissStale,
    codeOwner: one.codeOwner || other.codeOwner,
    lastPush: one.lastPush || other.lastPush,
  };
}

const STATES = {
  APPROVED: 'approved',
  CHANGES_REQUESTED: 'changes-requested',
  DISMISSED: 'dismissed',
} as const;

/** The newest yes or no of everybody who has reviewed. A comment changes neither. */
export async function reviewsOf(octokit: Octokit, repository: string, number: number): Promise<Review[]> {
  const all = await octokit.paginate(octokit.rest.pulls.listReviews, {
    ...nameOf(repository),
    pull_number: number,
    per_page: 100,
  });
  const newest = new Map<number, Omit<Review, 'writer'>>();
  for (const { user, state, commit_id: commit } of all) {
    const known = Object.entries(STATES).find(([name]) => name === state)?.[1];
    if (!user || user.type === 'Bot' || !known) continue;
    newest.set(user.id, { by: user.id, login: user.login, state: known, commit: commit ?? '' });
  }
  return Promise.all(
    [...newest.values()].map(async (review) => ({
      ...review,
      writer: await mayWrite(octokit, repository, { id: review.by, login: review.login }),
    })),
  );
}

/** Names of checks and statuses that have ended well on a commit, whoever has made them. */
export async function passedChecks(
  octokit: Octokit,
  repository: string,
  commit: string,
): Promise<Set<string>> {
  const place = { ...nameOf(repository), ref: commit, per_page: 100 };
  const [runs, statuses] = await Promise.all([
    octokit.paginate(octokit.rest.checks.listForRef, { ...place, filter: 'latest' }),
    octokit.rest.repos.getCombinedStatusForRef(place),
  ]);
  const all = [
    ...runs.map(({ name, conclusion }) => ({
      name,
      good: ['success', 'neutral', 'skipped'].includes(conclusion ?? ''),
    })),
    ...statuses.data.statuses.map(({ context, state }) => ({ name: context, good: state === 'success' })),
  ];
  // One that is green does not make up for another of the same name that is not.
  const bad = new Set(all.filter(({ good }) => !good).map(({ name }) => name));
  return new Set(all.map(({ name }) => name).filter((name) => !bad.has(name)));
}
