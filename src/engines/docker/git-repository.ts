import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { simpleGit } from 'simple-git';
import { type Pack, pack } from 'tar-stream';
import { Failure, messageOf } from '../../failure.ts';
import type { Volume } from '../../spec/index.ts';

type GitRepo = NonNullable<Volume['gitRepo']>;

/** Only the web is spoken, nobody is asked, and no settings of a system or a user add a hook, a filter or a helper. */
const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '',
  GIT_ALLOW_PROTOCOL: 'http:https',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
};

/** A clone may take this long before it counts as failed. */
const CLONE_TIMEOUT_MS = 120_000;

/**
 * Fetches one revision of a repository into a folder, laid out as ACI does: `.` fills the folder itself, another
 * directory a sub-folder, none a sub-folder named after the repository.
 *
 * The repository's address comes from outside: only http and https are spoken, no hooks, filters, submodules or
 * prompts run, and no system or user settings are read.
 */
export async function cloneInto(
  folder: string,
  { repository, directory, revision }: GitRepo,
  signal: AbortSignal,
) {
  const target = join(folder, directoryOf(repository, directory));
  const git = simpleGit({
    baseDir: folder,
    abort: signal,
    timeout: { block: CLONE_TIMEOUT_MS },
    allowEnvironment: Object.keys(ENVIRONMENT),
  }).env({ ...ENVIRONMENT, HOME: folder });
  try {
    await git.raw(['init', '--quiet', '--', target]);
    const inside = git.cwd(target);
    await inside.raw(['fetch', '--quiet', '--depth=1', '--no-tags', '--', repository, revision ?? 'HEAD']);
    await inside.raw(['checkout', '--quiet', '--detach', 'FETCH_HEAD']);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw cloneFailure(repository, revision, withoutLogin(messageOf(error)));
  }
}

function cloneFailure(repository: string, revision: string | undefined, words: string): Failure {
  const from = withoutLogin(repository);
  if (/couldn't find remote ref|not our ref|unadvertised object/i.test(words)) {
    return new Failure(
      'volume-missing',
      `${from} has no ${revision ?? 'HEAD'} to fill the git volume with.`,
      {
        advice: 'Check revision: a branch, a tag, or a whole commit id that the server gives out.',
      },
    );
  }
  if (/repository .*not found/i.test(words)) {
    return new Failure('volume-missing', `There is no git repository at ${from} to fill the volume with.`, {
      advice: 'Check repository; a private one needs its credentials in the address.',
    });
  }
  return new Failure('volume-failed', `The git volume could not be filled from ${from}: ${words}`, {
    advice: 'Check repository and revision; a private repository needs its credentials in the address.',
  });
}

/** Where in the volume a clone goes; the spec's check has refused `..` already. */
export function directoryOf(repository: string, directory?: string): string {
  if (directory !== undefined) return directory;
  return basename(new URL(repository).pathname).replace(/\.git$/, '') || 'repository';
}

/** Credentials stand in the address for ACI's sake; they are never repeated. */
export function withoutLogin(text: string): string {
  return text.replace(/(https?:\/\/)[^\s/@]+@/g, '$1');
}

/** The folder as a tar stream, without git's own files (their settings may hold a login). */
export function packFolder(folder: string): Pack {
  const archive = pack();
  addFolder(archive, folder, '').then(
    () => archive.finalize(),
    (error) => archive.destroy(error),
  );
  return archive;
}

async function addFolder(archive: Pack, folder: string, prefix: string): Promise<void> {
  for (const name of (await readdir(folder)).sort()) {
    if (name === '.git') continue;
    const path = join(folder, name);
    const status = await lstat(path);
    if (status.isDirectory()) {
      archive.entry({ name: `${prefix}${name}`, type: 'directory', mode: 0o755 });
      await addFolder(archive, path, `${prefix}${name}/`);
    } else if (status.isSymbolicLink()) {
      archive.entry({ name: `${prefix}${name}`, type: 'symlink', linkname: await readlink(path) });
    } else if (status.isFile()) {
      const mode = status.mode & 0o111 ? 0o755 : 0o644;
      await pipeline(
        createReadStream(path),
        archive.entry({ name: `${prefix}${name}`, size: status.size, mode }),
      );
    }
  }
}
