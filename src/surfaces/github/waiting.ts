import { withdraw } from '../../commands/index.ts';
import { type Proposal, type Standing, standingOf } from '../../policy/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import { deployCheck, waitingCheck } from './check-run.ts';
import { pullName } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { put } from './put.ts';
import { reply } from './reply.ts';

/** Begins to answer what was asked, beside everything else. */
type Start = (desk: Desk, ask: Ask) => void;

/** The longest that a timer is set for; then it is looked at again. */
const LONGEST_TIMER_MS = 86_400_000;

/** The proposal that an outcome is about. */
export async function proposalIn(desk: Desk, { data }: Outcome): Promise<Proposal> {
  const { proposal: id }: { proposal?: unknown } = Object(data);
  const proposal = await desk.parts.proposals.get(String(id));
  if (!proposal) throw new Error(`nothing is known of ${String(id)}`);
  return proposal;
}

/**
 * What was asked goes on by itself later: when somebody approves it, when the wait is over, or when it has become pointless.
 * Each of these asks it anew, from the line that waits, and everything is decided again.
 */
export async function waitFor(
  desk: Desk,
  ask: Ask,
  { proposal, head, start }: { readonly proposal: Proposal; readonly head: string; readonly start: Start },
): Promise<void> {
  const { id, environment, commit } = proposal;
  const nowMs = desk.parts.clock.now();
  const standing = standingOf(proposal, nowMs);
  await desk.parts.pulls.keep({ ...ask, waits: { proposal: id, environment, head, commit } });
  await tellWaiting(desk, ask, proposal, standing);
  if (ask.number) desk.paints.add(pullName(ask.repository, ask.number));
  // Approved, rejected or over in the meantime: it is asked again at once.
  const untilMs = nextLookAt(standing) ?? nowMs;
  const pauseMs = Math.min(LONGEST_TIMER_MS, Math.max(0, untilMs - nowMs));
  desk.retries.set(
    ask.id,
    desk.parts.clock.after(pauseMs, () => {
      desk.retries.delete(ask.id);
      resume(desk, ({ id: each }) => each === ask.id, start);
    }),
  );
}

function nextLookAt(standing: Standing): number | undefined {
  if (standing.kind === 'needs-approval') return standing.untilMs ?? Number.POSITIVE_INFINITY;
  return standing.kind === 'waits' ? standing.untilMs : undefined;
}

/** Asks again what waits and is meant. What is being answered just now is asked again after that. */
export function resume(desk: Desk, isMeant: (ask: Ask) => boolean, start: Start): void {
  const work = async () => {
    const all = await desk.parts.pulls.unanswered();
    for (const { id } of all.filter((ask) => ask.waits && isMeant(ask))) {
      await desk.answering.get(id);
      if (desk.closing.aborted) return;
      const ask = (await desk.parts.pulls.unanswered()).find((each) => each.id === id);
      if (ask) start(desk, ask);
    }
  };
  const turn: Promise<void> = work()
    .catch((error: unknown) => void desk.parts.reportInternal(error))
    .finally(() => desk.sweeping.delete(turn));
  desk.sweeping.add(turn);
}

/** Tells of what waits, by the outcome that says so; whoever has asked goes on with it. */
export async function tellProposal(desk: Desk, ask: Ask, outcome: Outcome): Promise<void> {
  const proposal = await proposalIn(desk, outcome);
  await tellWaiting(desk, ask, proposal, standingOf(proposal, desk.parts.clock.now()));
}

/** A check that asks for a human, with the buttons; and a comment that people are told of, once. */
async function tellWaiting(desk: Desk, ask: Ask, proposal: Proposal, standing: Standing): Promise<void> {
  const { repository, installation } = ask;
  const nowMs = desk.parts.clock.now();
  const title = say.standingWords(standing, nowMs);
  if (!title) return;
  const blocks = say.waiting(proposal, standing, nowMs).blocks;
  const isHuman = standing.kind === 'needs-approval';
  await put(desk, accountOf(installation), {
    kind: 'check',
    // What waits for the clock alone goes on in the check of its deploy; one that has asked for a human has ended.
    key: isHuman ? `check:${proposal.id}` : checkKey(ask, proposal.environment),
    importance: 'result',
    content: {
      repository,
      run: waitingCheck({ proposal, ask: ask.id, isHuman, title, blocks, hasButtons: proposal.pull > 0 }),
    },
  });
  if (isHuman || ask.waits) await replyWaiting(desk, ask, proposal, blocks, calledFor(proposal, standing));
}

export function checkKey({ id }: Pick<Ask, 'id'>, environment: string): string {
  return `check:${id}:${environment}`;
}

async function replyWaiting(
  desk: Desk,
  { id, installation, repository, number }: Ask,
  proposal: Proposal,
  blocks: readonly Block[],
  called: readonly string[] = [],
): Promise<void> {
  const place = { id: `${id}:${proposal.id}`, installation, repository, number: number || proposal.pull };
  if (place.number) await reply(desk, place, blocks, called);
}

const MOST_CALLED = 6;
/** Names as GitHub gives them to people and teams; anything else is not called. */
const NAME = /^[a-z0-9][a-z0-9-]*(?:\/[\w.-]+)?$/i;

/** Whom GitHub tells that it is theirs to approve. Whoever may approve by right alone is not called: that could be anybody. */
function calledFor({ requester, needs }: Proposal, standing: Standing): string[] {
  if (standing.kind !== 'needs-approval') return [];
  const barred = new Set([requester, ...needs.barred].map(({ person }) => person));
  const names = standing.missing.flatMap(({ from }) =>
    from.filter((each) => each.kind === 'team' || !barred.has(each.person)).map(({ name }) => name),
  );
  return [...new Set(names)].filter((name) => NAME.test(name)).slice(0, MOST_CALLED);
}

/** It has waited and goes no further, or goes now: what asked for people says so. */
export async function waitEnded(desk: Desk, ask: Ask, outcome: Outcome, deployed: boolean): Promise<void> {
  const { waits, repository, installation } = ask;
  if (!waits) return;
  const proposal = await desk.parts.proposals.get(waits.proposal);
  if (!proposal) return;
  const nowMs = desk.parts.clock.now();
  if (proposal.state === 'open' && isPointless(outcome, ask, proposal)) {
    const { message }: { message?: unknown } = Object(outcome.data);
    await withdraw(desk.parts, proposal.id, String(message ?? 'It was not deployed.'));
  }
  if (!deployed) await endCheck(desk, ask, proposal, outcome);
  await replyWaiting(
    desk,
    { ...ask, repository, installation },
    proposal,
    say.settled(proposal, deployed, nowMs),
  );
}

/** For this commit nobody needs to approve it any more. */
function isPointless({ kind, code }: Outcome, { actor }: Ask, { requester }: Proposal): boolean {
  if (kind === 'done') return false;
  return (
    ['withdrawn', 'head-moved', 'pull-closed'].includes(code) || requester.person === `github:${actor.id}`
  );
}

async function endCheck(
  desk: Desk,
  { id, repository, installation }: Ask,
  { environment, commit }: Proposal,
  { code, blocks }: Outcome,
): Promise<void> {
  const title = say.deployTitle(false, environment, code);
  await put(desk, accountOf(installation), {
    kind: 'check',
    key: checkKey({ id }, environment),
    importance: 'result',
    content: {
      repository,
      run: deployCheck({ environment, head: commit, ask: id, state: 'cancelled', title, blocks, url: '' }),
    },
  });
}

/** What waits for another commit than the newest, or in a pull request that was closed, is over. */
export async function withdrawOld(desk: Desk, pull: Pull): Promise<void> {
  const { repository, number, head, state } = pull;
  for (const proposal of await desk.parts.proposals.open()) {
    if (proposal.repository !== repository || proposal.pull !== number || proposal.branch) continue;
    if (state === 'closed') await withdraw(desk.parts, proposal.id, say.closedWords());
    else if (proposal.head !== head)
      await withdraw(desk.parts, proposal.id, say.pushedOverWords(proposal.commit, head));
  }
}
