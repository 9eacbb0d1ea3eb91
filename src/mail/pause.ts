/** How long to wait before the next try: twice as long each time, up to the longest, spread by a quarter. Pure. */
export function pauseMs({
  attempts,
  first,
  longest,
  random,
}: {
  /** How often it was tried; 1 after the first. */
  readonly attempts: number;
  readonly first: number;
  readonly longest: number;
  readonly random: () => number;
}): number {
  const pause = Math.min(longest, first * 2 ** Math.min(30, Math.max(0, attempts - 1)));
  return Math.round(pause * (1 + random() / 4));
}
