import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../failure.ts';
import { type Quarantine, textOf } from './git.ts';
import { readSpecs, type SpecFile } from './specs.ts';

/** Reads one bare repository. Revisions are always 40 hex digits, so none can be taken for an option. */
export interface Repository {
  readonly name: string;
  readonly folder: string;
  /** Where HEAD points, whether that branch exists or not. */
  defaultBranch(): Promise<string>;
  setDefaultBranch(branch: string): Promise<void>;
  /** Each branch with its commit. */
  branches(): Promise<Map<string, string>>;
  /** The whole name of a commit of that branch that begins so (7 to 40 hex digits); undefined when there is none, or more than one. */
  commit(beginning: string, branch: string): Promise<string | undefined>;
  /** Every container group of a commit. Throws a Failure for one that cannot be a spec. */
  specs(commit: string): Promise<SpecFile[]>;
  subject(commit: string): Promise<string>;
  /** How many commits only `before` has, and how many only `after`. */
  difference(before: string, after: string): Promise<{ lost: number; gained: number }>;
}

export const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{0,39}(?:\/[a-z0-9][a-z0-9-]{0,39})?$/;

const HEADS = 'refs/heads/';
const NO_COMMIT = /^0{40}$/;

/** Whether a line of a push names no commit at all: a branch that is new, or one that is deleted. */
export function isNothing(commit: string): boolean {
  return NO_COMMIT.test(commit);
}

export async function exists(root: string, name: string): Promise<boolean> {
  return stat(join(folderOf(root, name), 'HEAD')).then(
    () => true,
    () => false,
  );
}

/** Made beside its place and moved there, so that a bot that dies in the middle leaves no half of a repository. */
export async function createRepository(root: string, name: string): Promise<void> {
  const place = folderOf(root, name);
  await mkdir(dirname(place), { recursive: true });
  const made = await mkdtemp(join(root, '.new-'));
  try {
    await textOf({ folder: made, words: ['init', '--quiet', '--bare', '--initial-branch=main'] });
    await rename(made, place);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (!['ENOTEMPTY', 'EEXIST'].includes(systemCodeOf(error))) throw error; // another push was faster
  }
}

/** The names of all repositories. */
export async function repositoriesIn(root: string): Promise<string[]> {
  await mkdir(root, { recursive: true });
  const found: string[] = [];
  for (const outer of await foldersIn(root)) {
    if (outer.endsWith('.git')) found.push(outer.slice(0, -4));
    else
      for (const inner of await foldersIn(join(root, outer)))
        if (inner.endsWith('.git')) found.push(`${outer}/${inner.slice(0, -4)}`);
  }
  return found.filter((name) => REPOSITORY_NAME.test(name)).sort();
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

export function openRepository(root: string, name: string, quarantine: Quarantine = {}): Repository {
  const folder = folderOf(root, name);
  const git = { folder, quarantine };
  const ask = (...words: string[]) => textOf({ ...git, words });
  return {
    name,
    folder,
    async defaultBranch() {
      return (await readFile(join(folder, 'HEAD'), 'utf8')).trim().replace(/^ref: refs\/heads\//, '');
    },
    async setDefaultBranch(branch) {
      await ask('symbolic-ref', 'HEAD', `${HEADS}${branch}`);
    },
    async branches() {
      const lines = await ask('for-each-ref', '--format=%(objectname) %(refname)', HEADS);
      const at = 41 + HEADS.length; // the commit and a blank stand before the name
      return new Map(
        lines.split('\n').flatMap((line) => (line ? [[line.slice(at), line.slice(0, 40)] as const] : [])),
      );
    },
    async commit(beginning, branch) {
      if (!/^[0-9a-f]{7,40}$/.test(beginning)) return undefined;
      try {
        const whole = await ask(
          'rev-parse',
          '--verify',
          '--quiet',
          '--end-of-options',
          `${beginning}^{commit}`,
        );
        await ask('merge-base', '--is-ancestor', whole, `${HEADS}${branch}`);
        return whole;
      } catch {
        return undefined; // git ends with an error for what it does not know, and for what is not on the branch
      }
    },
    specs: (commit) => readSpecs(git, commit),
    subject: (commit) => ask('log', '-1', '--format=%s', commit, '--'),
    async difference(before, after) {
      const counts = await ask('rev-list', '--count', '--left-right', `${before}...${after}`, '--');
      const [lost = 0, gained = 0] = counts.split('\t').map(Number);
      return { lost, gained };
    },
  };
}

function folderOf(root: string, name: string): string {
  return join(root, `${name}.git`);
}
