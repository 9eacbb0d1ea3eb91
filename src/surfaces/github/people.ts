import type { Caller, GivenGrant, Grant } from '../../policy/index.ts';
import { holds, isEnough } from '../../policy/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import type { GithubSettings, Role } from './parts.ts';
import { statusOf } from './tree.ts';

/** Somebody on GitHub: the number is who they are, the login only what they are called now. */
export interface Person {
  readonly id: number;
  readonly login: string;
}

const ROLES: readonly Role[] = ['read', 'triage', 'write', 'maintain', 'admin'];

/**
 * Who speaks, with what their role in the repository gives: never by what a payload says of its author. In a public
 * repository everybody has the role read, so there it gives nothing.
 */
export async function callerFor(
  octokit: Octokit,
  repository: string,
  person: Person,
  settings: GithubSettings,
): Promise<Caller> {
  const role = await roleOf(octokit, repository, person);
  const grants = role === undefined ? [] : grantsOf(settings.roles[role], role, repository);
  const [first, ...rest] = grants.map(({ right }) => right);
  const right = rest.reduce((best, each) => (isEnough(each, best) ? each : best), first ?? 'reader');
  return { name: `github:${person.login.toLowerCase()}`, right, grants };
}

async function roleOf(
  octokit: Octokit,
  repository: string,
  { id, login }: Person,
): Promise<Role | undefined> {
  const place = nameOf(repository);
  try {
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...place, username: login });
    if (data.user?.id !== id) return undefined; // the name belongs to somebody else by now
    const role =
      ROLES.find((each) => each === data.role_name) ?? ROLES.find((each) => each === data.permission);
    if (role !== 'read' && role !== 'triage') return role;
    const { data: found } = await octokit.rest.repos.get(place);
    return role === 'triage' || found.private ? role : undefined;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** What the settings give to a role, for this repository alone. */
function grantsOf(given: readonly GivenGrant[], role: Role, repository: string): Grant[] {
  return given
    .filter(({ repositories }) => holds(repositories, repository))
    .map(({ right, environments }) => ({
      right,
      environments,
      repositories: [repository],
      rule: `role ${role} in ${repository}`,
    }));
}
