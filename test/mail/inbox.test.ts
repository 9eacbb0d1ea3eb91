/** What is delivered: once on disk, worked on at least once, in order within its lane. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createInbox, type Delivery, type InboxParts } from '../../src/mail/index.ts';
import { type Books, closeBooks, openBooks } from './books.ts';

afterEach(closeBooks);

const delivery = (id: string, more: Partial<Delivery> = {}): Delivery => ({
  source: 'github',
  id,
  naturalKey: `key of ${id}`,
  lane: 'acme/shop#1',
  event: 'push',
  payload: '{}',
  receivedAtMs: 1_000,
  ...more,
});

function inboxOver({ store, clock }: Books, work: InboxParts['work']) {
  const given: string[] = [];
  const inbox = createInbox({
    source: 'github',
    book: store.inbox,
    clock,
    random: () => 0,
    work,
    alarm: ({ id }, error) => given.push(`${id}: ${String(error)}`),
  });
  return { inbox, given };
}

test('a delivery is worked on once, however often it comes, under its id or under another', async () => {
  const books = await openBooks();
  const seen: string[] = [];
  const { inbox } = inboxOver(books, async ({ id }) => void seen.push(id));
  expect(await inbox.take(delivery('a'))).toBe('new');
  expect(await inbox.take(delivery('a'))).toBe('known');
  expect(await inbox.take(delivery('b', { naturalKey: 'key of a' }))).toBe('known');
  expect(await inbox.take(delivery('a', { source: 'slack' }))).toBe('new');
  await inbox.idle();
  expect(await inbox.take(delivery('a'))).toBe('known');
  await inbox.idle();
  expect(seen).toEqual(['a', 'a']);
  expect([...(await inbox.known('github', ['a', 'b', 'c']))]).toEqual(['a']);
  expect(await inbox.counts()).toEqual({ waiting: 0, failed: 0 });
});

test('a lane keeps its order, and holds up no other', async () => {
  const books = await openBooks();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const { inbox } = inboxOver(books, async ({ id, lane }) => {
    if (id === 'a1') await gate.promise;
    seen.push(`${lane} ${id}`);
  });
  for (const id of ['a1', 'a2', 'a3']) await inbox.take(delivery(id, { lane: 'a' }));
  for (const id of ['b1', 'b2']) await inbox.take(delivery(id, { lane: 'b' }));
  await waitUntil(() => seen.length === 2);
  expect(seen).toEqual(['b b1', 'b b2']);
  gate.resolve();
  await inbox.idle();
  expect(seen.slice(2)).toEqual(['a a1', 'a a2', 'a a3']);
});

test('one that fails is tried again later and holds its lane; at last it is given up, and told', async () => {
  const books = await openBooks();
  const tried: string[] = [];
  const { inbox, given } = inboxOver(books, async ({ id }) => {
    tried.push(id);
    if (id === 'poison') throw new Error('no');
  });
  await inbox.take(delivery('poison'));
  await inbox.take(delivery('next'));
  await books.pass(3_600_000, inbox.idle);
  expect(tried).toEqual([...Array.from({ length: 6 }, () => 'poison'), 'next']);
  expect(given).toEqual(['poison: Error: no']);
  expect(await inbox.counts()).toEqual({ waiting: 0, failed: 1 });
});

describe('after a crash', () => {
  test('what was taken and not worked on is worked on, what was half done is done again', async () => {
    const books = await openBooks();
    const first = inboxOver(books, (_delivery, signal) => rejected(signal));
    await first.inbox.take(delivery('a'));
    await first.inbox.take(delivery('b', { lane: 'other' }));
    await first.inbox.close(); // the work was cut short: nothing was noted
    const seen: string[] = [];
    const second = inboxOver(books, async ({ id }) => void seen.push(id));
    await second.inbox.start();
    await second.inbox.idle();
    expect(seen.sort()).toEqual(['a', 'b']);
    await second.inbox.close();
    const third = inboxOver(books, async ({ id }) => void seen.push(id));
    await third.inbox.start();
    await third.inbox.idle();
    expect(seen.sort()).toEqual(['a', 'b']);
    await third.inbox.close();
  });
});

test('ids are remembered for thirty days, payloads only until the work is done', async () => {
  const books = await openBooks();
  const { inbox } = inboxOver(books, async () => {});
  await inbox.start();
  await inbox.take(delivery('a', { payload: 'a long text', receivedAtMs: books.clock.now() }));
  await inbox.idle();
  expect(books.raw('select payload, state from deliveries')).toEqual([{ payload: '', state: 'done' }]);
  await books.pass(29 * 86_400_000, inbox.idle);
  expect(await inbox.take(delivery('a'))).toBe('known');
  await books.pass(2 * 86_400_000, inbox.idle);
  await waitUntil(() => books.raw('select id from deliveries').length === 0);
  await inbox.close();
});

async function rejected(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason));
  return promise;
}

async function waitUntil(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 10_000 && !(await holds()); turn++)
    await new Promise((resolve) => setImmediate(resolve));
  expect(await holds()).toBe(true);
}
