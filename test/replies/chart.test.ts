/** The picture of an hour: a real PNG with letters in it, and the same in words. */
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type ChartSeries, chart } from '../../src/replies/index.ts';
import { HOUR } from './chart-series.ts';

test('says all its figures in words', async () => {
  const { alt } = await chart(HOUR);
  expect(alt).toBe(
    'CPU, Memory, GPU, Cost of shop in staging from 13:03 to 14:03 UTC. CPU: 0.32 vCPU now, peak 1.80 of 2.00 vCPU. Memory: 4.5 GB now, peak 6.9 of 8.0 GB. GPU: 19 % now, peak 92 of 100 %. Cost: $0.87 since 13:03.',
  );
});

describe('the picture', () => {
  test('is a PNG twice as wide as a thread, and small', async () => {
    const { png } = await chart(HOUR);
    const bytes = Buffer.from(png);
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([800, 802]);
    expect(png.length).toBeLessThan(200_000);
  });

  test('has letters: another name makes another picture', async () => {
    const [one, other] = await Promise.all([chart(HOUR), chart({ ...HOUR, about: 'search in staging' })]);
    expect(coloursAt(one.png)).toBeGreaterThan(200);
    expect(Buffer.from(one.png).equals(Buffer.from(other.png))).toBe(false);
  });

  test.each<[string, Partial<ChartSeries>]>([
    ['nothing measured', { panels: HOUR.panels.map((panel) => ({ ...panel, points: [] })) }],
    ['one point', { panels: HOUR.panels.map((panel) => ({ ...panel, points: panel.points.slice(-1) })) }],
    [
      'nothing but zero',
      { panels: [{ label: 'CPU', unit: 'vCPU', digits: 2, points: [{ atMs: HOUR.toMs, value: 0 }] }] },
    ],
    ['no panels', { panels: [] }],
    ['a name that would be markup', { about: '<script>&amp;"\u001b[31m' }],
  ])('is drawn of %s', async (_name, change) => {
    const { png, alt } = await chart({ ...HOUR, ...change });
    expect(png.length).toBeGreaterThan(1_000);
    expect(alt).toMatch(/ UTC\./);
  });
});

/** How many colours there are: a picture without its lines and letters has a handful. */
function coloursAt(png: Uint8Array): number {
  const bytes = Buffer.from(png);
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return new Set(inflateSync(Buffer.concat(parts)).subarray(0, 400_000)).size;
}
