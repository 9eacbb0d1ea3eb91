import type { Interval } from './intervals.ts';
import { Money } from './money.ts';
import { type Cost, costOf, memoryGbMilli, rate } from './prices.ts';

/** What a group has cost. Amounts of use are decimals as text, as they stand in a bill. */
export interface Bill {
  readonly livedMs: number;
  readonly vcpuSeconds: string;
  readonly memoryGbSeconds: string;
  readonly gpuSeconds: string;
  readonly total: Money;
  /** Whether it still runs; then `ratePerHour` is what goes on. */
  readonly open: boolean;
  readonly ratePerHour: Money;
  /** Whether an end was not seen and had to be estimated. */
  readonly estimated: boolean;
}

/** Sums intervals; one that is open counts up to `nowMs`. */
export function bill(intervals: readonly Interval[], nowMs: number): Bill {
  const costs = intervals.map((interval) =>
    costOf(interval.size, interval.prices, Math.max(0, (interval.endedAtMs ?? nowMs) - interval.startedAtMs)),
  );
  const running = intervals.filter(({ endedAtMs }) => endedAtMs === null);
  const zero = new Money(intervals[0]?.prices.currency ?? 'USD', 0n);
  const use = (amount: (cost: Cost) => number) =>
    costs.reduce((sum, cost) => sum + BigInt(amount(cost)) * BigInt(cost.billedMs), 0n);
  return {
    livedMs: costs.reduce((sum, { billedMs }) => sum + billedMs, 0),
    vcpuSeconds: decimal(
      use(({ size }) => size.vcpuMilli),
      6,
    ),
    memoryGbSeconds: decimal(
      use(({ size }) => memoryGbMilli(size)),
      6,
    ),
    gpuSeconds: decimal(
      use(({ size }) => size.gpuCount),
      3,
    ),
    total: costs.reduce((sum, cost) => sum.plus(cost.total), zero),
    open: running.length > 0,
    ratePerHour: running.reduce((sum, { size, prices }) => sum.plus(rate(size, prices).perHour), zero),
    estimated: intervals.some(({ estimated }) => estimated),
  };
}

/** An integer of `scale` decimals as text with at most three, without trailing zeros. */
function decimal(value: bigint, scale: number): string {
  const unit = 10n ** BigInt(Math.max(0, scale - 3));
  const thousandths = String((value + unit / 2n) / unit).padStart(4, '0');
  return `${thousandths.slice(0, -3)}.${thousandths.slice(-3)}`.replace(/\.?0+$/, '');
}

/** `3 h 41 m 08 s`, `12.4 s`. Like a stopwatch it shows what has passed, so that 59.96 s are not yet `60.0 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 60_000) return `${(Math.floor(durationMs / 100) / 10).toFixed(1)} s`;
  const seconds = Math.floor(durationMs / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first)
    .map(([count, unit], index) => `${index ? String(count).padStart(2, '0') : count} ${unit}`)
    .join(' ');
}
