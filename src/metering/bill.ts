import type { Interval } from './intervals.ts';
import { formatMoney, Money } from './money.ts';
import { type Cost, costOf, memoryGbMilli, rate } from './prices.ts';

/** What a group has cost. Amounts of use are decimals as text, as they stand in a bill. */
export interface Bill {
  readonly livedMs: number;
  readonly vcpuSeconds: string;
  readonly memoryGbSeconds: string;
  readonly gpuSeconds: string;
  /** In the currency of the newest interval. */
  readonly total: Money;
  /** What was billed in currencies that the location had before; amounts of two currencies have no sum. */
  readonly otherTotals: readonly Money[];
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
  const currency = intervals.at(-1)?.prices.currency ?? 'USD';
  const byCurrency = Map.groupBy(costs, ({ total }) => total.currency);
  const sumOf = (money: readonly Money[], of: string) =>
    money.reduce((sum, each) => sum.plus(each), new Money(of, 0n));
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
    total: sumOf(totalsIn(byCurrency, currency), currency),
    otherTotals: [...byCurrency.keys()]
      .filter((each) => each !== currency)
      .map((each) => sumOf(totalsIn(byCurrency, each), each)),
    open: running.length > 0,
    ratePerHour: sumOf(
      running
        .filter(({ prices }) => prices.currency === currency)
        .map(({ size, prices }) => rate(size, prices).perHour),
      currency,
    ),
    estimated: intervals.some(({ estimated }) => estimated),
  };
}

function totalsIn(costs: ReadonlyMap<string, readonly Cost[]>, currency: string): Money[] {
  return (costs.get(currency) ?? []).map(({ total }) => total);
}

/** The total as people read it: `$3.20`, or `€1.00 + $3.20` when the location has changed its currency. */
export function formatTotal({ total, otherTotals }: Pick<Bill, 'total' | 'otherTotals'>): string {
  return [total, ...otherTotals].map((money) => formatMoney(money)).join(' + ');
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
