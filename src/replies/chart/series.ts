import { momentWords } from '../pull.ts';

/** What was measured over a span of time, as a picture shows it: one panel a figure. */
export interface ChartSeries {
  /** What it is about, such as `shop in staging`. */
  readonly about: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** At most five are shown. */
  readonly panels: readonly ChartPanel[];
}

export interface ChartPanel {
  readonly label: 'CPU' | 'Memory' | 'GPU' | 'GPU memory' | 'Cost';
  /** Such as `vCPU`, `GB`, `%`; '' for none. */
  readonly unit: string;
  /** What stands before a figure, such as `$`. */
  readonly before?: string;
  readonly digits: number;
  /** What it may be at most, in the same unit. */
  readonly limit?: number;
  /** Oldest first; null where nothing could be measured. */
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
}

/** The picture in words and figures, for who does not see it. Pure. */
export function chartWords({ about, fromMs, toMs, panels }: ChartSeries): string {
  const span = `from ${hour(fromMs, toMs)} to ${momentWords(toMs, toMs)}`;
  const figures = panels.map((panel) => {
    const { now } = spanOf(panel);
    const newest =
      now === undefined ? [] : [panel.label === 'Cost' ? figure(panel, now) : `${figure(panel, now)} now,`];
    return `${panel.label}: ${[...newest, peakWords(panel, fromMs, toMs)].join(' ')}.`;
  });
  return [`${panels.map(({ label }) => label).join(', ')} of ${about} ${span}.`, ...figures].join(' ');
}

/** `peak 1.82 of 2.00 vCPU`; what was spent only grows, so it says since when. */
export function peakWords(panel: ChartPanel, fromMs: number, toMs: number): string {
  const { most } = spanOf(panel);
  if (most === undefined) return 'nothing was measured';
  if (panel.label === 'Cost') return `since ${hour(fromMs, toMs)}`;
  if (panel.limit === undefined) return `peak ${figure(panel, most)}`;
  return `peak ${panel.before ?? ''}${most.toFixed(panel.digits)} of ${figure(panel, panel.limit)}`;
}

function hour(atMs: number, nowMs: number): string {
  return momentWords(atMs, nowMs).replace(' UTC', '');
}

/** The newest figure and the highest one; undefined where nothing was measured. */
export function spanOf({ points }: ChartPanel): { now: number | undefined; most: number | undefined } {
  const values = points.map(({ value }) => value).filter((value) => value !== null);
  return {
    now: values.at(-1),
    most: values.reduce<number | undefined>((most, value) => Math.max(most ?? value, value), undefined),
  };
}

/** `1.82 vCPU`, `$0.87`, `38 %` */
export function figure({ unit, before = '', digits }: ChartPanel, value: number): string {
  return `${before}${value.toFixed(digits)}${unit ? ` ${unit}` : ''}`;
}
