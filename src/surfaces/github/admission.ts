import {
  type Decision,
  type EnvironmentRule,
  type EnvironmentRules,
  environmentVerdict,
  requiredChecksVerdict,
} from '../../policy/index.ts';
import type { Pull } from '../../store/index.ts';
import { PLAN_CHECK } from './check-run.ts';
import type { Octokit } from './clients.ts';
import { nameOf, previewOf } from './names.ts';
import { statusOf } from './tree.ts';

/** Where a deploy of a pull request is to go, and with which commit. */
export interface Wanted {
  readonly pull: Pull;
  readonly commit: string;
  readonly environment: string;
  readonly base: string;
  readonly branch: string;
}

const OWN_CHECKS = 'katabot / ';

/** What GitHub itself asks of a deployment: the rules of its environment, and the checks that the base branch requires. */
export async function admitted(octokit: Octokit, wanted: Wanted): Promise<Decision> {
  const { pull, environment, branch } = wanted;
  const rules = await environmentRules(octokit, pull.repository, environment);
  const isProtected = needsProtected(rules)
    ? await branchIsProtected(octokit, pull.repository, branch)
    : false;
  const verdict = environmentVerdict(rules, { environment, branch, branchIsProtected: isProtected });
  if (!verdict.allowed || environment === previewOf(pull.repository, pull.number)) return verdict;
  try {
    const required = await requiredChecks(octokit, pull.repository, wanted.base);
    const passed = required.length
      ? await passedChecks(octokit, pull.repository, wanted.commit)
      : new Set<string>();
    return requiredChecksVerdict(required, passed, environment);
  } catch {
    return requiredChecksVerdict('unknown', new Set(), environment);
  }
}

/** The protection rules of an environment, as GitHub has them now. */
export async function environmentRules(
  octokit: Octokit,
  repository: string,
  environment: string,
): Promise<EnvironmentRules> {
  const place = { ...nameOf(repository), environment_name: environment };
  try {
    const { data } = await octokit.rest.repos.getEnvironment(place);
    const policy = data.deployment_branch_policy;
    const { data: custom } = await octokit.rest.repos.getAllDeploymentProtectionRules({
      ...place,
      per_page: 100,
    });
    const apps = (custom.custom_deployment_protection_rules ?? [])
      .filter(({ enabled }) => enabled)
      .map(({ app }): EnvironmentRule => ({ kind: 'other', name: app.slug }));
    const own = (data.protection_rules ?? []).filter(({ type }) => type !== 'branch_policy').map(ruleFrom);
    const others = [...own, ...apps];
    if (!policy) return others;
    if (policy.protected_branches) return [{ kind: 'protected-branches' }, ...others];
    const { data: policies } = await octokit.rest.repos.listDeploymentBranchPolicies({
      ...place,
      per_page: 100,
    });
    const patterns = policies.branch_policies.flatMap(({ name }) => (name === undefined ? [] : [name]));
    return [{ kind: 'branches', patterns }, ...others];
  } catch (error) {
    return statusOf(error) === 404 ? 'none' : 'unknown';
  }
}

function ruleFrom(rule: object): EnvironmentRule {
  const {
    type,
    reviewers,
    prevent_self_review: prevent,
    wait_timer: wait,
  }: {
    type?: unknown;
    reviewers?: unknown;
    prevent_self_review?: unknown;
    wait_timer?: unknown;
  } = rule;
  switch (type) {
    case 'required_reviewers':
      return {
        kind: 'reviewers',
        preventSelfReview: prevent === true,
        reviewers: Array.isArray(reviewers)
          ? reviewers.map((each) => nameOfReviewer(Object(each).reviewer))
          : [],
      };
    case 'wait_timer':
      return { kind: 'wait', minutes: typeof wait === 'number' ? wait : Number.POSITIVE_INFINITY };
    default:
      return { kind: 'other', name: String(type) };
  }
}

function nameOfReviewer(reviewer: unknown): string {
  const { login, slug }: { login?: unknown; slug?: unknown } = Object(reviewer);
  return String(login ?? slug ?? 'somebody');
}

function needsProtected(rules: EnvironmentRules): boolean {
  return Array.isArray(rules) && rules.some(({ kind }) => kind === 'protected-branches');
}

async function branchIsProtected(octokit: Octokit, repository: string, branch: string): Promise<boolean> {
  try {
    return (await octokit.rest.repos.getBranch({ ...nameOf(repository), branch })).data.protected;
  } catch {
    return false; // a branch that cannot be read is none that is protected
  }
}

/** The contexts that have to be green before the base branch takes a merge. */
async function requiredChecks(octokit: Octokit, repository: string, branch: string): Promise<string[]> {
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/rules/branches/{branch}', {
    ...nameOf(repository),
    branch,
    per_page: 100,
  });
  return data.flatMap((rule) => {
    if (rule.type !== 'required_status_checks') return [];
    const { parameters }: { parameters?: { required_status_checks?: readonly { context: string }[] } } = rule;
    const contexts = (parameters?.required_status_checks ?? []).map(({ context }) => context);
    return contexts.filter((context) => context === PLAN_CHECK || !context.startsWith(OWN_CHECKS)); // a deploy cannot wait for itself
  });
}

/** Names of checks and statuses that have ended well on a commit, whoever has made them. */
async function passedChecks(octokit: Octokit, repository: string, commit: string): Promise<Set<string>> {
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
