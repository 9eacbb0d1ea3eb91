import { Failure } from '../../failure.ts';
import * as say from '../../replies/index.ts';
import type { Ask } from '../../store/index.ts';
import { answer, react } from './answer.ts';
import { pullName } from './names.ts';
import type { Desk } from './parts.ts';
import { answerPush } from './push.ts';
import { reply } from './reply.ts';
import { isPassing } from './tree.ts';

const RETRY_MS = 20_000;

/**
 * Answers while other deliveries of the pull request go on: a deploy can be cancelled by the next comment. What GitHub does not
 * answer is tried again; what is the bot's own fault is told with a reference, and nothing of it is left open.
 */
export function startAnswer(desk: Desk, ask: Ask): void {
  if (desk.answering.has(ask.id)) return;
  const work = (ask.push ? answerPush(desk, ask) : answer(desk, ask))
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
  if (isPassing(error)) {
    const again = () => {
      desk.retries.delete(ask.id);
      startAnswer(desk, ask);
    };
    desk.retries.set(ask.id, desk.parts.clock.after(RETRY_MS, again));
    return;
  }
  const reference = desk.parts.reportInternal(error);
  const outcome = say.failedOutcome(
    new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
      advice: 'Whoever runs the bot finds it in the log under this reference.',
    }),
  );
  if (ask.number) await reply(desk, ask, outcome.blocks);
  await react(desk, ask, outcome);
  await desk.parts.pulls.answered(ask.id);
}
