/** Time that stands still until a test moves it. */
import type { Clock } from '../../src/clock.ts';

export interface ManualClock extends Clock {
  /** Moves on; what falls due is called on the way, in order, each at its own time. */
  advance(delayMs: number): void;
  /** When the next callback falls due; undefined when none waits. */
  nextAtMs(): number | undefined;
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  const waiting = new Set<{ atMs: number; callback: () => void }>();
  let nowMs = startMs;
  const first = () =>
    [...waiting].reduce<{ atMs: number; callback: () => void } | undefined>(
      (best, each) => (best && best.atMs <= each.atMs ? best : each),
      undefined,
    );
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const entry = { atMs: nowMs + Math.max(0, delayMs), callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    advance(delayMs) {
      const untilMs = nowMs + delayMs;
      for (let next = first(); next && next.atMs <= untilMs; next = first()) {
        waiting.delete(next);
        nowMs = next.atMs;
        next.callback();
      }
      nowMs = untilMs;
    },
    nextAtMs: () => first()?.atMs,
  };
}
