import type { Clock } from '../clock.ts';
import type { Event, Fact, GroupKey } from '../event.ts';
import type { EventBook } from './wish.ts';

/** Where facts are told. Listeners hear at once and in order; the book is written behind, also in order. */
export interface Feed {
  tell(group: GroupKey, revision: number, fact: Fact): void;
  listen(listener: (event: Event) => void): () => void;
  /** Everything told so far is in the book. */
  written(): Promise<void>;
}

/** `onLost` hears of facts that the book refused, for example because the disk is full. */
export function createFeed(book: EventBook, clock: Clock, onLost: (error: unknown) => void): Feed {
  const listeners = new Set<(event: Event) => void>();
  let unwritten: Event[] = [];
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (unwritten.length) {
      const batch = unwritten;
      unwritten = [];
      await book.append(batch).catch(onLost);
    }
    writing = undefined;
  };
  return {
    tell(group, revision, fact) {
      const event = { atMs: clock.now(), group, revision, fact };
      if (fact.kind !== 'pull-progress') unwritten.push(event); // of passing interest only
      for (const listener of listeners) listener(event);
      writing ??= Promise.resolve().then(write);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    written: () => writing ?? Promise.resolve(),
  };
}
