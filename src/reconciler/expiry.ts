import type { Clock } from '../clock.ts';
import type { GroupKey } from '../event.ts';
import type { Feed } from './feed.ts';
import type { Queue } from './queue.ts';
import type { DesiredState, Wish } from './wish.ts';

interface ExpiryParts {
  readonly parts: { readonly desired: DesiredState; readonly feed: Feed; readonly clock: Clock };
  readonly queue: Queue<GroupKey>;
}

/** Timers of JavaScript end at 24 days. */
const LONGEST_TIMER_MS = 12 * 3_600_000;
/** Who removes a group whose time has come. */
const TIME_TO_LIVE = 'time to live';

/** A group that goes by itself and whose time has come is no longer wanted; before that the time is waited for. */
export async function expired(
  { parts, queue }: ExpiryParts,
  { key, revision, wanted, expiresAtMs }: Wish,
): Promise<boolean> {
  if (expiresAtMs === null || wanted === 'deleted') return false;
  const leftMs = expiresAtMs - parts.clock.now();
  if (leftMs > 0) {
    queue.addAfter(key, Math.min(leftMs, LONGEST_TIMER_MS));
    return false;
  }
  await parts.desired.unwish(key, TIME_TO_LIVE);
  parts.feed.tell(key, revision.number, { kind: 'expired' });
  return true;
}
