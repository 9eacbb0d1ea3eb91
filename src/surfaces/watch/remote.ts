import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { simpleGit } from 'simple-git';
import type { Clock } from '../../clock.ts';
import { Failure, messageOf } from '../../failure.ts';
import { GIT_PATH } from '../../repositories/index.ts';
import type { SshWay } from '../../ssh.ts';
import { sshEnvironment, sshFailure } from './ssh.ts';

/** A repository that lives elsewhere, and our shallow copy of what was looked at. */
export interface Remote {
  /** Every branch with its commit, and which one is the default; '' when the server does not say. */
  heads(signal: AbortSignal): Promise<{ branches: Map<string, string>; defaultBranch: string }>;
  /** Brings one commit of a branch here, without its history. */
  fetch(branch: string, commit: string, signal: AbortSignal): Promise<void>;
  /** Brings the last thousand commits of a branch here. */
  fetchHistory(branch: string, signal: AbortSignal): Promise<void>;
}

export interface RemoteSettings {
  readonly url: string;
  /** The bare repository that commits are brought to. */
  readonly folder: string;
  readonly tokenFile?: string | undefined;
  /** The way through ssh, for an ssh address. */
  readonly ssh?: SshWay | undefined;
}

const TIMEOUT_MS = 120_000;
const MOST_BYTES = 64 * 1024 * 1024;
const SIZE_LOOK_MS = 500;
const MOST_HISTORY = 1_000;
const COMMIT = /^[0-9a-f]{40}$/;
/** What git allows in a branch, without anything that means something in a refspec or on a command line. */
const BRANCH = /^[\w][\w./@+=,-]*$/;

/** Throws Failures `git-host-unreachable` and `repository-too-large`; they never hold a token. */
export function createRemote(settings: RemoteSettings, clock: Clock): Remote {
  const { url } = settings;
  return {
    async heads(signal) {
      const git = await gitIn(settings, signal);
      const ask = () => git.raw(['ls-remote', '--quiet', '--symref', '--', url, 'HEAD', 'refs/heads/*']);
      return headsIn(await told(settings, signal, ask));
    },
    async fetch(branch, commit, signal) {
      await fetchBranch(settings, clock, { branch, depth: 1, commit }, signal);
    },
    async fetchHistory(branch, signal) {
      await fetchBranch(settings, clock, { branch, depth: MOST_HISTORY }, signal);
    },
  };
}

/** Fails when the branch does not bring `commit`, or brings too much. */
async function fetchBranch(
  settings: RemoteSettings,
  clock: Clock,
  { branch, depth, commit }: { branch: string; depth: number; commit?: string },
  signal: AbortSignal,
): Promise<void> {
  const { url, folder } = settings;
  const tooLarge = new AbortController();
  const stopLooking = refuseLarge(folder, clock, tooLarge);
  try {
    const git = await gitIn(settings, AbortSignal.any([signal, tooLarge.signal]));
    await told(settings, signal, async () => {
      await git.raw(['init', '--quiet', '--bare', '--', folder]);
      const place = `+refs/heads/${branch}:refs/heads/${branch}`;
      await git.raw(['fetch', '--quiet', `--depth=${depth}`, '--no-tags', '--force', '--', url, place]);
      if (commit) await git.raw(['cat-file', '-e', `${commit}^{commit}`]);
    });
  } catch (error) {
    throw tooLarge.signal.aborted ? tooLarge.signal.reason : error;
  } finally {
    stopLooking();
  }
}

/** Lines of `ls-remote --symref`. Branches with odd names are left out. */
function headsIn(text: string): { branches: Map<string, string>; defaultBranch: string } {
  const branches = new Map<string, string>();
  let defaultBranch = '';
  for (const line of text.split('\n')) {
    const [what = '', name = ''] = line.split('\t');
    if (name === 'HEAD' && what.startsWith('ref: refs/heads/'))
      defaultBranch = what.slice('ref: refs/heads/'.length);
    const branch = name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : '';
    if (COMMIT.test(what) && BRANCH.test(branch) && !branch.includes('..')) branches.set(branch, what);
  }
  return { branches, defaultBranch };
}

/** Only the protocol of the address is spoken, nobody is asked, no settings of a system or a user count. */
async function gitIn({ url, folder, tokenFile, ssh }: RemoteSettings, signal: AbortSignal) {
  await mkdir(folder, { recursive: true });
  const environment = {
    PATH: GIT_PATH,
    HOME: dirname(folder),
    GIT_ALLOW_PROTOCOL: new URL(url).protocol.replace(':', ''),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...(await headerFor(url, tokenFile)),
    ...(ssh ? await sshEnvironment(`${folder}.ssh`, ssh) : {}),
  };
  return simpleGit({
    baseDir: folder,
    abort: signal,
    timeout: { block: TIMEOUT_MS },
    allowEnvironment: Object.keys(environment),
    unsafe: { allowUnsafeConfigEnvCount: true, allowUnsafeSshCommand: true },
  }).env(environment);
}

/** The token goes through git's environment, to the one host that it is for: never an argument, never an address. */
async function headerFor(url: string, tokenFile: string | undefined): Promise<Record<string, string>> {
  if (tokenFile === undefined) return {};
  const token = (await readFile(tokenFile, 'utf8').catch(unreadable(tokenFile))).trim();
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${new URL(url).origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

function unreadable(file: string): (error: unknown) => never {
  return (error) => {
    throw new Failure('git-host-unreachable', `The token in ${file} cannot be read (${messageOf(error)}).`, {
      advice: 'Check watch[].tokenFile in the settings.',
      cause: error,
    });
  };
}

async function told<T>({ url }: RemoteSettings, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const words = messageOf(error).replace(/(\w+:\/\/)[^\s/@]+@/g, '$1');
    const refused = sshFailure(url, words, error);
    if (refused) throw refused;
    throw new Failure('git-host-unreachable', `${url} cannot be fetched: ${words.slice(0, 400)}`, {
      advice: 'It is tried again by itself. Check watch[].url and watch[].tokenFile in the settings.',
      cause: error,
    });
  }
}

/** Ends a fetch that brings more than a repository of specs can hold. */
function refuseLarge(folder: string, clock: Clock, ending: AbortController): () => void {
  let cancel = () => {};
  const look = async () => {
    const packs = join(folder, 'objects/pack');
    const names = await readdir(packs).catch(() => []);
    const sizes = await Promise.all(names.map((name) => sizeOf(join(packs, name))));
    if (sizes.reduce((sum, size) => sum + size, 0) > MOST_BYTES) {
      return ending.abort(
        new Failure('repository-too-large', 'The branch brings more than 64 MiB.', {
          advice: 'Watch a repository that holds specs; data belongs into images and volumes.',
        }),
      );
    }
    cancel = clock.after(SIZE_LOOK_MS, () => void look());
  };
  cancel = clock.after(SIZE_LOOK_MS, () => void look());
  return () => cancel();
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0, // git moves its files about while it works
  );
}
