import type { Clock } from '../clock.ts';

export interface Queue<Name extends string> {
  /** A name that waits already is not queued twice; one being worked on is done again afterwards. */
  add(name: Name): void;
  /** Adds the name later; an earlier date wins. */
  addAfter(name: Name, delayMs: number): void;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Names of things to look at, each by one worker at a time. Bounded by nature: a name stands in it at most once. */
export function createQueue<Name extends string>({
  clock,
  workers,
  run,
}: {
  clock: Clock;
  workers: number;
  run(name: Name): Promise<void>;
}): Queue<Name> {
  const waiting = new Set<Name>();
  const running = new Set<Name>();
  const later = new Map<Name, { atMs: number; cancel(): void }>();
  let closed = false;
  let resting: PromiseWithResolvers<void> | undefined;

  const next = () => {
    for (const name of waiting) {
      if (closed || running.size >= workers) break;
      if (running.has(name)) continue;
      waiting.delete(name);
      running.add(name);
      void run(name).finally(() => {
        running.delete(name);
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
  const add = (name: Name) => {
    if (closed) return;
    later.get(name)?.cancel();
    later.delete(name);
    waiting.add(name);
    next();
  };
  return {
    add,
    addAfter(name, delayMs) {
      const atMs = clock.now() + delayMs;
      const known = later.get(name);
      if (closed || waiting.has(name) || (known && known.atMs <= atMs)) return;
      known?.cancel();
      later.set(name, { atMs, cancel: clock.after(delayMs, () => add(name)) });
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
