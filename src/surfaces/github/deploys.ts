import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import { deployCheck } from './check-run.ts';
import type { Admitted } from './here.ts';
import { previewOf } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { changePlace, nameOfPull, notePlace } from './pulls.ts';
import { put } from './put.ts';

/** A deploy begins: its row, its check and its deployment say so. */
export async function beginDeploy(
  desk: Desk,
  pull: Pull,
  ask: Ask,
  { environment, commit }: Admitted,
): Promise<void> {
  const { repository, number, installation } = pull;
  const name = nameOfPull(pull);
  const deployment = deploymentKey(ask, environment);
  desk.steps.delete(`${name} ${environment}`);
  notePlace(desk, environment, name);
  await changePlace(desk, name, environment, (before) => ({
    state: 'deploying',
    commit,
    by: ask.actor.login,
    atMs: ask.saidAtMs,
    code: '',
    removedBy: '',
    deployment,
    deploys: before.deployment === deployment ? before.deploys : before.deploys + 1,
  }));
  await put(desk, accountOf(installation), {
    kind: 'deployment',
    key: deployment,
    importance: 'result',
    content: {
      repository,
      commit,
      environment,
      transient: environment === previewOf(repository, number),
      description: `asked by ${ask.actor.login}`,
      key: deployment,
    },
  });
  await tellDeploy(
    desk,
    pull,
    ask,
    { environment, commit },
    { state: 'deploying', title: 'deploying', blocks: [], url: '' },
  );
}

/** A deploy has ended, well or not. */
export async function endDeploy(
  desk: Desk,
  pull: Pull,
  ask: Ask,
  { environment, commit }: Admitted,
  { outcome, blocks }: { outcome: Outcome; blocks: readonly Block[] },
): Promise<void> {
  const name = nameOfPull(pull);
  const views = (await desk.parts.views(pull.repository, desk.closing)).filter(
    (view) => view.environment === environment,
  );
  const went = outcome.kind === 'done';
  await changePlace(desk, name, environment, (before) => ({
    state: went ? 'deployed' : 'failed',
    code: went ? '' : outcome.code,
    failed: before.failed + (went ? 0 : 1),
    groups: [...new Set([...before.groups, ...views.map((view) => `${view.environment}/${view.name}`)])],
  }));
  desk.steps.delete(`${name} ${environment}`);
  const [url = ''] = views.flatMap(say.urlsOf);
  await tellDeploy(
    desk,
    pull,
    ask,
    { environment, commit },
    {
      state: went ? 'deployed' : outcome.code === 'cancelled' ? 'cancelled' : 'failed',
      title: say.deployTitle(went, environment, outcome.code),
      blocks,
      url,
    },
  );
}

type Telling = Pick<Parameters<typeof deployCheck>[0], 'state' | 'title' | 'blocks' | 'url'>;

/** What a deploy says in its check and its deployment. */
async function tellDeploy(
  desk: Desk,
  { repository, installation }: Pull,
  ask: Ask,
  { environment, commit }: Admitted,
  { state, title, blocks, url }: Telling,
): Promise<void> {
  const account = accountOf(installation);
  const deployment = deploymentKey(ask, environment);
  const importance = state === 'deploying' ? 'progress' : 'result';
  await put(desk, account, {
    kind: 'check',
    key: `check:${ask.id}:${environment}`,
    importance,
    content: {
      repository,
      run: deployCheck({ environment, head: commit, ask: ask.id, state, title, blocks, url }),
    },
  });
  await put(desk, account, {
    kind: 'deployment-status',
    key: `status of ${deployment}`,
    importance,
    content: {
      repository,
      deployment,
      state: state === 'deploying' ? 'in_progress' : state === 'deployed' ? 'success' : 'failure',
      description: title,
      url,
      logUrl: '',
    },
  });
}

function deploymentKey({ id }: Ask, environment: string): string {
  return `deployment:${id}:${environment}`;
}
