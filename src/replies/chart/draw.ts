import { scaleLinear } from 'd3-scale';
import { area, curveMonotoneX, line } from 'd3-shape';
import { plainText } from '../plain.ts';
import { momentWords } from '../pull.ts';
import { type ChartPanel, type ChartSeries, figure, peakWords, spanOf } from './series.ts';

/** Twice as wide as a picture is in a thread, so that its letters are sharp there. */
const WIDTH = 800;
const EDGE = 36;
const HEAD = 84;
const PANEL = 168;
const FOOT = 46;
/** How wide a letter of a panel's name is, more or less. */
const LETTER = 16;
const MOST_PANELS = 5;
const MOST_POINTS = 200;

/** A card of its own colour, so that it is as legible on white as on black. */
const CARD = '#1b1f2a';
const INK = '#f2f4f8';
const SOFT = '#a3adbf';
const RULE = '#333a4a';
const COLOURS: Readonly<Record<ChartPanel['label'], string>> = {
  CPU: '#5ab0ff',
  Memory: '#b794ff',
  GPU: '#4fdca4',
  'GPU memory': '#8fd14f',
  Cost: '#ffbe55',
};

/** The picture as SVG, with letters of the font Inter. Pure. */
export function chartSvg({ about, fromMs, toMs, panels }: ChartSeries): { svg: string; width: number } {
  const shown = panels.slice(0, MOST_PANELS);
  const height = HEAD + shown.length * PANEL + FOOT;
  const parts = shown.map((panel, index) => panelSvg(panel, HEAD + index * PANEL, fromMs, toMs, index));
  const bottom = HEAD + shown.length * PANEL + 8;
  const middle = (fromMs + toMs) / 2;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="Inter">
<rect width="${WIDTH}" height="${height}" rx="20" fill="${CARD}"/>
${text(EDGE, 54, about.slice(0, 48), { size: 30, weight: 600 })}
${parts.join('\n')}
${text(EDGE, bottom + 16, momentWords(fromMs, toMs).slice(0, -4), { size: 22, colour: SOFT })}
${text(WIDTH / 2, bottom + 16, momentWords(middle, toMs).slice(0, -4), { size: 22, colour: SOFT, anchor: 'middle' })}
${text(WIDTH - EDGE, bottom + 16, momentWords(toMs, toMs), { size: 22, colour: SOFT, anchor: 'end' })}
</svg>`;
  return { svg, width: WIDTH };
}

function panelSvg(panel: ChartPanel, top: number, fromMs: number, toMs: number, index: number): string {
  const colour = COLOURS[panel.label];
  const { now, most } = spanOf(panel);
  const [from, to] = [top + 52, top + PANEL - 22];
  const highest = Math.max(most ?? 0, panel.limit ?? 0) || 1;
  const x = scaleLinear([fromMs, toMs], [EDGE, WIDTH - EDGE]);
  const y = scaleLinear([0, highest * 1.05], [to, from]);
  const points = thinned(panel.points, fromMs, toMs);
  const there = ({ value }: Point) => value !== null;
  const path = line<Point>(
    ({ atMs }) => x(atMs),
    ({ value }) => y(value ?? 0),
  )
    .defined(there)
    .curve(curveMonotoneX)(points);
  const under = area<Point>(
    ({ atMs }) => x(atMs),
    to,
    ({ value }) => y(value ?? 0),
  )
    .defined(there)
    .curve(curveMonotoneX)(points);
  const limit =
    panel.limit === undefined
      ? ''
      : `<line x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${round(y(panel.limit))}" y2="${round(y(panel.limit))}" stroke="${SOFT}" stroke-width="2" stroke-dasharray="3 8" stroke-linecap="round"/>`;
  const last = points.findLast(there);
  return `<defs><linearGradient id="g${index}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${colour}" stop-opacity=".42"/><stop offset="1" stop-color="${colour}" stop-opacity=".04"/></linearGradient></defs>
<rect x="${EDGE}" y="${top + 14}" width="16" height="16" rx="5" fill="${colour}"/>
${text(EDGE + 28, top + 31, panel.label, { size: 26, weight: 600 })}
${text(EDGE + 28 + Math.max(130, panel.label.length * LETTER + 20), top + 31, peakWords(panel, fromMs, toMs), { size: 23, colour: SOFT })}
${text(WIDTH - EDGE, top + 31, now === undefined ? '–' : figure(panel, now), { size: 28, weight: 600, anchor: 'end', colour })}
<line x1="${EDGE}" x2="${WIDTH - EDGE}" y1="${to}" y2="${to}" stroke="${RULE}" stroke-width="2"/>
${limit}
<path d="${under ?? ''}" fill="url(#g${index})"/>
<path d="${path ?? ''}" fill="none" stroke="${colour}" stroke-width="4" stroke-linejoin="round" stroke-linecap="round"/>
${last ? `<circle cx="${round(x(last.atMs))}" cy="${round(y(last.value ?? 0))}" r="6" fill="${colour}" stroke="${CARD}" stroke-width="3"/>` : ''}`;
}

type Point = ChartPanel['points'][number];

/** As many points as can be told apart: of those that fall together the highest, since peaks are what matters. */
function thinned(points: readonly Point[], fromMs: number, toMs: number): Point[] {
  const within = points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  if (within.length <= MOST_POINTS) return within;
  const slotMs = (toMs - fromMs) / MOST_POINTS;
  const slots = Map.groupBy(within, ({ atMs }) => Math.floor((atMs - fromMs) / slotMs));
  return [...slots.values()].flatMap((slot) => {
    const [first] = slot;
    return first
      ? [slot.reduce((best, each) => ((each.value ?? -1) > (best.value ?? -1) ? each : best), first)]
      : [];
  });
}

interface Look {
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

function text(
  x: number,
  y: number,
  words: string,
  { size, weight = 400, colour = INK, anchor = 'start' }: Look,
): string {
  const safe = plainText(words.toWellFormed()).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${safe}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
