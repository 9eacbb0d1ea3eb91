import { Failure } from '../../failure.ts';
import { type Approver, CODEOWNERS_PATHS, ownersOf, readOwners } from '../../policy/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { type Person, personAt, teamsAmong } from './people.ts';
import { statusOf, type Trees } from './tree.ts';

/**
 * Who owns each of the files, by CODEOWNERS of the base branch; files that nobody owns are left out. Owners that are named by
 * an address alone cannot be told from others and count for nobody.
 */
export async function codeOwners(
  octokit: Octokit,
  trees: Pick<Trees, 'file'>,
  { repository, base, paths }: { repository: string; base: string; paths: readonly string[] },
): Promise<Approver[][]> {
  const text = await ownersFile(octokit, trees, repository, base);
  if (text === undefined) return [];
  const lines = readOwners(text);
  const sets = new Map<string, readonly string[]>();
  for (const path of paths) {
    const owners = ownersOf(lines, path);
    if (owners.length) sets.set(owners.toSorted().join(' '), owners);
  }
  return Promise.all(
    [...sets.values()].map(async (owners) =>
      (await Promise.all(owners.map((owner) => approverFor(octokit, owner)))).flat(),
    ),
  );
}

async function ownersFile(
  octokit: Octokit,
  trees: Pick<Trees, 'file'>,
  repository: string,
  base: string,
): Promise<string | undefined> {
  for (const path of CODEOWNERS_PATHS) {
    const text = await trees.file(octokit, nameOf(repository), base, path);
    if (text !== undefined) return text;
  }
  return undefined;
}

async function approverFor(octokit: Octokit, owner: string): Promise<Approver[]> {
  if (!owner.startsWith('@')) return [];
  const name = owner.slice(1).toLowerCase();
  if (name.includes('/')) return [{ kind: 'team', name }];
  try {
    const { data } = await octokit.rest.users.getByUsername({ username: name });
    return [{ kind: 'person', person: personAt(data.id), name: data.login }];
  } catch (error) {
    if (statusOf(error) === 404) return []; // who is gone owns nothing
    throw error;
  }
}

/** Whether somebody is one of the owners. */
export async function isAmong(
  octokit: Octokit,
  owners: readonly Approver[],
  person: Person,
): Promise<boolean> {
  if (owners.some((each) => each.kind === 'person' && each.person === personAt(person.id))) return true;
  const teams = owners.flatMap((each) => (each.kind === 'team' ? [each.name] : []));
  return (await teamsAmong(octokit, person.login, teams)).length > 0;
}

/** CODEOWNERS names people by an address that nobody can check. */
export function nobodyOwns(environment: string): Failure {
  return new Failure(
    'owners-unknown',
    `CODEOWNERS names nobody that GitHub knows for what goes to ${environment}.`,
    {
      advice: 'Name a person or a team there, such as @acme/ops.',
    },
  );
}
