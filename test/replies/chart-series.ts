/** An hour of a group that loads weights, serves, and is left alone again. */
import type { ChartSeries } from '../../src/replies/index.ts';

const TO = Date.parse('2026-11-24T14:03:00Z');
const MINUTES = 60;
const points = (value: (minute: number) => number | null) =>
  Array.from({ length: MINUTES * 4 + 1 }, (_, quarter) => ({
    atMs: TO - (MINUTES - quarter / 4) * 60_000,
    value: value(quarter / 4),
  }));
const wave = (minute: number, every: number) => (Math.sin((minute / every) * 2 * Math.PI) + 1) / 2;
const busy = (minute: number) => (minute < 8 ? 0.2 : minute < 42 ? 1 : 0.25);

export const HOUR: ChartSeries = {
  about: 'shop in staging',
  fromMs: TO - 3_600_000,
  toMs: TO,
  panels: [
    {
      label: 'CPU',
      unit: 'vCPU',
      digits: 2,
      limit: 2,
      points: points((minute) => busy(minute) * (0.9 + 0.7 * wave(minute, 7) + 0.2 * wave(minute, 1.7))),
    },
    {
      label: 'Memory',
      unit: 'GB',
      digits: 1,
      limit: 8,
      points: points((minute) => Math.min(6.9, 0.6 + minute * 0.42) - (minute > 44 ? 2.4 : 0)),
    },
    {
      label: 'GPU',
      unit: '%',
      digits: 0,
      limit: 100,
      points: points((minute) => (minute < 9 ? null : busy(minute) * (52 + 40 * wave(minute, 11)))),
    },
    { label: 'Cost', unit: '', before: '$', digits: 2, points: points((minute) => minute * 0.0145) },
  ],
};
