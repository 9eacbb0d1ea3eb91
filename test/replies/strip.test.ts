import { expect, test } from '@jest/globals';
import { strip } from '../../src/replies/chart/strip.ts';

const MINUTE_MS = 60_000;
const hour = { toMs: 60 * MINUTE_MS, spanMs: 60 * MINUTE_MS };
const at = (minute: number, value: number) => ({ atMs: minute * MINUTE_MS, value });

test.each([
  ['nothing that was measured', [], 8, '············'],
  ['a figure in its five minutes', [at(1, 8), at(58, 4)], 8, '█··········▅'],
  ['the highest of five minutes', [at(56, 1), at(57, 8), at(58, 1)], 8, '···········█'],
  ['this very moment', [at(60, 8)], 8, '···········█'],
  ['more than the limit as a full bar', [at(58, 80)], 8, '···········█'],
  ['no use at all as the lowest bar', [at(53, 0), at(58, 0)], 0, '··········▁▁'],
  ['every height', [0, 1, 2, 3, 4, 5, 6, 7].map((value) => at(21 + 5 * value, value)), 8, '····▁▂▃▄▅▆▇█'],
  ['not what is older than an hour', [at(-1, 8), at(58, 8)], 8, '···········█'],
])('an hour as a word shows %s', (_, points, limit, word) => {
  expect(strip(points, { ...hour, limit })).toBe(word);
});
