import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bill,
  costOf,
  formatDuration,
  formatMoney,
  type Interval,
  Money,
  picosOf,
  pricesFrom,
  rate,
  type Size,
} from '../../src/metering/index.ts';

const DAY_RUNS = 30;
const size = (vcpuMilli: number, memoryGbTenths: number, more: Partial<Size> = {}): Size => ({
  vcpuMilli,
  memoryGbTenths,
  gpuCount: 0,
  gpuSku: '',
  windows: false,
  ...more,
});

/** The sum of equal runs, as a bill of a month adds them. */
function month(one: Size, prices: ReturnType<typeof pricesFrom>, runs: number, seconds: number) {
  const cost = costOf(one, prices, seconds * 1000);
  const times = (money: Money) => new Money(money.currency, money.picos * BigInt(runs));
  return { total: times(cost.total), vcpu: times(cost.vcpu), memory: times(cost.memory) };
}

describe('ACI’s own worked examples', () => {
  // The prices per second that ACI prints (0.0000135 and 0.0000015) are rounded; these per hour give its totals.
  const newer = pricesFrom({ vcpuPerHour: '0.0486', memoryGbPerHour: '0.00533', rounding: 'aci' });

  test('1 vCPU and 1 GB for 300 seconds a day cost 0.135 dollars a month', () => {
    expect(formatMoney(month(size(1000, 10), newer, DAY_RUNS, 300).total, { digits: 3 })).toBe('$0.135');
  });

  test('1.3 vCPU and 2.15 GB are billed as 2 and 2.2, and 50 runs a day of 150 seconds cost 6.808 dollars', () => {
    const cost = costOf(size(1300, 21.5), newer, 150_000);
    expect(cost.size).toMatchObject({ vcpuMilli: 2000, memoryGbTenths: 22 });
    expect(formatMoney(month(size(1300, 21.5), newer, 50 * DAY_RUNS, 150).total, { digits: 3 })).toBe(
      '$6.808',
    );
  });

  test('the older page’s parts, 5.063 and 0.612, come from the prices of East US', () => {
    const older = month(size(1300, 21.5), pricesFrom({ rounding: 'aci' }), 50 * DAY_RUNS, 150);
    expect([formatMoney(older.vcpu, { digits: 3 }), formatMoney(older.memory, { digits: 3 })]).toEqual([
      '$5.063',
      '$0.612',
    ]);
  });
});

describe('what a group costs', () => {
  test('is exact to the millisecond and to the size, unless ACI’s rounding is asked for', () => {
    const half = size(500, 3);
    expect(rate(half, pricesFrom({}))).toMatchObject({
      perSecond: { picos: 5_995_833n },
      perHour: { picos: 21_585_000_000n },
    });
    expect(costOf(half, pricesFrom({}), 500).total.picos).toBe(2_997_917n);
    expect(costOf(half, pricesFrom({ rounding: 'aci' }), 500)).toMatchObject({
      billedMs: 1000,
      size: { vcpuMilli: 1000 },
    });
  });

  test('has lines for GPUs and Windows', () => {
    const prices = pricesFrom({ gpuPerHour: { V100: '3.06' } });
    const cost = costOf(size(1000, 10, { gpuCount: 2, gpuSku: 'V100', windows: true }), prices, 3_600_000);
    expect([formatMoney(cost.gpu), formatMoney(cost.windows, { digits: 4 })]).toEqual(['$6.12', '$0.0432']);
  });

  test('is the sum of its lines, whatever the size and the time', () => {
    fc.assert(
      fc.property(fc.nat(31_000), fc.nat(2400), fc.nat(100_000_000), (vcpu, memory, ms) => {
        const { vcpu: a, memory: b, gpu, windows, total } = costOf(size(vcpu, memory), pricesFrom({}), ms);
        expect(total.picos).toBe(a.picos + b.picos + gpu.picos + windows.picos);
        const doubled = costOf(size(vcpu, memory), pricesFrom({}), ms * 2).total.picos;
        expect(Number(doubled - total.picos * 2n)).toBeLessThanOrEqual(4); // two roundings of a pico-unit a line
      }),
    );
  });

  test.each(['', '-1', '1e3', '0,5', '.5', '1.', 'NaN', '0.0000000000001'])('%j is no price', (text) => {
    expect(() => pricesFrom({ vcpuPerHour: text })).toThrow(
      expect.objectContaining({ code: 'amount-invalid' }),
    );
  });

  test('prices are read without a float', () => {
    expect(picosOf('0.1') + picosOf('0.2')).toBe(picosOf('0.3'));
    expect(JSON.parse(JSON.stringify(new Money('USD', picosOf('0.000005995833'))))).toEqual({
      currency: 'USD',
      amount: '0.000005995833',
    });
  });
});

describe('money as text', () => {
  test.each([
    [picosOf('0'), '$0.00'],
    [picosOf('3.2'), '$3.20'],
    [picosOf('0.0149'), '$0.01'],
    [picosOf('0.000003'), '$0.0000030'],
    [picosOf('0.000000000012'), '$0.000000000012'],
    [picosOf('212.405'), '$212.41'],
  ])('%s picos are %s', (picos, text) => expect(formatMoney(new Money('USD', picos))).toBe(text));

  test('never says nothing of something', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (picos) =>
        expect(formatMoney(new Money('EUR', picos))).toMatch(/[1-9]/),
      ),
    );
  });

  test('names currencies it has no sign for, and does not add two of them', () => {
    expect(formatMoney(new Money('CHF', picosOf('3.2')))).toBe('3.20 CHF');
    expect(() => new Money('CHF', 1n).plus(new Money('USD', 1n))).toThrow(
      expect.objectContaining({ code: 'currency-mismatch' }),
    );
  });

  test.each([
    [400, '0.4 s'],
    [59_900, '59.9 s'],
    [61_000, '1 m 01 s'],
    [13_268_000, '3 h 41 m 08 s'],
    [90_000_000, '1 d 01 h 00 m 00 s'],
  ])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('a bill', () => {
  const interval = (startedAtMs: number, endedAtMs: number | null): Interval => ({
    id: String(startedAtMs),
    group: 'production/shop',
    revision: 1,
    podId: 'x',
    startedAtMs,
    endedAtMs,
    estimated: false,
    size: size(500, 3),
    prices: pricesFrom({}),
    location: 'local',
    repository: 'shop',
    caller: 'ann',
  });

  test('adds what has ended to what still runs', () => {
    const total = bill([interval(0, 10_000), interval(20_000, null)], 25_000);
    expect(total).toMatchObject({
      livedMs: 15_000,
      vcpuSeconds: '7.5',
      memoryGbSeconds: '4.5',
      gpuSeconds: '0',
      open: true,
    });
    expect(total.ratePerHour.picos).toBe(21_585_000_000n);
    expect(bill([], 0)).toMatchObject({ livedMs: 0, open: false });
  });
});

test.each<[string, Parameters<typeof pricesFrom>[0], string, string]>([
  ['what ACI says at least', {}, '$0.04495', '$0.013485'],
  ['the team’s own price', { spotVcpuPerHour: '0.01', spotMemoryGbPerHour: '0.001' }, '$0.04495', '$0.011'],
  ['what others cost, where only that is said', { vcpuPerHour: '1', memoryGbPerHour: '2' }, '$3', '$3'],
])('a Spot group costs %s', (_, given, regular, spot) => {
  const prices = pricesFrom(given);
  const perHour = (one: Size) => formatMoney(rate(one, prices).perHour, { digits: 6 }).replace(/\.?0+$/, '');
  expect(perHour(size(1000, 10))).toBe(regular);
  expect(perHour(size(1000, 10, { spot: true }))).toBe(spot);
});
