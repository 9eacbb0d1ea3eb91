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

export interface LeapingClock extends Clock {
  /** All at once it is later: what fell due meanwhile is called. */
  leap(ms: number): void;
}

/** The real time, of which a test can leave out what it has no time for. */
export function createLeapingClock(): LeapingClock {
  const waiting = new Set<{ atMs: number; callback: () => void; timer: NodeJS.Timeout }>();
  let leaptMs = 0;
  const now = () => Date.now() + leaptMs;
  return {
    now,
    after(delayMs, callback) {
      const call = () => {
        waiting.delete(entry);
        callback();
      };
      const entry = {
        atMs: now() + delayMs,
        callback: call,
        timer: setTimeout(call, Math.min(delayMs, 2 ** 31 - 1)),
      };
      waiting.add(entry);
      return () => {
        clearTimeout(entry.timer);
        waiting.delete(entry);
      };
    },
    leap(ms) {
      leaptMs += ms;
      for (const entry of [...waiting].toSorted((a, b) => a.atMs - b.atMs)) {
        if (entry.atMs > now()) continue;
        clearTimeout(entry.timer);
        entry.callback();
      }
    },
  };
}
