import type { Clock } from '../../clock.ts';

/** So many at the same time leave the thread free for what comes in. */
const AT_ONCE = 4;
/** What takes longer waits for something else, such as a deploy for its images: its place is free for the next one. */
const LONGEST_MS = 1_000;

/** Places for what is being answered. */
export interface Turns {
  /** Resolves when there is a place, in the order in which it was asked for; gives what to call at the end. */
  take(): Promise<() => void>;
}

export function createTurns(clock: Clock): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const next = () => {
    const first = waiting.shift();
    if (first) first();
    else taken--;
  };
  return {
    async take() {
      if (taken < AT_ONCE) taken++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let held = true;
      const end = () => {
        cancel();
        if (held) next();
        held = false;
      };
      const cancel = clock.after(LONGEST_MS, end);
      return end;
    },
  };
}
