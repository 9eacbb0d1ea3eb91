/** One measured number, beside what it is to be compared with. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What the ratio compares with; '' when the number stands alone. */
  readonly against: string;
  /** This value over the other one's. */
  readonly ratio?: number | undefined;
  /** What the ratio or the value should be, such as `<= 0.8`. */
  readonly target?: string | undefined;
}

/** One line of JSON a figure; the target is a wish and no measurement, so it stays out. */
export function figureLines(figures: readonly Figure[]): string {
  return figures
    .map(({ bench, figure, value, unit, against, ratio }) =>
      JSON.stringify({ bench, figure, value: rounded(value), unit, against, ratio: ratio && rounded(ratio) }),
    )
    .map((line) => `${line}\n`)
    .join('');
}

export function figureTable(name: string, figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, value, unit, against, ratio, target }) => [
    figure,
    `${rounded(value)} ${unit}`,
    ratio === undefined ? '' : rounded(ratio).toFixed(2),
    against,
    target ?? '',
  ]);
  const all = [[name, 'median', 'ratio', 'against', 'target'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === 1 || column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `\n${lines.join('\n')}\n`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Three digits that mean something. */
function rounded(value: number): number {
  return Number(value.toPrecision(value >= 1_000 ? 4 : 3));
}
