import { expect, test } from '@jest/globals';
import { createTurns } from '../../../src/surfaces/git/turns.ts';

const STAYS = new AbortController().signal;

test('who waits is told who is at work and how many stand between', async () => {
  const turns = createTurns();
  const told: { holder: string; waiting: number }[] = [];
  const end = await turns.take('shop', 'a', STAYS, (before) => told.push(before));
  const second = turns.take('shop', 'b', STAYS, (before) => told.push(before));
  const third = turns.take('shop', 'c', STAYS, (before) => told.push(before));
  expect(told).toEqual([
    { holder: 'a', waiting: 0 },
    { holder: 'a', waiting: 1 },
  ]);
  end();
  end(); // twice is once
  (await second)();
  (await third)();
});

test('twenty-five may wait; the next one is refused, and the line of another repository is its own', async () => {
  const turns = createTurns();
  const end = await turns.take('shop', 'first', STAYS, () => {});
  const waiting = Array.from({ length: 25 }, (_, at) => turns.take('shop', String(at), STAYS, () => {}));
  await expect(turns.take('shop', 'late', STAYS, () => {})).rejects.toMatchObject({
    code: 'too-many-pushes',
  });
  (await turns.take('bakery', 'late', STAYS, () => {}))();
  end();
  for (const turn of waiting) (await turn)();
  (await turns.take('shop', 'late', STAYS, () => {}))();
});

test('who has left before its turn never gets one', async () => {
  const turns = createTurns();
  const left = AbortSignal.abort(new Error('gone'));
  await expect(turns.take('shop', 'a', left, () => {})).rejects.toThrow('gone');
  (await turns.take('shop', 'b', STAYS, () => {}))();
});
