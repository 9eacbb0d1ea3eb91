/** Twelve letters for an hour: one for five minutes. */
const LETTERS = 12;
const HEIGHTS = '▁▂▃▄▅▆▇█';
const UNKNOWN = '·';

/**
 * What was measured within an hour as a word of little bars, for where there is room for letters only: `···▁▂▂▇█▃▁▁▁`. Oldest
 * first; the highest figure of five minutes counts, and a full bar is `limit`. Pure.
 */
export function strip(
  points: readonly { readonly atMs: number; readonly value: number }[],
  { toMs, spanMs, limit }: { readonly toMs: number; readonly spanMs: number; readonly limit: number },
): string {
  const most: (number | undefined)[] = Array.from({ length: LETTERS });
  for (const { atMs, value } of points) {
    const index = LETTERS - 1 - Math.floor(((toMs - atMs) / spanMs) * LETTERS);
    if (index >= 0 && index < LETTERS) most[index] = Math.max(most[index] ?? 0, value);
  }
  return most.map((value) => (value === undefined ? UNKNOWN : bar(value / limit))).join('');
}

function bar(part: number): string {
  const height = Math.min(HEIGHTS.length - 1, Math.floor(part * HEIGHTS.length));
  return HEIGHTS[Number.isFinite(height) ? height : 0] ?? '';
}
