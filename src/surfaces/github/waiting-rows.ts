import { type Proposal, standingOf } from '../../policy/index.ts';
import * as say from '../../replies/index.ts';
import type { Pull } from '../../store/index.ts';
import { previewOf } from './names.ts';
import type { PlaceView, PullView } from './sticky-comment.ts';

/** The rows of a pull request with what waits in them: a new row where nothing has been yet. Pure. */
export function withWaiting(
  places: readonly PlaceView[],
  open: readonly Proposal[],
  nowMs: number,
): PlaceView[] {
  const waiting = open.flatMap((proposal) => {
    const standing = standingOf(proposal, nowMs);
    const isWaiting = standing.kind === 'needs-approval' || standing.kind === 'waits';
    return proposal.wanted && isWaiting && !proposal.branch ? [{ proposal, standing }] : [];
  });
  const rows = waiting.map(({ proposal, standing }): PlaceView => {
    const { environment, commit, requester, askedAtMs, id } = proposal;
    const before = places.find((place) => place.environment === environment) ?? NOTHING_YET;
    const asked = { environment, commit, by: requester.name, atMs: askedAtMs };
    const detail = say.standingWords(standing, nowMs).replace(/^waits /, '');
    return { ...before, ...asked, state: 'waiting', detail, commands: say.waitingCommands(id, standing) };
  });
  const others = places.filter(({ environment }) => !rows.some((row) => row.environment === environment));
  return [...rows, ...others];
}

const NOTHING_YET = {
  groups: [],
  perHour: undefined,
  bill: undefined,
  expiresAtMs: null,
  steps: [],
  deploys: 0,
  failed: 0,
};

/** Whether the newest commit of a fork may run. Pure. */
export function forkNow(
  { plan, head, repository, number }: Pull,
  open: readonly Proposal[],
): PullView['fork'] {
  if (plan.fork !== 'to-approve' || plan.commit !== head) return plan.fork === 'planned' ? 'planned' : 'no';
  const preview = previewOf(repository, number);
  const proposal = open.find(({ environment, commit }) => environment === preview && commit === head);
  if (!proposal) return 'planned';
  return standingOf(proposal, 0).kind === 'ready' ? 'approved' : 'to-approve';
}
