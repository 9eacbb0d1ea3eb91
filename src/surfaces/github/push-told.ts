import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { MappedBranch } from '../../repositories/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { put } from './put.ts';
import { reply } from './reply.ts';

/** Where something was pushed. */
export interface Place {
  readonly installation: number;
  readonly repository: string;
}

/** How it went is told at the commit, and a failure in the pull request that brought it. */
export async function ended(
  desk: Desk,
  octokit: Octokit,
  place: Place,
  wanted: MappedBranch,
  outcome: Outcome,
  blocks: readonly Block[],
): Promise<void> {
  const { repository, installation } = place;
  const { commit, environment } = wanted;
  const went = outcome.kind === 'done';
  const views = await desk.parts.views(repository, desk.closing);
  const [url = ''] = views.filter((view) => view.environment === environment).flatMap(say.urlsOf);
  await tell(
    desk,
    place,
    wanted,
    went ? 'success' : 'failure',
    say.deployTitle(went, environment, outcome.code),
    url,
  );
  if (went) return;
  const { data: pulls } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({
    ...nameOf(repository),
    commit_sha: commit,
  });
  const merged = pulls.find(({ merged_at: at }) => at !== null);
  if (!merged) return;
  await reply(
    desk,
    { id: `push:${commit}:${environment}`, installation, repository, number: merged.number },
    [
      { kind: 'heading', text: say.deployTitle(false, environment, outcome.code) },
      ...blocks,
      ...outcome.blocks,
    ],
  );
}

/** What is said of a push while it goes on and when it has ended: a status of the commit, and a deployment. */
export async function tell(
  desk: Desk,
  { installation, repository }: Place,
  { commit, environment }: MappedBranch,
  state: 'pending' | 'success' | 'failure',
  description: string,
  url: string,
): Promise<void> {
  const account = accountOf(installation);
  const key = `deployment:push:${repository}:${environment}:${commit}`;
  await put(desk, account, {
    kind: 'status',
    key: `status:${repository}:${commit}:${environment}`,
    importance: 'result',
    content: { repository, commit, context: `katabot / ${environment}`, state, description, url },
  });
  await put(desk, account, {
    kind: 'deployment',
    key,
    importance: 'result',
    content: { repository, commit, environment, transient: false, description: 'asked by a push', key },
  });
  await put(desk, account, {
    kind: 'deployment-status',
    key: `status of ${key}`,
    importance: 'result',
    content: {
      repository,
      deployment: key,
      state: state === 'pending' ? 'in_progress' : state,
      description,
      url,
      logUrl: '',
    },
  });
}
