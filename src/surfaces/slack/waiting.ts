import { withdraw } from '../../commands/index.ts';
import { type Standing, standingOf } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import { openProposalRoom } from './approvals.ts';
import type { Desk } from './parts.ts';

/** Begins to answer what was asked, beside everything else. */
export type Start = (desk: Desk, ask: SlackAsk) => void;

/** The longest that a timer is set for; then it is looked at again. */
const LONGEST_TIMER_MS = 86_400_000;

/**
 * What was asked goes on by itself later: when somebody approves it, when the wait is over, or when it has become pointless.
 * Each of these asks it anew, from the line that waits, and everything is decided again.
 */
export async function waitFor(
  desk: Desk,
  ask: SlackAsk,
  { outcome, lines, start }: { outcome: Outcome; lines: readonly string[]; start: Start },
): Promise<void> {
  const { proposals, slack, clock } = desk.parts;
  const { proposal: id }: { proposal?: unknown } = Object(outcome.data);
  const proposal = await proposals.get(String(id));
  if (!proposal) throw new Error(`nothing is known of ${String(id)}`);
  const { environment, head, commit } = proposal;
  const room = await openProposalRoom(desk, ask, proposal, `slack:${ask.user.user}`);
  const waits = { proposal: proposal.id, environment, head, commit };
  // By the time that it goes on, the one answer that a response URL takes is long over.
  await slack.asks.keep({ ...ask, lines, waits, room, responseUrl: '' });
  // Approved, rejected or over before it was known that this waits: it is asked again at once.
  const now = await proposals.get(proposal.id);
  const untilMs = (now && nextLookAt(standingOf(now, clock.now()))) ?? clock.now();
  const pauseMs = Math.min(LONGEST_TIMER_MS, Math.max(0, untilMs - clock.now()));
  const again = () => resume(desk, (each) => each.id === ask.id, start);
  desk.retries.get(ask.id)?.();
  desk.retries.set(ask.id, clock.after(pauseMs, again));
}

function nextLookAt(standing: Standing): number | undefined {
  if (standing.kind === 'needs-approval') return standing.untilMs ?? Number.POSITIVE_INFINITY;
  return standing.kind === 'waits' ? standing.untilMs : undefined;
}

/** Asks again what waits and is meant. What is being answered just now is asked again after that. */
export function resume(desk: Desk, isMeant: (ask: SlackAsk) => boolean, start: Start): void {
  const { asks } = desk.parts.slack;
  const work = async () => {
    for (const { id } of (await asks.unanswered()).filter((ask) => ask.waits && isMeant(ask))) {
      await desk.answering.get(id);
      if (desk.closing.aborted) return;
      const ask = (await asks.unanswered()).find((each) => each.id === id);
      desk.retries.get(id)?.();
      desk.retries.delete(id);
      if (ask) start(desk, ask);
    }
  };
  const turn: Promise<void> = work()
    .catch((error: unknown) => void desk.parts.reportInternal(error))
    .finally(() => desk.sweeping.delete(turn));
  desk.sweeping.add(turn);
}

/** Nobody will go on with it who has asked: a yes would lead nowhere. */
export async function giveUpWaiting(desk: Desk, { waits }: SlackAsk, why: string): Promise<void> {
  if (waits) await withdraw(desk.parts, waits.proposal, why);
}
