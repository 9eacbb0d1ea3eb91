import { pauseMs } from '../../mail/index.ts';
import * as say from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import { answer } from './answer.ts';
import { refusal } from './message/index.ts';
import type { Desk } from './parts.ts';
import { whisper } from './tell.ts';
import { isPassing } from './trouble.ts';

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** What does not get through for a day is told as it is. */
const GIVE_UP_MS = 86_400_000;

/**
 * Answers while other things go on: a deploy can be cancelled by the next word. What Slack or GitHub do not answer is tried
 * again; what is the bot's own fault is told with a reference.
 */
export function startAnswer(desk: Desk, ask: SlackAsk): void {
  if (desk.answering.has(ask.id)) return;
  const work = inTurn(desk, ask)
    .catch((error: unknown) => afterFailure(desk, ask, error))
    .catch((error: unknown) => void desk.parts.reportInternal(error))
    .finally(() => desk.answering.delete(ask.id));
  desk.answering.set(ask.id, work);
}

/** What has not begun when the bot stops is answered after the next start. */
async function inTurn(desk: Desk, ask: SlackAsk): Promise<void> {
  const end = await desk.turns.take();
  try {
    if (!desk.closing.aborted) await answer(desk, ask, startAnswer);
  } finally {
    end();
  }
}

async function afterFailure(desk: Desk, ask: SlackAsk, error: unknown): Promise<void> {
  if (desk.closing.aborted) return; // begun anew by the next start
  const { clock, random, slack } = desk.parts;
  const attempts = (desk.attempts.get(ask.id) ?? 0) + 1;
  if (isPassing(error) && clock.now() - ask.receivedAtMs < GIVE_UP_MS) {
    desk.attempts.set(ask.id, attempts);
    const again = () => {
      desk.retries.delete(ask.id);
      startAnswer(desk, ask);
    };
    const pause = pauseMs({ attempts, first: FIRST_RETRY_MS, longest: LONGEST_RETRY_MS, random });
    desk.retries.set(ask.id, clock.after(pause, again));
    return;
  }
  desk.attempts.delete(ask.id);
  if (ask.button) await slack.buttons.free(ask.button);
  await whisper(desk, ask, refusal(say.ownFault(desk.parts.reportInternal(error))));
  await slack.asks.answered(ask.id);
}
