/** What a bill adds up, of intervals that have ended and of those that go on. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bill,
  costOf,
  formatDuration,
  formatMoney,
  formatTotal,
  type Interval,
  pricesFrom,
  rate,
  sizeOf,
} from '../../src/metering/index.ts';
import { groupFrom } from '../reconciler/groups.ts';

const HOUR_MS = 3_600_000;

function interval(startedAtMs: number, endedAtMs: number | null, more: Partial<Interval> = {}): Interval {
  return {
    id: `${startedAtMs}`,
    group: 'production/shop',
    revision: 1,
    podId: 'pod',
    startedAtMs,
    endedAtMs,
    estimated: false,
    size: { vcpuMilli: 500, memoryGbTenths: 3, gpuCount: 0, gpuSku: '', windows: false },
    prices: pricesFrom({}),
    location: 'local',
    repository: 'shop',
    caller: 'ann',
    ...more,
  };
}

describe('a bill', () => {
  test('of nothing is nothing, and nothing goes on', () => {
    const empty = bill([], 1_000);
    expect(empty).toMatchObject({ livedMs: 0, vcpuSeconds: '0', memoryGbSeconds: '0', gpuSeconds: '0' });
    expect(empty).toMatchObject({ open: false, estimated: false });
    expect([formatMoney(empty.total), formatMoney(empty.ratePerHour)]).toEqual(['$0.00', '$0.00']);
  });

  test('of an interval that goes on counts up to now, and says what an hour more will cost', () => {
    const running = bill([interval(0, null)], 1_800_000);
    expect([formatMoney(running.total, { digits: 6 }), running.open]).toEqual(['$0.010793', true]);
    expect(running.ratePerHour).toEqual(rate(interval(0, null).size, pricesFrom({})).perHour);
  });

  test('of an interval that has ended is the same whenever it is asked for', () => {
    const once = bill([interval(0, HOUR_MS)], HOUR_MS);
    expect(bill([interval(0, HOUR_MS)], 10 * HOUR_MS)).toEqual(once);
    expect(once.ratePerHour.picos).toBe(0n);
  });

  test('counts nothing for an interval that begins, by the engine’s clock, after now', () => {
    expect(bill([interval(5_000, null)], 1_000)).toMatchObject({ livedMs: 0, total: { picos: 0n } });
  });

  test('says that an end was estimated, if one was', () => {
    expect(bill([interval(0, 1), interval(2, 3)], 9).estimated).toBe(false);
    expect(bill([interval(0, 1), interval(2, 3, { estimated: true })], 9).estimated).toBe(true);
  });

  test('counts GPUs by the second, and memory in steps finer than ACI’s', () => {
    const size = { vcpuMilli: 1000, memoryGbTenths: 21.5, gpuCount: 2, gpuSku: 'V100', windows: false };
    expect(bill([interval(0, 1_500, { size })], 9_000)).toMatchObject({
      vcpuSeconds: '1.5',
      memoryGbSeconds: '3.225',
      gpuSeconds: '3',
    });
  });

  test('as ACI rounds begins each interval’s seconds anew', () => {
    const prices = pricesFrom({ rounding: 'aci' });
    const total = bill([interval(0, 1, { prices }), interval(10_000, 10_001, { prices })], 20_000);
    expect(total).toMatchObject({ livedMs: 2_000, vcpuSeconds: '2' });
  });

  test('keeps to the prices that each interval began with', () => {
    const dear = pricesFrom({ vcpuPerHour: '1', memoryGbPerHour: '0' });
    const cheap = pricesFrom({ vcpuPerHour: '0.5', memoryGbPerHour: '0' });
    const both = [interval(0, HOUR_MS, { prices: dear }), interval(HOUR_MS, 2 * HOUR_MS, { prices: cheap })];
    expect(formatMoney(bill(both, 2 * HOUR_MS).total)).toBe('$0.75');
  });

  test('in two currencies is two sums, the newest first', () => {
    const francs = pricesFrom({ currency: 'CHF', vcpuPerHour: '1', memoryGbPerHour: '0' });
    const dollars = pricesFrom({ vcpuPerHour: '2', memoryGbPerHour: '0' });
    const both = [
      interval(0, HOUR_MS, { prices: dollars }),
      interval(HOUR_MS, 2 * HOUR_MS, { prices: francs }),
    ];
    expect(formatTotal(bill(both, 2 * HOUR_MS))).toBe('0.50 CHF + $1.00');
    expect(bill(both, 2 * HOUR_MS).livedMs).toBe(2 * HOUR_MS);
  });

  test('is the sum of its intervals, in whatever order', () => {
    const intervals = fc.array(
      fc
        .tuple(fc.nat(10 ** 9), fc.option(fc.nat(10 ** 9)))
        .map(([start, life]) => interval(start, life === null ? null : start + life)),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(intervals, (list) => {
        const nowMs = 2 * 10 ** 9;
        const picos = list.reduce(
          (sum, { size, prices, startedAtMs, endedAtMs }) =>
            sum + costOf(size, prices, (endedAtMs ?? nowMs) - startedAtMs).total.picos,
          0n,
        );
        expect(bill(list, nowMs).total.picos).toBe(picos);
        expect(bill(list.toReversed(), nowMs)).toEqual(bill(list, nowMs));
      }),
    );
  });
});

describe('the size that is paid for', () => {
  test('is the sum of what the containers request, without those that only initialise', () => {
    const group = groupFrom({
      init: { prepare: { script: 'exit 0' } },
      containers: { web: { cpu: 0.5, memoryInGB: 0.3 }, worker: { cpu: 1, memoryInGB: 1.5 } },
    });
    expect(sizeOf(group)).toEqual({
      vcpuMilli: 1500,
      memoryGbTenths: 18,
      gpuCount: 0,
      gpuSku: '',
      windows: false,
    });
  });
});

describe('a duration as text', () => {
  test.each([
    [0, '0.0 s'],
    [99, '0.0 s'],
    [12_449, '12.4 s'],
    [59_999, '59.9 s'],
    [60_000, '1 m 00 s'],
    [119_999, '1 m 59 s'],
    [3_600_000, '1 h 00 m 00 s'],
    [86_399_999, '23 h 59 m 59 s'],
    [86_400_000, '1 d 00 h 00 m 00 s'],
    [400 * 86_400_000, '400 d 00 h 00 m 00 s'],
  ])('of %d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
