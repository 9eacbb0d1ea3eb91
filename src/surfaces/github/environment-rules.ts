import type { Approver, EnvironmentRule, EnvironmentRules } from '../../policy/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { personAt } from './people.ts';
import { statusOf } from './tree.ts';

/** The protection rules of an environment, as GitHub has them now. Nothing is kept: rules may change before the next deploy. */
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
    const own = (data.protection_rules ?? [])
      .filter(({ type }) => type !== 'branch_policy')
      .map((rule) => ruleFrom(rule, repository));
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

function ruleFrom(rule: object, repository: string): EnvironmentRule {
  const {
    type,
    reviewers,
    wait_timer: wait,
  }: { type?: unknown; reviewers?: unknown; wait_timer?: unknown } = rule;
  switch (type) {
    case 'required_reviewers':
      return {
        kind: 'reviewers',
        reviewers: Array.isArray(reviewers)
          ? reviewers.flatMap((each) => approverFrom(Object(each), nameOf(repository).owner))
          : [],
      };
    case 'wait_timer':
      return { kind: 'wait', minutes: typeof wait === 'number' ? wait : Number.POSITIVE_INFINITY };
    default:
      return { kind: 'other', name: String(type) };
  }
}

/** A reviewer that is neither a person nor a team is nobody. */
function approverFrom({ type, reviewer }: { type?: unknown; reviewer?: unknown }, owner: string): Approver[] {
  const { id, login, slug }: { id?: unknown; login?: unknown; slug?: unknown } = Object(reviewer);
  if (type === 'User' && typeof id === 'number')
    return [{ kind: 'person', person: personAt(id), name: String(login) }];
  if (type === 'Team' && typeof slug === 'string')
    return [{ kind: 'team', name: `${owner}/${slug}`.toLowerCase() }];
  return [];
}

export async function branchIsProtected(
  octokit: Octokit,
  repository: string,
  branch: string,
): Promise<boolean> {
  try {
    return (await octokit.rest.repos.getBranch({ ...nameOf(repository), branch })).data.protected;
  } catch {
    return false; // a branch that cannot be read is none that is protected
  }
}
