import type { Here } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { type Admission, commitMeant, commitSeen, type Refusal, staleVerdict } from '../../policy/index.ts';
import * as say from '../../replies/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import { admitted } from './admission.ts';
import type { Octokit } from './clients.ts';
import { nameOf, previewOf } from './names.ts';
import type { Desk } from './parts.ts';
import type { RepositoryRules } from './repository-rules.ts';

/** A deploy that was let through: where to, and which commit. */
export interface Admitted {
  readonly environment: string;
  readonly commit: string;
}

/** What was asked, as far as a place wants to know it. */
export type Asking = Pick<Ask, 'actor' | 'saidAtMs' | 'receivedAtMs' | 'commit' | 'waits'>;

/** A pull request as the place that a command is about. `onDeploy` hears of each deploy before it begins. */
export function hereIn(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  ask: Asking,
  rules: RepositoryRules,
  onDeploy: (admitted: Admitted) => Promise<void> = async () => {},
): Here {
  const { repository, number } = pull;
  const preview = previewOf(repository, number);
  return {
    repository,
    environment: preview,
    environments: [preview, ...desk.parts.settings.environments],
    fork: pull.fork,
    queue: rules.queue,
    pull: { number, head: pull.head },
    async source(commit) {
      const wanted = commit === undefined ? ask.commit || pull.head : await ownCommit(octokit, pull, commit);
      return desk.trees.at(octokit, nameOf(repository), wanted);
    },
    async admit({ verb, environment = preview, commit }): Promise<Admission> {
      const stale = staleVerdict({ saidAtMs: ask.saidAtMs, heardAtMs: ask.receivedAtMs });
      if (!stale.allowed) return stale;
      if (verb.name !== 'deploy')
        return { allowed: true, rule: 'in a pull request', isProtected: rules.isProtected(environment) };
      const barred = barredBy(pull, ask, environment, rules);
      if (barred) return barred;
      const named = commit === undefined ? ask.commit : await ownCommit(octokit, pull, commit);
      const meant = commitMeant({ ...(await pushed(desk, pull, ask, named)), ...pull, forks: rules.forks });
      if (!meant.allowed) return meant;
      const isProtected = rules.isProtected(environment);
      const wanted = { pull, commit: meant.commit, environment, actor: ask.actor, isProtected };
      const admission = await admitted(desk, octokit, wanted);
      const longestMs = rules.longestMs(environment);
      return admission.allowed && longestMs !== undefined ? { ...admission, longestMs } : admission;
    },
    async seen() {
      const stale = staleVerdict({ saidAtMs: ask.saidAtMs, heardAtMs: ask.receivedAtMs });
      if (!stale.allowed) return stale;
      const seen = commitSeen(await pushed(desk, pull, ask, ask.commit));
      return seen.allowed ? { allowed: true, rule: 'seen', commit: seen.commit } : seen;
    },
    async begin({ verb, environment = preview }, commit) {
      if (verb.name === 'deploy' && commit !== undefined) await onDeploy({ environment, commit });
    },
  };
}

/** What is known of the commits that somebody could see. */
async function pushed(desk: Desk, { repository, number, head }: Pull, ask: Asking, named: string) {
  const heads = await desk.parts.pulls.heads(repository, number);
  return { heads, head, named, actor: ask.actor.id, saidAtMs: ask.saidAtMs };
}

function barredBy(
  { head, fork, repository, number }: Pull,
  { waits, commit }: Asking,
  environment: string,
  rules: RepositoryRules,
): Refusal | undefined {
  if (waits && waits.head !== head)
    return {
      allowed: false,
      code: 'withdrawn',
      message: say.pushedOverWords(waits.commit, head),
      advice: 'Look at what has changed. If you mean it: `/deploy`',
    };
  if (commit && commit !== head) return outdated(commit, head);
  if (fork && environment !== previewOf(repository, number)) return previewOnly(environment);
  return rules.closed(environment);
}

/** What strangers have written runs where nothing else does. */
function previewOnly(environment: string): Refusal {
  return {
    allowed: false,
    code: 'fork',
    message: `The commits come from a fork: they run as a preview at most, and not in ${environment}.`,
    advice: 'Merge them, or push the branch to this repository.',
  };
}

/** A button stands for the commit that it was shown with. */
function outdated(shown: string, head: string): Refusal {
  return {
    allowed: false,
    code: 'head-moved',
    message: `The button stood for ${shown.slice(0, 7)}; since then ${head.slice(0, 7)} was pushed. Nothing was done.`,
    advice: 'Press the button on the newest commit.',
  };
}

/** The whole name of a commit of the pull request. Throws a Failure for one that is not of it. */
async function ownCommit(
  octokit: Octokit,
  { repository, number, head }: Pull,
  commit: string,
): Promise<string> {
  if (head.startsWith(commit)) return head;
  const all = await octokit.paginate(octokit.rest.pulls.listCommits, {
    ...nameOf(repository),
    pull_number: number,
    per_page: 100,
  });
  const found = all.filter(({ sha }) => sha.startsWith(commit)).map(({ sha }) => sha);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw new Failure('commit-elsewhere', `${commit} is no commit of this pull request.`, {
    advice: `Its newest one is ${head.slice(0, 7)}.`,
  });
}
