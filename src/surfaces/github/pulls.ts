import { inTurn } from '../../reconciler/index.ts';
import type { Pull, PullPlace } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { nameOf, type PullName, placeIn, pullName } from './names.ts';
import type { Desk } from './parts.ts';

/** Pushes to branches are noted like the heads of a pull request that no repository has. */
export const PUSHES = 0;

/** Reads a pull request from GitHub and notes what has changed: its state, its head and since when that is the head. */
export async function readPull(
  desk: Desk,
  octokit: Octokit,
  installation: number,
  name: PullName,
): Promise<Pull> {
  const { repository, number } = placeIn(name);
  const { data } = await octokit.rest.pulls.get({ ...nameOf(repository), pull_number: number });
  await desk.parts.pulls.recordHead(repository, number, {
    commit: data.head.sha,
    atMs: Date.parse(data.updated_at),
    by: 0,
  });
  return changePull(desk, name, (before) => ({
    plan: before?.plan ?? { commit: '', again: 0, verdict: 'none', errors: 0, text: '' },
    finished: before?.finished === true && data.state === 'closed',
    places: before?.places ?? {},
    installation,
    repository,
    number,
    state: data.state,
    head: data.head.sha,
    title: data.title,
    author: data.user.login,
    authorId: data.user.id,
    base: data.base.ref,
    branch: data.head.ref,
    // The repository is compared by its number: names can be taken over. One that is gone was a fork.
    fork: data.head.repo?.id !== data.base.repo.id,
  }));
}

/** Changes what is known of a pull request; one change at a time, so that none is lost. */
export function changePull(
  desk: Pick<Desk, 'parts' | 'changing' | 'paints'>,
  name: PullName,
  change: (before: Pull | undefined) => Pull,
): Promise<Pull> {
  const { repository, number } = placeIn(name);
  const work = async () => {
    const after = change(await desk.parts.pulls.get(repository, number));
    await desk.parts.pulls.put(after);
    return after;
  };
  return inTurn(desk.changing, name, work);
}

/** Changes one environment of a pull request, and shows it. */
export async function changePlace(
  desk: Pick<Desk, 'parts' | 'changing' | 'paints'>,
  name: PullName,
  environment: string,
  change: (before: PullPlace) => Partial<PullPlace>,
): Promise<void> {
  await changePull(desk, name, (pull) => {
    if (!pull) throw new Error(`nothing is known of ${name}`);
    const before = pull.places[environment] ?? NOWHERE;
    return { ...pull, places: { ...pull.places, [environment]: { ...before, ...change(before) } } };
  });
  desk.paints.add(name);
}

const NOWHERE: PullPlace = {
  groups: [],
  commit: '',
  by: '',
  atMs: 0,
  state: 'deploying',
  code: '',
  deployment: '',
  deploys: 0,
  failed: 0,
  removedBy: '',
};

export function nameOfPull({ repository, number }: Pick<Pull, 'repository' | 'number'>): PullName {
  return pullName(repository, number);
}

export function notePlace(desk: Pick<Desk, 'places'>, environment: string, name: PullName): void {
  const names = desk.places.get(environment) ?? new Set();
  desk.places.set(environment, names.add(name));
}
