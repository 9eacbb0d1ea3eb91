/** Money is whole pico-units from the settings to the bill; no float comes near it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { costOf, formatMoney, Money, picosOf, pricesFrom, type Size } from '../../src/metering/index.ts';

const picos = fc.bigInt({ min: 0n, max: 10n ** 26n });
const money = fc
  .tuple(fc.constantFrom('USD', 'EUR', 'CHF'), picos)
  .map(([currency, amount]) => new Money(currency, amount));
const dollars = picos.map((amount) => new Money('USD', amount));
const decimals = fc
  .tuple(fc.nat(999_999), fc.option(fc.stringMatching(/^\d{1,12}$/), { nil: undefined }))
  .map(([whole, fraction]) => (fraction === undefined ? String(whole) : `${whole}.${fraction}`));
const sizes: fc.Arbitrary<Size> = fc.record({
  vcpuMilli: fc.nat(31_000),
  memoryGbTenths: fc.nat(24_000).map((hundredths) => hundredths / 10),
  gpuCount: fc.nat(4),
  gpuSku: fc.constantFrom('V100', ''),
  windows: fc.boolean(),
});
const durations = fc.nat(10 * 365 * 86_400_000);

describe('amounts', () => {
  test('add up the same in whatever order', () => {
    fc.assert(
      fc.property(dollars, dollars, dollars, (a, b, c) => {
        expect(a.plus(b).plus(c)).toEqual(a.plus(b.plus(c)));
        expect(a.plus(b)).toEqual(b.plus(a));
      }),
    );
  });

  test('keep their currency when nothing of another is added', () => {
    const nothing = new Money('USD', 0n);
    expect(nothing.plus(new Money('CHF', 5n))).toEqual(new Money('CHF', 5n));
    expect(new Money('CHF', 5n).plus(nothing)).toEqual(new Money('CHF', 5n));
  });

  test('of two currencies have no sum', () => {
    expect(() => new Money('CHF', 1n).plus(new Money('EUR', 1n))).toThrow(
      expect.objectContaining({ code: 'currency-mismatch', message: 'CHF and EUR cannot be added.' }),
    );
  });

  test('come back from JSON as they were', () => {
    fc.assert(
      fc.property(money, (given) => {
        const { currency, amount } = JSON.parse(JSON.stringify(given));
        expect(new Money(currency, picosOf(amount))).toEqual(given);
      }),
    );
  });

  test.each([
    [0n, '0'],
    [1n, '0.000000000001'],
    [picosOf('10'), '10'],
    [picosOf('100.50'), '100.5'],
  ])('%s pico-units are "%s" in JSON: a decimal that ends with its last figure', (amount, text) => {
    expect(new Money('USD', amount).toJSON()).toEqual({ currency: 'USD', amount: text });
  });
});

describe('amounts in the settings', () => {
  test('are read to the last of twelve decimals', () => {
    expect(picosOf('999999999999999.999999999999')).toBe(10n ** 27n - 1n);
    expect(picosOf('007.10')).toBe(7_100_000_000_000n);
    expect(picosOf('0.1') + picosOf('0.2')).toBe(picosOf('0.3'));
  });

  test('mean the same as written, whatever they are', () => {
    fc.assert(
      fc.property(decimals, (text) => {
        const { amount } = new Money('USD', picosOf(text)).toJSON();
        expect(picosOf(amount)).toBe(picosOf(text));
        expect(Number(amount)).toBe(Number(text));
      }),
    );
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '-1',
    '+1',
    '1e3',
    '0,5',
    '.5',
    '1.',
    '1.2.3',
    '0x1',
    'NaN',
    'Infinity',
    '٣',
    '1n',
  ])('cannot be %j', (text) =>
    expect(() => picosOf(text)).toThrow(expect.objectContaining({ code: 'amount-invalid' })),
  );

  test('are refused where they stand: as a price of vCPUs, memory, Windows or any GPU', () => {
    const wrong = expect.objectContaining({ code: 'amount-invalid', message: '"1,5" is no amount.' });
    expect(() => pricesFrom({ vcpuPerHour: '1,5' })).toThrow(wrong);
    expect(() => pricesFrom({ memoryGbPerHour: '1,5' })).toThrow(wrong);
    expect(() => pricesFrom({ windowsVcpuPerHour: '1,5' })).toThrow(wrong);
    expect(() => pricesFrom({ gpuPerHour: { V100: '3.06', T4: '1,5' } })).toThrow(wrong);
  });
});

describe('a cost', () => {
  test('is the sum of its lines, each within half a pico-unit of the exact fraction', () => {
    fc.assert(
      fc.property(sizes, durations, decimals, (size, durationMs, price) => {
        const prices = pricesFrom({ vcpuPerHour: price, memoryGbPerHour: price });
        const { vcpu, memory, gpu, windows, total } = costOf(size, prices, durationMs);
        expect(total.picos).toBe(vcpu.picos + memory.picos + gpu.picos + windows.picos);
        const exact = picosOf(price) * BigInt(size.vcpuMilli) * BigInt(durationMs);
        const off = vcpu.picos * 3_600_000_000n - exact;
        expect(2n * (off < 0n ? -off : off)).toBeLessThanOrEqual(3_600_000_000n);
      }),
    );
  });

  test('never falls when a group grows or runs on, exact or rounded as ACI rounds', () => {
    fc.assert(
      fc.property(
        sizes,
        durations,
        durations,
        fc.constantFrom('exact', 'aci'),
        (size, ms, more, rounding) => {
          const prices = pricesFrom({ rounding });
          const cost = costOf(size, prices, ms).total.picos;
          expect(costOf(size, prices, ms + more).total.picos).toBeGreaterThanOrEqual(cost);
          const larger = {
            ...size,
            vcpuMilli: size.vcpuMilli + 1,
            memoryGbTenths: size.memoryGbTenths + 0.1,
          };
          expect(costOf(larger, prices, ms).total.picos).toBeGreaterThanOrEqual(cost);
        },
      ),
    );
  });

  test('is never less as ACI rounds than exactly', () => {
    fc.assert(
      fc.property(sizes, durations, (size, ms) => {
        const exact = costOf(size, pricesFrom({}), ms).total.picos;
        expect(costOf(size, pricesFrom({ rounding: 'aci' }), ms).total.picos).toBeGreaterThanOrEqual(exact);
      }),
    );
  });
});

describe('money as text', () => {
  test.each([
    ['0', undefined, '$0.00'],
    ['0.01', undefined, '$0.01'],
    ['0.009999999999', undefined, '$0.0100000'],
    ['0.0049', undefined, '$0.0049000'],
    ['0.000000123', undefined, '$0.00000012'],
    ['0.000000000001', undefined, '$0.000000000001'],
    ['1234567.895', undefined, '$1234567.90'],
    ['0.021585', 4, '$0.0216'],
    ['0.99996', 4, '$1.0000'],
    ['7.5', 0, '$8'],
    ['0', 4, '$0.0000'],
    ['0.00001', 4, '$0.0000100'],
  ])('%s with %s digits is %s', (amount, digits, text) => {
    const options = digits === undefined ? {} : { digits };
    expect(formatMoney(new Money('USD', picosOf(amount)), options)).toBe(text);
  });

  test.each([
    ['USD', '$3.20'],
    ['EUR', '€3.20'],
    ['GBP', '£3.20'],
    ['CHF', '3.20 CHF'],
  ])('in %s is %s', (currency, text) => {
    expect(formatMoney(new Money(currency, picosOf('3.2')))).toBe(text);
  });

  test('never shows nothing for something, however few digits are asked for', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 15n }),
        fc.option(fc.nat(12), { nil: undefined }),
        (amount, digits) =>
          expect(formatMoney(new Money('USD', amount), digits === undefined ? {} : { digits })).toMatch(
            /[1-9]/,
          ),
      ),
    );
  });
});
