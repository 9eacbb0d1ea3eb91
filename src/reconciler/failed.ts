import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Feed } from './feed.ts';
import type { Queue } from './queue.ts';
import type { Wish } from './wish.ts';

interface FailedParts {
  readonly parts: {
    readonly feed: Feed;
    readonly reportInternal: (error: unknown, key: GroupKey) => string;
  };
  readonly failures: Map<GroupKey, { revision: number; code: string; attempts: number }>;
  readonly queue: Queue<GroupKey>;
}

/** How long a group waits after its first failure, milliseconds; twice as long after each further one. */
export const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/** Tells a failure once for each revision and cause, and sets the next try. */
export function failed(
  { parts, failures, queue }: FailedParts,
  key: GroupKey,
  wish: Wish | undefined,
  thrown: unknown,
): void {
  const failure = thrown instanceof Failure ? thrown : internalFailure(parts, thrown, key);
  if (failure.code === 'superseded') {
    queue.add(key);
    return;
  }
  const revision = wish?.revision.number ?? 0;
  const before = failures.get(key);
  const same = before?.revision === revision && before.code === failure.code;
  const attempts = same ? before.attempts + 1 : 1;
  failures.set(key, { revision, code: failure.code, attempts });
  if (!same) {
    const { code, message, advice, about } = failure;
    parts.feed.tell(key, revision, { kind: 'failed', code, message, advice, ...about });
  }
  queue.addAfter(key, retryAfterMs(attempts));
}

/** How long to wait after so many failures in a row, milliseconds. */
export function retryAfterMs(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
}

/** What went wrong inside the bot, as people are told of it; the log has it under the reference. */
export function internalFailure(
  { reportInternal }: Pick<FailedParts['parts'], 'reportInternal'>,
  thrown: unknown,
  key: GroupKey,
): Failure {
  const reference = reportInternal(thrown, key);
  return new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
    advice: 'It is tried again by itself. The bot’s log has the details under the reference.',
  });
}
