/** How many answers are worked on at the same time, so that the next request is acknowledged soon. */
import { expect, test } from '@jest/globals';
import { createTurns } from '../../../src/surfaces/slack/turns.ts';
import { createLeapingClock } from '../../world/clock.ts';

function takers(count: number) {
  const clock = createLeapingClock();
  const turns = createTurns(clock);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: count }, async (_, index) => {
    const end = await turns.take();
    begun.push(index);
    ends.push(end);
  });
  const settled = async () => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    return [...begun];
  };
  return { clock, ends, settled, all };
}

test('four are answered side by side, the others in the order in which they came', async () => {
  const { ends, settled, all } = takers(6);
  expect(await settled()).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[2]?.();
  expect(await settled()).toEqual([0, 1, 2, 3, 4]);
  ends[0]?.();
  await Promise.all(all);
  expect(await settled()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('what waits for something else holds up nobody: after a second its place is free', async () => {
  const { clock, ends, settled } = takers(6);
  expect(await settled()).toHaveLength(4);
  clock.leap(1_000);
  expect(await settled()).toEqual([0, 1, 2, 3, 4, 5]);
  for (const end of ends) end();
  expect(await settled()).toHaveLength(6);
});
