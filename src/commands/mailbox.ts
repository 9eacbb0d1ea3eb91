import { within } from '../clock.ts';
import type { Event, GroupKey } from '../event.ts';
import type { Feed } from '../reconciler/index.ts';

/** Events kept from a moment on, to be read group by group, at the reader's pace. */
export interface Mailbox {
  /** The group's next event from `revision` on; waits for it. Rejects with the signal's reason. */
  next(key: GroupKey, revision: number, signal: AbortSignal): Promise<Event>;
  /** Puts what happened before it was opened in front of what it has kept since. */
  recall(events: readonly Event[]): void;
  close(): void;
}

/** Enough for the longest deploy; a reader that lags behind loses the oldest. */
const MOST_EVENTS = 10_000;

export function createMailbox(feed: Feed): Mailbox {
  const kept: Event[] = [];
  let arrived = Promise.withResolvers<void>();
  const stop = feed.listen((event) => {
    kept.push(event);
    if (kept.length > MOST_EVENTS) kept.shift();
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  return {
    async next(key, revision, signal) {
      for (;;) {
        const index = kept.findIndex((event) => event.group === key && event.revision >= revision);
        const [event] = index < 0 ? [] : kept.splice(index, 1);
        if (event) return event;
        await within(signal, arrived.promise);
      }
    },
    recall(events) {
      const since = new Set(kept.map((event) => JSON.stringify(event)));
      kept.unshift(...events.filter((event) => !since.has(JSON.stringify(event))));
    },
    close: stop,
  };
}
