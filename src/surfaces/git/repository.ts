import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleGit } from 'simple-git';
import { Failure } from '../../failure.ts';

/** What git needs to see objects that are pushed but not yet accepted. */
export interface Quarantine {
  readonly GIT_OBJECT_DIRECTORY?: string;
  readonly GIT_ALTERNATE_OBJECT_DIRECTORIES?: string;
}

/** Reads one bare repository. Revisions are always 40 hex digits, so none can be taken for an option. */
export interface Repository {
  readonly name: string;
  readonly folder: string;
  defaultBranch(): Promise<string>;
  branches(): Promise<{ branch: string; commit: string }[]>;
  /** Every file named containergroup.yaml or .yml, in any folder. Throws a Failure for one that cannot be a spec. */
  specs(commit: string): Promise<{ path: string; text: string }[]>;
  subject(commit: string): Promise<string>;
  /** How many commits `from` has that `to` lacks. */
  lostCommits(from: string, to: string): Promise<number>;
}

export const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{0,39}(?:\/[a-z0-9][a-z0-9-]{0,39})?$/;
const SPEC_FILE = /(?:^|\/)containergroup\.ya?ml$/;
const MOST_SPECS = 200;
const MOST_SPEC_BYTES = 1_048_576;
const NO_COMMIT = /^0{40}$/;

export function folderOf(root: string, name: string): string {
  return join(root, `${name}.git`);
}

export async function exists(root: string, name: string): Promise<boolean> {
  return stat(join(folderOf(root, name), 'HEAD')).then(
    () => true,
    () => false,
  );
}

export async function createRepository(root: string, name: string): Promise<void> {
  await mkdir(folderOf(root, name), { recursive: true });
  await gitIn(folderOf(root, name)).raw(['init', '--quiet', '--bare', '--initial-branch=main']);
}

export function openRepository(root: string, name: string, quarantine: Quarantine = {}): Repository {
  const folder = folderOf(root, name);
  const raw = (...words: string[]) => gitIn(folder, quarantine).raw(words);
  return {
    name,
    folder,
    async defaultBranch() {
      return (await readFile(join(folder, 'HEAD'), 'utf8')).trim().replace(/^ref: refs\/heads\//, '');
    },
    async branches() {
      const lines = await raw('for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/heads');
      return lines.split('\n').flatMap((line) => {
        const [, commit = '', branch = ''] = /^([0-9a-f]{40}) (.+)$/.exec(line) ?? [];
        return branch ? [{ branch, commit }] : [];
      });
    },
    specs: (commit) => readSpecs(raw, commit),
    subject: async (commit) => (await raw('log', '-1', '--format=%s', commit, '--')).trim(),
    async lostCommits(from, to) {
      return Number((await raw('rev-list', '--count', from, `^${to}`, '--')).trim()) || 0;
    },
  };
}

/** Whether a line of a push names no commit at all: a branch that is new, or one that is deleted. */
export function isNothing(commit: string): boolean {
  return NO_COMMIT.test(commit);
}

async function readSpecs(raw: (...words: string[]) => Promise<string>, commit: string) {
  const entries = (await raw('ls-tree', '-r', '-z', '--long', commit)).split('\0').flatMap((line) => {
    const [, mode = '', id = '', size = '', path = ''] =
      /^(\d{6}) \w+ ([0-9a-f]{40}) +(\d+|-)\t(.+)$/s.exec(line) ?? [];
    return SPEC_FILE.test(path) ? [{ mode, id, size: Number(size), path }] : [];
  });
  if (entries.length > MOST_SPECS) {
    throw new Failure(
      'too-many-files',
      `The tree holds ${entries.length} container groups; ${MOST_SPECS} is the most.`,
      {
        advice: 'Split the repository.',
      },
    );
  }
  const files: { path: string; text: string }[] = [];
  for (const { mode, id, size, path } of entries) {
    if (!mode.startsWith('100')) {
      throw new Failure('not-a-file', `${path} is a link, not a file.`, {
        advice: 'Commit the file itself under this name.',
      });
    }
    if (size > MOST_SPEC_BYTES) {
      throw new Failure(
        'file-too-large',
        `${path} has ${size.toLocaleString('en')} bytes; a container group may have ${MOST_SPEC_BYTES.toLocaleString('en')} (1 MiB).`,
        {
          advice: 'Is this really a container group? Data belongs into an image or a volume.',
        },
      );
    }
    files.push({ path, text: await raw('cat-file', 'blob', id) });
  }
  return files;
}

/** git with fixed words and a bare environment: no settings of a user or a system, no prompts, no hooks. */
function gitIn(folder: string, quarantine: Quarantine = {}) {
  const environment = {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    HOME: folder,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ...quarantine,
  };
  return simpleGit({ baseDir: folder, allowEnvironment: Object.keys(environment) }).env(environment);
}

/** The first branch that is pushed into an empty repository becomes the default one, when there is no `main`. */
export async function adoptDefaultBranch(repository: Repository): Promise<void> {
  const [branches, current] = await Promise.all([repository.branches(), repository.defaultBranch()]);
  const [first] = branches;
  if (!first || branches.length > 1 || branches.some(({ branch }) => branch === current)) return;
  await writeFile(join(repository.folder, 'HEAD'), `ref: refs/heads/${first.branch}\n`);
}
