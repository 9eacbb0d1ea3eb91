import type { Clock } from '../../clock.ts';

/** How often something may happen: `burst` at once, and `perSecond` in the long run. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface Limiter {
  /** Takes one; or says after how many milliseconds there is one again. */
  take(name: string): { readonly left: number } | { readonly waitMs: number };
}

/** Names beyond this many are forgotten, the quietest first: nobody can fill the memory with names. */
const MOST_NAMES = 10_000;

/** Token buckets, one a name, that fill up with the clock. */
export function createLimiter({ perSecond, burst }: Rate, clock: Clock): Limiter {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(name) {
      const nowMs = clock.now();
      const known = buckets.get(name);
      const passedMs = known ? nowMs - known.atMs : 0;
      const tokens = Math.min(burst, (known?.tokens ?? burst) + (passedMs * perSecond) / 1000);
      buckets.delete(name); // the ones that were asked for last stand last
      buckets.set(name, { tokens: Math.max(0, tokens >= 1 ? tokens - 1 : tokens), atMs: nowMs });
      const [oldest] = buckets.keys();
      if (buckets.size > MOST_NAMES && oldest !== undefined) buckets.delete(oldest);
      return tokens >= 1 ? { left: Math.floor(tokens - 1) } : { waitMs: ((1 - tokens) * 1000) / perSecond };
    },
  };
}
