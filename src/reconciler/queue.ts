import type { Clock } from '../clock.ts';
import type { GroupKey } from '../event.ts';

export interface Queue {
  /** A name that waits already is not queued twice; one being worked on is done again afterwards. */
  add(key: GroupKey): void;
  /** Adds the name later; an earlier date wins. */
  addAfter(key: GroupKey, delayMs: number): void;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Names of groups, each worked on by one worker at a time. Bounded by nature: a group stands in it at most once. */
export function createQueue({
  clock,
  workers,
  run,
}: {
  clock: Clock;
  workers: number;
  run(key: GroupKey): Promise<void>;
}): Queue {
  const waiting = new Set<GroupKey>();
  const running = new Set<GroupKey>();
  const later = new Map<GroupKey, { atMs: number; cancel(): void }>();
  let closed = false;
  let resting: PromiseWithResolvers<void> | undefined;

  const next = () => {
    for (const key of waiting) {
      if (closed || running.size >= workers) break;
      if (running.has(key)) continue;
      waiting.delete(key);
      running.add(key);
      void run(key).finally(() => {
        running.delete(key);
        next();
      });
    }
    if (running.size > 0 || (!closed && waiting.size > 0)) return;
    resting?.resolve();
    resting = undefined;
  };
  const rest = async () => {
    if (running.size === 0 && (closed || waiting.size === 0)) return;
    resting ??= Promise.withResolvers();
    await resting.promise;
  };
  const add = (key: GroupKey) => {
    if (closed) return;
    later.get(key)?.cancel();
    later.delete(key);
    waiting.add(key);
    next();
  };
  return {
    add,
    addAfter(key, delayMs) {
      const atMs = clock.now() + delayMs;
      const known = later.get(key);
      if (closed || waiting.has(key) || (known && known.atMs <= atMs)) return;
      known?.cancel();
      later.set(key, { atMs, cancel: clock.after(delayMs, () => add(key)) });
    },
    idle: rest,
    async close() {
      closed = true;
      for (const { cancel } of later.values()) cancel();
      later.clear();
      await rest();
    },
  };
}
