import { Failure } from '../../failure.ts';
import { pauseMs } from '../../mail/index.ts';
import * as say from '../../replies/index.ts';
import type { Ask } from '../../store/index.ts';
import { answer, react } from './answer.ts';
import { pullName } from './names.ts';
import type { Desk } from './parts.ts';
import { answerPush, endPush } from './push.ts';
import { reply } from './reply.ts';
import { isPassing } from './tree.ts';

const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** What GitHub does not let through for a day is told as it is. */
const GIVE_UP_MS = 86_400_000;

/**
 * Answers while other deliveries of the pull request go on: a deploy can be cancelled by the next comment. What GitHub does not
 * answer is tried again; what is the bot's own fault is told with a reference, and nothing of it is left open.
 */
export function startAnswer(desk: Desk, ask: Ask): void {
  if (desk.answering.has(ask.id)) return;
  desk.retries.get(ask.id)?.();
  desk.retries.delete(ask.id);
  const work = (ask.push ? answerPush(desk, ask, startAnswer) : answer(desk, ask, startAnswer))
    .catch((error: unknown) => afterFailure(desk, ask, error))
    .catch((error: unknown) => void desk.parts.reportInternal(error))
    .finally(() => {
      desk.answering.delete(ask.id);
      if (ask.number) desk.paints.add(pullName(ask.repository, ask.number));
    });
  desk.answering.set(ask.id, work);
}

async function afterFailure(desk: Desk, ask: Ask, error: unknown): Promise<void> {
  if (desk.closing.aborted) return; // begun anew by the next start
  const attempts = (desk.attempts.get(ask.id) ?? 0) + 1;
  if (isPassing(error) && desk.parts.clock.now() - ask.receivedAtMs < GIVE_UP_MS) {
    desk.attempts.set(ask.id, attempts);
    const again = () => {
      desk.retries.delete(ask.id);
      startAnswer(desk, ask);
    };
    const pause = pauseMs({
      attempts,
      first: FIRST_RETRY_MS,
      longest: LONGEST_RETRY_MS,
      random: desk.parts.random,
    });
    desk.retries.set(ask.id, desk.parts.clock.after(pause, again));
    return;
  }
  desk.attempts.delete(ask.id);
  const reference = desk.parts.reportInternal(error);
  const outcome = say.failedOutcome(
    new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
      advice: 'Whoever runs the bot finds it in the log under this reference.',
    }),
  );
  if (ask.push) await endPush(desk, ask, outcome);
  else await reply(desk, ask, outcome.blocks);
  await react(desk, ask, outcome);
  await desk.parts.pulls.answered(ask.id);
}
