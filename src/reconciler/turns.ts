/** How many are asked at once: a burst after a start must not make a program late. */
const MOST_AT_ONCE = 8;

/** Work that waits for its turn. */
export interface Turns {
  take<T>(work: () => Promise<T>): Promise<T>;
}

/** So many are at it at once, the others come in the order in which they asked. */
export function createTurns(): Turns {
  let free = MOST_AT_ONCE;
  const waiting: (() => void)[] = [];
  return {
    async take(work) {
      if (free > 0) free--;
      else await new Promise<void>((go) => waiting.push(go));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}
