/** The book of pull requests: what was asked is kept until it is answered, and old things are forgotten in time. */
import { afterEach, expect, test } from '@jest/globals';
import type { Ask } from '../../src/store/index.ts';
import { closeBooks, openBooks } from '../mail/books.ts';

afterEach(closeBooks);

const DAY_MS = 86_400_000;
const ask = (id: string, receivedAtMs: number): Ask => ({
  id,
  installation: 7,
  repository: 'acme/shop',
  number: 11,
  comment: 1,
  actor: { id: 1, login: 'ann' },
  lines: ['/deploy'],
  commit: '',
  saidAtMs: receivedAtMs,
  receivedAtMs,
});

test('what was asked twice is asked once, and stays until it is answered', async () => {
  const { store } = await openBooks();
  expect(await store.pulls.ask(ask('comment:1', 5))).toBe(true);
  expect(await store.pulls.ask(ask('comment:1', 6))).toBe(false);
  await store.pulls.ask(ask('comment:2', 4));
  expect((await store.pulls.unanswered()).map(({ id }) => id)).toEqual(['comment:2', 'comment:1']);
  await store.pulls.answered('comment:2');
  expect(await store.pulls.unanswered()).toEqual([ask('comment:1', 5)]);
  expect(await store.pulls.ask(ask('comment:2', 9))).toBe(false);
});

test('a head is noted when it changes, also back to one that was before', async () => {
  const { store } = await openBooks();
  const record = (commit: string, atMs: number, by = 1) =>
    store.pulls.recordHead('acme/shop', 11, { commit, atMs, by });
  await record('a', 1);
  await record('b', 2);
  await record('b', 3, 0);
  await record('a', 4);
  await record('c', 4);
  expect(await store.pulls.heads('acme/shop', 11)).toEqual([
    { commit: 'a', atMs: 1, by: 1 },
    { commit: 'b', atMs: 2, by: 1 },
    { commit: 'c', atMs: 4, by: 1 },
  ]);
});

test('after thirty days answered things are forgotten; open ones and the newest head never', async () => {
  const { store } = await openBooks();
  for (const [id, day] of [
    ['old', 1],
    ['open', 1],
    ['new', 40],
  ] as const)
    await store.pulls.ask(ask(id, day * DAY_MS));
  for (const id of ['old', 'new']) await store.pulls.answered(id);
  for (const [commit, day] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    await store.pulls.recordHead('acme/shop', 11, { commit, atMs: day * DAY_MS, by: 1 });
  await store.pulls.forget(30 * DAY_MS);
  expect((await store.pulls.heads('acme/shop', 11)).map(({ commit }) => commit)).toEqual(['c']);
  expect((await store.pulls.unanswered()).map(({ id }) => id)).toEqual(['open']);
  expect(await store.pulls.ask(ask('old', 50 * DAY_MS))).toBe(true);
  expect(await store.pulls.ask(ask('new', 50 * DAY_MS))).toBe(false);
});
