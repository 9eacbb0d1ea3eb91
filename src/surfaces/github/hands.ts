import type { Needs } from '../../policy/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { personAt } from './people.ts';
import { statusOf } from './tree.ts';

type Hands = Needs['barred'];

/** GitHub itself, as the committer of what was merged or edited on its pages. */
const WEB_FLOW = 'web-flow';

/**
 * Who has a hand in a commit: the authors of everything since what is deployed, or of the whole pull request, and who pushed it.
 * An author that GitHub does not know by number cannot be told from anybody and is left out.
 */
export async function handsIn(
  octokit: Octokit,
  {
    repository,
    commit,
    deployed,
    number,
    pusher,
  }: {
    readonly repository: string;
    readonly commit: string;
    /** '' when nothing is. */
    readonly deployed: string;
    /** Of the pull request; 0 for none. */
    readonly number: number;
    /** 0 when it is not known. */
    readonly pusher: number;
  },
): Promise<Hands> {
  const place = nameOf(repository);
  const commits = [
    ...(number
      ? await octokit.paginate(octokit.rest.pulls.listCommits, {
          ...place,
          pull_number: number,
          per_page: 100,
        })
      : []),
    ...(deployed && deployed !== commit ? await commitsBetween(octokit, repository, deployed, commit) : []),
    ...(number || deployed ? [] : [(await octokit.rest.repos.getCommit({ ...place, ref: commit })).data]),
  ];
  const hands = new Map<number, string>();
  for (const { author, committer } of commits) {
    for (const each of [author, committer]) {
      if (each && 'id' in each && typeof each.id === 'number' && each.login !== WEB_FLOW)
        hands.set(each.id, String(each.login));
    }
  }
  const written = [...hands].map(([id, name]) => ({
    person: personAt(id),
    name,
    why: 'has written one of the commits',
  }));
  if (!pusher || hands.has(pusher)) return written;
  return [...written, { person: personAt(pusher), name: '', why: 'has pushed it' }];
}

/** What is no longer there cannot be compared with: a force-push has taken it away. */
async function commitsBetween(octokit: Octokit, repository: string, before: string, after: string) {
  try {
    const { data } = await octokit.rest.repos.compareCommitsWithBasehead({
      ...nameOf(repository),
      basehead: `${before}...${after}`,
      per_page: 100,
    });
    return data.commits;
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}
