/** One push at a time for each repository; the others wait in order and are told so. */
export interface Turns {
  /** Gives the function that ends the turn. `waiting` hears who goes first. Rejects when the line is too long. */
  take(repository: string, holder: string, waiting: (before: string) => void): Promise<() => void>;
}

const LONGEST_LINE = 25;

export function createTurns(): Turns {
  const lines = new Map<string, { holder: string; done: Promise<void> }[]>();
  return {
    async take(repository, holder, waiting) {
      const line = lines.get(repository) ?? [];
      if (line.length >= LONGEST_LINE) throw new Error(`${line.length} pushes are waiting already`);
      const before = line.at(-1);
      const { promise: done, resolve } = Promise.withResolvers<void>();
      const own = { holder, done };
      lines.set(repository, [...line, own]);
      if (before) {
        waiting(before.holder);
        await before.done;
      }
      return () => {
        const rest = (lines.get(repository) ?? []).filter((each) => each !== own);
        if (rest.length) lines.set(repository, rest);
        else lines.delete(repository);
        resolve();
      };
    },
  };
}
