/** Which figures the picture of the last hour has. */
import { expect, test } from '@jest/globals';
import { chart } from '../../../src/replies/index.ts';
import { seriesOf } from '../../../src/surfaces/slack/usage-chart.ts';

const NOW = Date.parse('2026-11-24T14:00:00Z');
const GPU = { gpuPercent: 91, gpuMemoryBytes: 30e9, gpuMemoryLimitBytes: 34e9, gpus: [] };
const NONE = { gpuPercent: null, gpuMemoryBytes: null, gpuMemoryLimitBytes: null, gpus: [] };

function samples(gpu: typeof GPU | typeof NONE) {
  return [30, 20, 10].map((minutes) => ({
    atMs: NOW - minutes * 60_000,
    cpuMilli: 500,
    containers: [],
    memoryBytes: 1e9,
    ...gpu,
  }));
}

test('a group with a GPU shows its load and its memory, in figures and in words', async () => {
  const series = seriesOf('train in staging', samples(GPU), [], NOW);
  expect(series?.panels.map(({ label, limit }) => [label, limit])).toEqual([
    ['CPU', undefined],
    ['Memory', undefined],
    ['GPU', 100],
    ['GPU memory', 34],
    ['Cost', undefined],
  ]);
  if (!series) throw new Error('nothing was drawn');
  const { png, alt } = await chart(series);
  expect(alt).toContain('GPU: 91 % now, peak 91 of 100 %.');
  expect(alt).toContain('GPU memory: 30.0 GB now, peak 30.0 of 34.0 GB.');
  expect(Buffer.from(png).subarray(1, 4).toString('latin1')).toBe('PNG');
});

test('a group without one shows neither', () => {
  const series = seriesOf('web in staging', samples(NONE), [], NOW);
  expect(series?.panels.map(({ label }) => label)).toEqual(['CPU', 'Memory', 'Cost']);
});
