import type { GroupView } from '../../commands/index.ts';
import { bill } from '../../metering/index.ts';
import { type PlaceState, urlsOf } from '../../replies/index.ts';
import type { Pull, PullPlace } from '../../store/index.ts';
import { type PullName, placeIn, previewOf } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { changePull } from './pulls.ts';
import { put } from './put.ts';
import { markerOf, type PlaceView, stickyComment } from './sticky-comment.ts';
import { forkNow, withWaiting } from './waiting-rows.ts';

/** Writes the one comment of a pull request anew, from what the books and the engines say now. */
export async function paint(desk: Desk, name: PullName): Promise<void> {
  const { repository, number } = placeIn(name);
  const pull = await desk.parts.pulls.get(repository, number);
  if (!pull || !hasSomethingToSay(pull)) return;
  const views = await desk.parts.views(repository, desk.closing);
  const open = (await desk.parts.proposals.open()).filter(
    (each) => each.repository === repository && each.pull === number,
  );
  const there = await Promise.all(
    Object.entries(pull.places).map(([environment, place]) =>
      placeView(desk, name, environment, place, views),
    ),
  );
  await noteRemoved(desk, name, pull, there);
  const places = withWaiting(there, open, desk.parts.clock.now());
  if (pull.plan.comments === 'outcomes' || pull.plan.comments === 'none') return;
  const body = stickyComment({
    number,
    state: pull.state,
    head: pull.head,
    title: pull.title,
    preview: previewOf(repository, number),
    places,
    plan: pull.plan,
    fork: forkNow(pull, open),
    nowMs: desk.parts.clock.now(),
  });
  const goesOn = places.some(({ state }) => state === 'deploying' || state === 'removing');
  await put(desk, accountOf(pull.installation), {
    kind: 'comment',
    key: `sticky:${name}`,
    importance: goesOn ? 'progress' : 'result',
    content: { repository, number, marker: markerOf(number), body },
  });
}

/** A pull request without a container group is left alone. */
function hasSomethingToSay({ plan, places }: Pull): boolean {
  return Object.keys(places).length > 0 || (plan.commit !== '' && plan.verdict !== 'none');
}

async function placeView(
  desk: Desk,
  name: PullName,
  environment: string,
  place: PullPlace,
  views: readonly GroupView[],
): Promise<PlaceView> {
  const there = views.filter((view) => view.environment === environment);
  const nowMs = desk.parts.clock.now();
  const keys = [...new Set([...place.groups, ...there.map((view) => `${environment}/${view.name}`)])];
  const intervals = await desk.parts.ledger.intervals({
    groups: keys.map((key): `${string}/${string}` => `${environment}/${key.slice(environment.length + 1)}`),
  });
  const state = stateOf(place, there);
  const open = intervals.length > 0 ? bill(intervals, nowMs) : undefined;
  return {
    environment,
    state,
    detail: detailOf(state, place, there),
    // What runs says itself which commit it is: after a rollback that is another one than was asked for last.
    commit: (state !== 'deploying' && there.find(({ commit }) => commit)?.commit) || place.commit,
    by: place.by,
    atMs: place.atMs,
    groups: there.map((view) => {
      const { name: group, address, containers } = view;
      const members = containers.filter(({ init }) => !init);
      const running = members.filter((member) => member.state === 'Running').length;
      return { name: group, urls: urlsOf(view), address, running: `${running}/${members.length}` };
    }),
    perHour: open?.open ? open.ratePerHour : undefined,
    bill: open,
    expiresAtMs: there.map((view) => view.expiresAtMs).find((atMs) => atMs !== null) ?? null,
    steps: desk.steps.get(`${name} ${environment}`) ?? [],
    deploys: place.deploys,
    failed: place.failed,
  };
}

/** What is true now: groups that are there say more than what was noted of them. */
function stateOf({ state, groups }: PullPlace, there: readonly GroupView[]): PlaceState {
  if (state === 'deploying') return 'deploying';
  if (!there.length)
    return state === 'failed' && !groups.length ? 'failed' : state === 'removing' ? 'removing' : 'removed';
  const states = there.map((view) => view.state);
  if (states.includes('Deleting')) return 'removing';
  if (states.includes('Unknown')) return 'unknown';
  if (state === 'failed' || there.some(({ failure }) => failure)) return 'failed';
  if (states.includes('Pending')) return 'deploying';
  if (states.includes('Running')) return 'running';
  return states.includes('Stopped') ? 'stopped' : 'finished';
}

function detailOf(state: PlaceState, { code, removedBy }: PullPlace, there: readonly GroupView[]): string {
  if (state === 'removed' || state === 'removing') return removedBy;
  if (state !== 'failed') return '';
  const cause = there.find(({ failure }) => failure)?.failure?.code ?? code;
  const serving = there.find((view) => view.serving !== undefined)?.serving;
  return serving === undefined ? cause : `${cause}, #${serving} keeps serving`;
}

/** What has gone is noted, so that a closed pull request can be left alone. */
async function noteRemoved(
  desk: Desk,
  name: PullName,
  pull: Pull,
  places: readonly PlaceView[],
): Promise<void> {
  const gone = places.filter(
    ({ environment, state }) => state === 'removed' && pull.places[environment]?.state !== 'removed',
  );
  if (!gone.length) return;
  await changePull(desk, name, (before = pull) => ({
    ...before,
    places: Object.fromEntries(
      Object.entries(before.places).map(([environment, place]) => [
        environment,
        gone.some((each) => each.environment === environment && place.deploys === each.deploys)
          ? { ...place, state: 'removed' as const }
          : place,
      ]),
    ),
  }));
}
