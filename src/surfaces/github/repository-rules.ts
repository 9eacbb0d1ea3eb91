import { narrowed, REPOSITORY_FILE, type Refusal, readRepositoryFile, saidOf } from '../../policy/index.ts';
import type { Problem } from '../../spec/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import type { Desk, GithubSettings } from './parts.ts';

/** What holds for the pull requests of a repository: the settings, and what its own file makes stricter. */
export interface RepositoryRules {
  readonly forks: GithubSettings['forks'];
  readonly roles: GithubSettings['roles'];
  readonly comments: 'sticky' | 'outcomes' | 'none';
  readonly previews: 'asked' | 'opened';
  readonly queue: boolean;
  /** Of the file on the base branch. */
  readonly problems: readonly Problem[];
  isProtected(environment: string): boolean;
  /** undefined: as long as the settings say. */
  longestMs(environment: string): number | undefined;
  /** Why pull requests do not go there. */
  closed(environment: string): Refusal | undefined;
}

/**
 * The rules of a repository, by its file on the base branch as it is now: what a pull request writes into it has no effect
 * before it is merged.
 */
export async function rulesFor(
  { parts, trees }: Pick<Desk, 'parts' | 'trees'>,
  octokit: Octokit,
  repository: string,
  base: string,
): Promise<RepositoryRules> {
  const text = await trees.file(octokit, nameOf(repository), base, REPOSITORY_FILE);
  const { file, problems } = readRepositoryFile(text ?? '');
  const { settings } = parts;
  const roles = settings.roles;
  return {
    forks: settings.forks === 'plan' ? 'plan' : file.forks,
    comments: file.comments,
    previews: file.previews,
    queue: file.queue,
    problems,
    roles: {
      read: narrowed(roles.read, file.roles['read']),
      triage: narrowed(roles.triage, file.roles['triage']),
      write: narrowed(roles.write, file.roles['write']),
      maintain: narrowed(roles.maintain, file.roles['maintain']),
      admin: narrowed(roles.admin, file.roles['admin']),
    },
    isProtected: (environment) => parts.isProtected(environment) || saidOf(file, environment).isProtected,
    longestMs: (environment) => saidOf(file, environment).longestMs,
    closed(environment) {
      const [problem] = problems;
      if (problem) return broken(base, problem);
      return saidOf(file, environment).isClosed ? notOpen(environment, base) : undefined;
    },
  };
}

/** Rules that cannot be read could forbid it. */
function broken(base: string, { line, column, message }: Problem): Refusal {
  return {
    allowed: false,
    code: 'rules-invalid',
    message: `${REPOSITORY_FILE}:${line}:${column} on ${base} is not understood: ${message}`,
    advice: `Mend it on ${base}: pull requests deploy nothing until then.`,
  };
}

function notOpen(environment: string, base: string): Refusal {
  return {
    allowed: false,
    code: 'environment-closed',
    message: `Pull requests do not go to ${environment}, says ${REPOSITORY_FILE} on ${base}.`,
    advice: 'Merge it first: what the branch deploys goes there.',
  };
}

/** What a pull request says in that file itself, when it changes it: shown, and without effect until it is merged. */
export async function rulesChanged(
  { trees }: Pick<Desk, 'trees'>,
  octokit: Octokit,
  { repository, base, head }: { repository: string; base: string; head: string },
): Promise<readonly Problem[] | undefined> {
  const [before, after] = await Promise.all(
    [base, head].map((ref) => trees.file(octokit, nameOf(repository), ref, REPOSITORY_FILE)),
  );
  return before === after ? undefined : readRepositoryFile(after ?? '').problems;
}
