import type { GroupKey } from '../event.ts';
import { arrived } from './arrive.ts';
import type { Feed } from './feed.ts';
import type { Wish } from './wish.ts';

/** Room that came without a word of it, such as a host that answers again, is found this late. */
const LOOK_EVERY_MS = 15_000;

type ArrivalParts = Parameters<typeof arrived>[0];

interface RoomParts extends ArrivalParts {
  readonly parts: ArrivalParts['parts'] & {
    readonly findRoom?: (wish: Wish, signal: AbortSignal) => Promise<boolean>;
  };
  /** Groups for which no host had room at the last look. */
  readonly waiting: Set<GroupKey>;
  readonly closing: AbortController;
}

/** A group that is on no host yet: nothing of it is anywhere. Gives true once it has a host. */
export async function soughtRoom(work: RoomParts, wish: Wish): Promise<boolean> {
  const { parts, waiting, queue, closing } = work;
  waiting.delete(wish.key);
  if (wish.wanted !== 'running') {
    await arrived(work, wish, { kind: wish.wanted === 'deleted' ? 'gone' : 'stopped' });
    return false;
  }
  if (await parts.findRoom?.(wish, closing.signal)) return true;
  waiting.add(wish.key);
  queue.addAfter(wish.key, LOOK_EVERY_MS);
  return false;
}

/** Whoever waits looks again when a group has made room, or has taken some and is no longer before them. */
export function lookWhenFreed(feed: Feed, waiting: ReadonlySet<GroupKey>, wake: (key: GroupKey) => void) {
  return feed.listen(({ fact }) => {
    if (['removed', 'stopped', 'finished', 'placed'].includes(fact.kind))
      for (const key of waiting) wake(key);
  });
}
