import type { GroupView, UsageSample } from '../../commands/index.ts';
import { bill, type Interval, type Money } from '../../metering/index.ts';
import { type ChartSeries, chart } from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import type { Desk } from './parts.ts';
import { put } from './put.ts';

/** More pictures than this are a wall. */
const MOST_CHARTS = 3;
const HOUR_MS = 3_600_000;
const PICOS = 1e12;

/** Sends the last hour of each group that an answer was about as a picture, to where the answer stands. */
export async function sendCharts(
  desk: Desk,
  ask: SlackAsk,
  places: readonly Pick<GroupView, 'name' | 'environment'>[],
): Promise<void> {
  const { usage, ledger, clock } = desk.parts;
  await usage.look().catch(() => {}); // then it ends a minute ago
  const under = ask.room ? { room: ask.room } : ask.thread ? { ts: ask.thread } : undefined;
  for (const { name, environment } of places.slice(0, MOST_CHARTS)) {
    const key = `${environment}/${name}` as const;
    const intervals = await ledger.intervals({ groups: [key] });
    const about = `${name} in ${environment}`;
    const series = seriesOf(about, usage.lastHour(key), intervals, clock.now());
    if (!series) continue;
    const { png, alt } = await chart(series);
    await put(desk, ask.team, {
      kind: 'file',
      key: `chart:${ask.id}:${key}`,
      importance: 'decoration',
      content: {
        channel: ask.channel,
        under,
        name: `${environment}-${name}.png`,
        data: Buffer.from(png).toString('base64'),
        alt,
      },
    });
  }
}

/** Undefined while there is less than two moments to draw a line between. Pure. */
export function seriesOf(
  about: string,
  samples: readonly UsageSample[],
  intervals: readonly Interval[],
  nowMs: number,
): ChartSeries | undefined {
  const [first] = samples;
  if (!first || samples.length < 2) return undefined;
  const fromMs = Math.max(nowMs - HOUR_MS, first.atMs);
  const points = (value: (sample: UsageSample) => number | null) =>
    samples.map((sample) => ({ atMs: sample.atMs, value: value(sample) }));
  const spent = (atMs: number) => bill(between(intervals, fromMs, atMs), atMs).total;
  const { currency } = spent(nowMs);
  const gpu = samples.some(({ gpuPercent }) => gpuPercent !== null);
  return {
    about,
    fromMs,
    toMs: nowMs,
    panels: [
      { label: 'CPU', unit: 'vCPU', digits: 2, points: points(({ cpuMilli }) => cpuMilli / 1_000) },
      { label: 'Memory', unit: 'GB', digits: 2, points: points(({ memoryBytes }) => memoryBytes / 1e9) },
      ...(gpu
        ? [
            {
              label: 'GPU' as const,
              unit: '%',
              digits: 0,
              limit: 100,
              points: points(({ gpuPercent }) => gpuPercent),
            },
          ]
        : []),
      ...(samples.some(({ gpuMemoryBytes }) => gpuMemoryBytes !== null)
        ? [
            {
              label: 'GPU memory' as const,
              unit: 'GB',
              digits: 1,
              limit: Math.max(...samples.map(({ gpuMemoryLimitBytes }) => gpuMemoryLimitBytes ?? 0)) / 1e9,
              points: points(({ gpuMemoryBytes }) => gpuMemoryBytes && gpuMemoryBytes / 1e9),
            },
          ]
        : []),
      {
        label: 'Cost',
        ...(currency === 'USD' ? { before: '$', unit: '' } : { unit: currency }),
        digits: 4,
        points: points(({ atMs }) => amountOf(spent(atMs))),
      },
    ],
  };
}

/** What of them lies between two moments. */
function between(intervals: readonly Interval[], fromMs: number, toMs: number): Interval[] {
  return intervals
    .filter(({ startedAtMs, endedAtMs }) => startedAtMs < toMs && (endedAtMs ?? toMs) > fromMs)
    .map((interval) => ({
      ...interval,
      startedAtMs: Math.max(fromMs, interval.startedAtMs),
      endedAtMs: Math.min(toMs, interval.endedAtMs ?? toMs),
    }));
}

function amountOf({ picos }: Money): number {
  return Number(picos) / PICOS;
}
