import type { Clock } from '../clock.ts';
import { createQueue, type Queue } from './queue.ts';

const WORKERS = 4;
const RETRY_MS = 30_000;
const MOST_RETRIES = 10;

/** A queue of names to look at: a look that fails is tried again, and `givenUp` hears of one that fails again and again. */
export function createLooker<Name extends string>({
  clock,
  closing,
  look,
  givenUp,
}: {
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly look: (name: Name) => Promise<void>;
  readonly givenUp: (name: Name, error: unknown) => void;
}): Queue<Name> {
  const failures = new Map<Name, number>();
  const queue: Queue<Name> = createQueue<Name>({
    clock,
    workers: WORKERS,
    async run(name) {
      try {
        await look(name);
        failures.delete(name);
      } catch (error) {
        if (closing.aborted) return;
        const count = (failures.get(name) ?? 0) + 1;
        failures.set(name, count);
        if (count < MOST_RETRIES) return queue.addAfter(name, RETRY_MS);
        failures.delete(name);
        givenUp(name, error);
      }
    },
  });
  return queue;
}
