/** Pulls go in side by side; an image is removed only while none is in, and none goes in meanwhile. */
export interface Gate {
  /** How many have gone in so far. */
  entered(): number;
  enter<T>(work: () => Promise<T>): Promise<T>;
  /** Gives false at once while somebody is in. */
  whileNobodyIsIn(work: () => Promise<boolean>): Promise<boolean>;
}

export function createGate(): Gate {
  let [inside, entered] = [0, 0];
  let barred: Promise<unknown> | undefined;
  return {
    entered: () => entered,
    async enter(work) {
      while (barred) await barred;
      inside++;
      entered++;
      try {
        return await work();
      } finally {
        inside--;
      }
    },
    async whileNobodyIsIn(work) {
      if (inside > 0 || barred) return false;
      const working = work();
      barred = working.catch(() => {});
      try {
        return await working;
      } finally {
        barred = undefined;
      }
    },
  };
}
