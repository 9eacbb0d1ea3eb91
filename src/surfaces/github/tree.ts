import type { GivenFile, Tree } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { checkSizes, specsAmong } from '../../repositories/index.ts';
import type { Octokit } from './clients.ts';
import type { RepositoryName } from './names.ts';

/** Trees and blobs never change: what was read of the newest commits is kept. */
const MOST_KEPT = 256;

/** Reads the container groups of commits through the API: nothing is cloned, and git is never run on what strangers wrote. */
export interface Trees {
  /** Throws a Failure for what cannot be a container group, and for a tree that GitHub does not tell whole. */
  at(octokit: Octokit, place: RepositoryName, commit: string): Promise<Tree>;
  /** One file of a commit, such as `.github/katabot.yml`; undefined when there is none. */
  file(octokit: Octokit, place: RepositoryName, commit: string, path: string): Promise<string | undefined>;
}

export function createTrees(): Trees {
  const kept = new Map<string, Promise<Tree>>();
  return {
    at(octokit, place, commit) {
      const name = `${place.owner}/${place.repo}@${commit}`;
      const known = kept.get(name);
      if (known) return known;
      const tree = readTree(octokit, place, commit);
      kept.set(name, tree);
      tree.catch(() => kept.delete(name)); // it is asked again
      for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
      return tree;
    },
    file: readFile,
  };
}

async function readTree(octokit: Octokit, place: RepositoryName, commit: string): Promise<Tree> {
  const { data } = await octokit.rest.git.getTree({ ...place, tree_sha: commit, recursive: '1' });
  if (data.truncated) {
    throw new Failure('too-many-files', 'The tree holds more files than GitHub tells in one answer.', {
      advice: 'Keep container groups in a repository of their own.',
    });
  }
  const entries = specsAmong(
    data.tree
      .filter(({ type }) => type !== 'tree')
      .map(({ mode = '', sha = '', path = '' }) => ({ mode, id: sha, path })),
  );
  const sizes = new Map(data.tree.map(({ path, size = 0 }) => [path, size]));
  checkSizes(entries.map(({ path }) => ({ path, sizeBytes: sizes.get(path) ?? 0 })));
  const files = await Promise.all(
    entries.map(async ({ path, id }): Promise<GivenFile> => {
      const blob = await octokit.rest.git.getBlob({ ...place, file_sha: id });
      return { path, text: Buffer.from(blob.data.content, 'base64').toString('utf8') };
    }),
  );
  return { commit, files };
}

const MOST_FILE_BYTES = 1_048_576;

async function readFile(
  octokit: Octokit,
  place: RepositoryName,
  commit: string,
  path: string,
): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.repos.getContent({ ...place, path, ref: commit });
    if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined;
    if (data.size > MOST_FILE_BYTES)
      throw new Failure('file-too-large', `${path} is longer than 1 MiB.`, { advice: 'Shorten it.' });
    return Buffer.from(data.content, 'base64').toString('utf8');
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** The HTTP status of a request that failed; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number'
    ? error.status
    : undefined;
}

/** Whether a request failed because GitHub is away or wants to be left alone: it goes through later. */
export function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 500 || status === 401 || status === 403 || status === 429;
  return (
    error instanceof Error &&
    /fetch failed|abort|timeout|network|socket/i.test(`${error.name} ${error.message}`)
  );
}
