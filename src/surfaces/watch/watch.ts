import { join } from 'node:path';
import type { Sources } from '../../commands/index.ts';
import { Failure, messageOf } from '../../failure.ts';
import { mapped, openRepository } from '../../repositories/index.ts';
import { bringUp, environmentFor, forgetGone, note } from './deploy.ts';
import type { Desk, Watched, WatchedBranch, WatchedRepository, WatchParts } from './parts.ts';
import { createRemote } from './remote.ts';

export interface Watch {
  readonly sources: Sources;
  start(): void;
  /** Looks at a repository now; resolves when that is done. */
  poke(name: string): Promise<void>;
  watched(): readonly WatchedBranch[];
  close(): Promise<void>;
}

const LONGEST_PAUSE_MS = 10 * 60_000;
const MOST_AT_ONCE = 4;

/** Looks at repositories that live elsewhere, and deploys a branch that moved, as a push of it would. */
export function createWatch(parts: WatchParts): Watch {
  const closing = new AbortController();
  const all = parts.repositories.map((repository) => watchedFrom(parts, repository));
  const desk: Desk = { parts, closing: closing.signal, following: new Set() };
  const look = (watched: Watched) => {
    watched.looking ??= lookAt(desk, watched).finally(() => {
      watched.looking = undefined;
      again(watched, pauseFor(watched));
    });
    return watched.looking;
  };
  const again = (watched: Watched, delayMs: number) => {
    watched.cancel();
    if (closing.signal.aborted) return;
    watched.cancel = parts.clock.after(delayMs, () => {
      const busy = all.filter(({ looking }) => looking).length;
      if (busy < MOST_AT_ONCE) void look(watched);
      else again(watched, watched.repository.every / 4);
    });
  };
  return {
    sources: sourcesOf(desk, all),
    start() {
      for (const watched of all) again(watched, 0);
    },
    async poke(name) {
      const found = all.find(({ repository }) => repository.name === name);
      if (found) await look(found);
    },
    watched: () => all.flatMap(({ seen }) => [...seen.values()]),
    async close() {
      closing.abort(new Error('the bot is stopping'));
      for (const { cancel } of all) cancel();
      await Promise.allSettled([...all.map(({ looking }) => looking), ...desk.following]);
    },
  };
}

function watchedFrom({ folder, clock }: WatchParts, repository: WatchedRepository): Watched {
  const { url, name, tokenFile, keyFile, hostKey } = repository;
  const ssh = keyFile !== undefined && hostKey !== undefined ? { keyFile, hostKey } : undefined;
  return {
    repository,
    remote: createRemote({ url, folder: join(folder, `${name}.git`), tokenFile, ssh }, clock),
    seen: new Map(),
    refused: new Map(),
    failures: 0,
    looking: undefined,
    cancel: () => {},
  };
}

function pauseFor({ failures, repository }: Watched): number {
  return Math.min(LONGEST_PAUSE_MS, repository.every * 2 ** Math.min(failures, 10));
}

/** One look: never throws. What is wrong is told once, and seen by `doctor`. */
async function lookAt(desk: Desk, watched: Watched): Promise<void> {
  const { repository } = watched;
  try {
    const { branches, defaultBranch } = await watched.remote.heads(desk.closing);
    if (watched.failures)
      desk.parts.tell({ repository: repository.name }, 'watched repository answers again');
    watched.failures = 0;
    watched.seen.delete('');
    const { wanted, clashes } = mapped(branches, defaultBranch, repository.branches);
    for (const { environment, branches: names } of clashes) {
      const message = `all go to ${environment}; give each an environment of its own`;
      note(desk, watched, names.join(' and '), 'broken', message);
    }
    for (const each of wanted) await bringUp(desk, watched, each);
    await forgetGone(desk, watched, branches);
  } catch (error) {
    if (desk.closing.aborted) return;
    watched.failures += 1;
    if (!(error instanceof Failure)) desk.parts.reportInternal(error);
    note(desk, watched, '', 'away', messageOf(error));
  }
}

/**
 * The newest commit that was deployed, or an earlier one of its branch. That one is looked for in the history of the branch,
 * and not asked for by its name: many servers give out commits by name that are on no branch of the repository.
 */
function sourcesOf({ parts, closing }: Desk, all: readonly Watched[]): Sources {
  return {
    async branch(name, environment, wanted = '') {
      const watched = all.find(({ repository }) => repository.name === name);
      if (!watched) return undefined;
      const known = await parts.branches.all(name);
      const found = [...known].find(([branch]) => environmentFor(watched, branch) === environment);
      if (!found) return undefined;
      const [branch, newest] = found;
      const local = openRepository(parts.folder, name);
      let commit: string | undefined = newest;
      if (!newest.startsWith(wanted)) {
        await watched.remote.fetchHistory(branch, closing);
        commit = await local.commit(wanted, branch);
      }
      if (!commit) return undefined;
      const [files, subject] = await Promise.all([local.specs(commit), local.subject(commit)]);
      return { repository: name, branch, environment, commit, subject, files };
    },
  };
}
