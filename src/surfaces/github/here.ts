import type { Here } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { commitMeant, type Decision, staleVerdict } from '../../policy/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import { admitted } from './admission.ts';
import type { Octokit } from './clients.ts';
import { nameOf, previewOf } from './names.ts';
import type { Desk } from './parts.ts';

/** A deploy that was let through: where to, and which commit. */
export interface Admitted {
  readonly environment: string;
  readonly commit: string;
}

/** A pull request as the place that a command is about. `onDeploy` hears of each deploy before it begins. */
export function hereIn(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  ask: Pick<Ask, 'actor' | 'saidAtMs' | 'receivedAtMs' | 'commit'>,
  onDeploy: (admitted: Admitted) => Promise<void> = async () => {},
): Here {
  const { repository, number } = pull;
  const preview = previewOf(repository, number);
  return {
    repository,
    environment: preview,
    environments: [preview, ...desk.parts.settings.environments],
    fork: pull.fork,
    async source(commit) {
      const wanted = commit === undefined ? ask.commit || pull.head : await ownCommit(octokit, pull, commit);
      return desk.trees.at(octokit, nameOf(repository), wanted);
    },
    async admit({ verb, environment = preview, commit, options }): Promise<Decision> {
      const stale = staleVerdict({ saidAtMs: ask.saidAtMs, heardAtMs: ask.receivedAtMs });
      if (!stale.allowed) return stale;
      if (verb.name !== 'deploy') return { allowed: true, rule: 'in a pull request' };
      const named = commit === undefined ? ask.commit : await ownCommit(octokit, pull, commit);
      const meant = commitMeant({
        ...pull,
        forks: desk.parts.settings.forks,
        author: pull.authorId,
        actor: ask.actor.id,
        heads: await desk.parts.pulls.heads(repository, number),
        saidAtMs: ask.saidAtMs,
        named,
      });
      if (!meant.allowed) return meant;
      if (ask.commit && ask.commit !== pull.head) return outdated(ask.commit, pull.head);
      const { base, branch } = pull;
      const decision = await admitted(octokit, { pull, commit: meant.commit, environment, base, branch });
      if (decision.allowed && options['dry-run'] !== true)
        await onDeploy({ environment, commit: meant.commit });
      return decision;
    },
  };
}

/** A button stands for the commit that it was shown with. */
function outdated(shown: string, head: string): Decision {
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
