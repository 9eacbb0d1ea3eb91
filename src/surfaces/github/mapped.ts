import { type Mapped, mapped } from '../../repositories/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import type { Desk } from './parts.ts';

/** Which branches of a repository go where, as they are now. */
export async function branchesOf(
  { parts }: Pick<Desk, 'parts'>,
  octokit: Octokit,
  repository: string,
): Promise<Mapped & { readonly defaultBranch: string }> {
  const place = nameOf(repository);
  const { data } = await octokit.rest.repos.get(place);
  const branches = await octokit.paginate(octokit.rest.repos.listBranches, { ...place, per_page: 100 });
  const heads = new Map(branches.map(({ name, commit }) => [name, commit.sha]));
  return {
    ...mapped(heads, data.default_branch, parts.settings.branches),
    defaultBranch: data.default_branch,
  };
}
