/** The git surface alone, behind a real HTTP server, with pretend commands and a real git client. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Caller, createPolicy } from '../../../src/policy/index.ts';
import type { Block, Outcome } from '../../../src/replies/index.ts';
import type { BranchBook } from '../../../src/store/index.ts';
import { createGitSurface, type GitParts, type GitSurface } from '../../../src/surfaces/git/index.ts';
import { git } from '../../world/bot.ts';
import { createPretendCommands, type PretendCommands } from './pretend-commands.ts';

const CALLERS: Readonly<Record<string, Caller>> = {
  'kata_of-olga': { name: 'olga', right: 'operator' },
  'kata_of-dora': { name: 'dora', right: 'deployer' },
  'kata_of-rita': { name: 'rita', right: 'reader' },
};

const policy = createPolicy({ protected: [] });

export interface Served {
  readonly surface: GitSurface;
  readonly commands: PretendCommands;
  /** Errors of the bot's own, which were told to its log. */
  readonly internal: unknown[];
  /** Commits by `repository branch`. */
  readonly book: Map<string, string>;
  readonly url: string;
  /** A folder for the working copies of a test. */
  readonly root: string;
  /** Where the bare repositories lie. */
  readonly folder: string;
  remote(repository: string, user?: string): string;
  /** The commit that a branch of the server points at; undefined without one. */
  headOf(repository: string, branch?: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

export async function serveGit(given: Partial<GitParts> = {}): Promise<Served> {
  const root = await mkdtemp(join(tmpdir(), 'katabot-served-'));
  const folder = given.folder ?? join(root, 'repositories');
  const commands = createPretendCommands();
  const internal: unknown[] = [];
  const book = new Map<string, string>();
  const surface = createGitSurface({
    options: { check: (line) => line.startsWith('/kata'), run: (line) => said(line) },
    folder,
    commands,
    namedRepositories: ['named'],
    authenticate: async (user, token) => (CALLERS[token]?.name === user ? CALLERS[token] : undefined),
    mayRead: (caller) => policy.decide(caller, 'reader', 'read repositories'),
    mayPush: (caller) => policy.decide(caller, 'deployer', 'push'),
    mayCreate: (caller) => policy.decide(caller, 'operator', 'create a repository by pushing to it'),
    branches: bookIn(book),
    temporaryFolder: root,
    reportInternal: (error) => `E${internal.push(error)}`,
    ...given,
  });
  const server = createServer((request, response) => {
    surface.handle(request, response).catch((error: unknown) => {
      internal.push(error);
      response.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const remote = (repository: string, user = 'olga') =>
    url.replace('//', `//${user}:kata_of-${user}@`).concat(`/git/${repository}.git`);
  return {
    surface,
    commands,
    internal,
    book,
    url,
    root,
    folder,
    remote,
    async headOf(repository, branch = 'main') {
      const { text } = await git(root, 'ls-remote', remote(repository), `refs/heads/${branch}`);
      return /^[0-9a-f]{40}/.exec(text)?.[0];
    },
    async stop() {
      await surface.close();
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function bookIn(commits: Map<string, string>): BranchBook {
  return {
    commit: async (repository, branch) => commits.get(`${repository} ${branch}`),
    all: async (repository) =>
      new Map(
        [...commits].flatMap(([name, commit]) =>
          name.startsWith(`${repository} `) ? [[name.slice(repository.length + 1), commit] as const] : [],
        ),
      ),
    async record(repository, branch, commit) {
      if (commit === null) commits.delete(`${repository} ${branch}`);
      else commits.set(`${repository} ${branch}`, commit);
    },
  };
}

export interface Client {
  readonly process: ChildProcess;
  /** Resolves once git has shown this. */
  shows(what: RegExp): Promise<string>;
  /** What git said until it ended, and how it ended. */
  readonly ended: Promise<{ code: number | null; text: string }>;
  /** Ends git with the programs that it started, as a closed laptop would. */
  kill(): Promise<void>;
}

/** Starts git and lets the test watch what it shows while it works. */
export function startGit(folder: string, ...words: string[]): Client {
  const child = spawn('git', words, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' },
  });
  let text = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      for (const watcher of watchers) watcher();
    });
  }
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({ code: code ?? null, text }));
  return {
    process: child,
    ended,
    async shows(what) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const look = () => what.test(text) && resolve(text);
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`git ended without showing ${what}: ${text}`)));
      return promise.finally(() => watchers.delete(look));
    },
    async kill() {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
}

/** A command that came along with a push, answered with itself. */
async function* said(line: string): AsyncGenerator<Block, Outcome> {
  yield { kind: 'text', text: `said ${line}` };
  return { kind: line.includes('fail') ? 'failed' : 'done', code: 'said', blocks: [], data: null };
}
