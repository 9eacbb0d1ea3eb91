import { Failure } from '../../failure.ts';
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

/** Somebody on GitHub as one person, wherever they speak. */
export function personAt(id: number): string {
  return `github:${id}`;
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
  { roles }: Pick<GithubSettings, 'roles'>,
): Promise<Caller> {
  const role = await roleOf(octokit, repository, person);
  const grants = role === undefined ? [] : grantsOf(roles[role], role, repository);
  const [first, ...rest] = grants.map(({ right }) => right);
  const right = rest.reduce((best, each) => (isEnough(each, best) ? each : best), first ?? 'reader');
  return { name: `github:${person.login.toLowerCase()}`, right, grants, accounts: { github: person.id } };
}

/** Who a number is called now; undefined for an account that is gone. */
export async function personNumbered(octokit: Octokit, id: number): Promise<Person | undefined> {
  try {
    const { data } = await octokit.request('GET /user/{account_id}', { account_id: id });
    return data.id === id && data.type === 'User' ? { id, login: data.login } : undefined;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
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

/** Whether a review of theirs counts: GitHub counts those of people who may write. */
export async function mayWrite(octokit: Octokit, repository: string, person: Person): Promise<boolean> {
  const role = await roleOf(octokit, repository, person);
  return role === 'write' || role === 'maintain' || role === 'admin';
}

/** Those of the teams (`acme/ops`) that somebody is in, also by a team below them. */
export async function teamsAmong(
  octokit: Octokit,
  login: string,
  teams: readonly string[],
): Promise<string[]> {
  const among = await Promise.all(
    teams.map(async (team) => {
      const slash = team.indexOf('/');
      const place = { org: team.slice(0, slash), team_slug: team.slice(slash + 1), username: login };
      try {
        const { data } = await octokit.rest.teams.getMembershipForUserInOrg(place);
        return data.state === 'active' ? [team] : [];
      } catch (error) {
        if (statusOf(error) === 404) return [];
        throw error;
      }
    }),
  );
  return among.flat();
}

/** The teams of somebody that is known by number. Throws a Failure `teams-unknown` when GitHub does not say. */
export async function teamsOfPerson(
  octokit: Octokit,
  person: string,
  teams: readonly string[],
): Promise<string[]> {
  const id = /^github:(\d+)$/.exec(person)?.[1];
  if (id === undefined) return [];
  try {
    const { data } = await octokit.request('GET /user/{account_id}', { account_id: Number(id) });
    return await teamsAmong(octokit, data.login, teams);
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw new Failure('teams-unknown', `It could not be read who is in ${teams.join(', ')}.`, {
      advice: 'The app needs the permission members; try again when GitHub answers.',
      cause: error,
    });
  }
}
