import { type ChartSeries, chartWords } from './series.ts';

export type { ChartSeries } from './series.ts';

/** A picture and the same in words. */
export interface Chart {
  readonly png: Uint8Array;
  /** With all the figures, for who does not see it. */
  readonly alt: string;
}

/** What was measured, as a picture for any surface. What draws it is loaded with the first one. */
export async function chart(series: ChartSeries): Promise<Chart> {
  const [{ chartSvg }, { pngOf }] = await Promise.all([import('./draw.ts'), import('./png.ts')]);
  const { svg, width } = chartSvg(series);
  return { png: await pngOf(svg, width), alt: chartWords(series) };
}
