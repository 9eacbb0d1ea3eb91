/** Puts that overlap with sending, and ends of every kind: what stands there at last is what was put last. */
import { afterEach, expect, test } from '@jest/globals';
import { Later } from '../../src/mail/index.ts';
import { type Books, closeBooks, openBooks } from './books.ts';
import { HOUR_MS, MINUTE_MS, outboxOver, write } from './other-side.ts';

afterEach(closeBooks);

const contents = (sent: readonly { readonly content: unknown }[]) => sent.map(({ content }) => content);

/** The same books, one of whose methods does something else. */
const withBook = (books: Books, changed: Partial<Books['store']['outbox']>): Books => ({
  ...books,
  store: { ...books.store, outbox: { ...books.store.outbox, ...changed } },
});

test('of many contents that are put at the same moment the last one stands there', async () => {
  const books = await openBooks();
  const { outbox, sent } = outboxOver(books);
  for (let round = 0; round < 20; round++) {
    const texts = Array.from({ length: 5 }, (_, index) => `${round}.${index}`);
    await Promise.all(texts.map((text) => outbox.put(write('sticky', text))));
    await outbox.idle();
    expect(sent.at(-1)?.content).toBe(texts.at(-1));
  }
});

test('back to what was sent last, while something else is on its way: it is sent again', async () => {
  const books = await openBooks();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { outbox, sent } = outboxOver(books, ({ write: { content } }) => {
    if (content !== 'two') return undefined;
    begun.resolve();
    return gate.promise;
  });
  await outbox.put(write('sticky', 'one'));
  await outbox.idle();
  await outbox.put(write('sticky', 'two'));
  await begun.promise;
  await outbox.put(write('sticky', 'one'));
  gate.resolve();
  await outbox.idle();
  expect(contents(sent)).toEqual(['one', 'two', 'one']);
});

test('back to what was sent last, when nobody knows whether something else has arrived: it is sent again', async () => {
  const books = await openBooks();
  const { outbox, sent } = outboxOver(books, ({ write: { content } }) => {
    if (content === 'two') throw new Error('the answer was lost');
  });
  await outbox.put(write('sticky', 'one'));
  await outbox.idle();
  await outbox.put(write('sticky', 'two'));
  await outbox.idle();
  await outbox.put(write('sticky', 'one'));
  await books.pass(MINUTE_MS, outbox.idle);
  expect(contents(sent)).toEqual(['one', 'one']);
  expect(await outbox.waiting('github:7')).toBe(0);
});

test('nothing is sent that could not be noted, as on a full disk', async () => {
  const books = await openBooks();
  let full = true;
  const disk = withBook(books, {
    begin: (...given) =>
      full ? Promise.reject(new Error('the disk is full')) : books.store.outbox.begin(...given),
  });
  const { outbox, sent } = outboxOver(disk);
  await outbox.put(write('sticky', 'one'));
  await books.pass(HOUR_MS, outbox.idle);
  expect(sent).toEqual([]);
  full = false;
  await books.pass(MINUTE_MS, outbox.idle);
  expect(contents(sent)).toEqual(['one']);
});

test('what only waited while the other side was away for days is not given up for one mishap', async () => {
  const books = await openBooks();
  let calls = 0;
  let away = true;
  const { outbox, sent, given } = outboxOver(books, () => {
    if (away) throw new Later('connection refused');
    if (calls++ === 0) throw new Error('500');
  });
  await outbox.put(write('sticky', 'one'));
  await books.pass(48 * HOUR_MS, outbox.idle);
  away = false;
  await books.pass(HOUR_MS, outbox.idle);
  expect([contents(sent), given]).toEqual([['one'], []]);
});

test('told to wait for a month, it looks again after an hour', async () => {
  const books = await openBooks();
  let calls = 0;
  const { outbox, sent } = outboxOver(books, () => {
    if (calls++ === 0) throw new Later('slow down', { retryAfterMs: 30 * 86_400_000 });
  });
  await outbox.put(write('sticky', 'one'));
  await books.pass(HOUR_MS - 1, outbox.idle);
  expect(calls).toBe(1);
  await books.pass(1, outbox.idle);
  expect(contents(sent)).toEqual(['one']);
});

test('stopping lets what is being sent end, begins nothing more, and cuts off what does not end', async () => {
  const books = await openBooks();
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = outboxOver(books, () => {
    begun.resolve();
    return gate.promise;
  });
  await first.outbox.put(write('a', 1));
  await first.outbox.put(write('b', 1));
  await begun.promise;
  const closed = first.outbox.close();
  gate.resolve();
  await closed;
  expect(first.sent.map(({ key }) => key)).toEqual(['a']);

  const hung = Promise.withResolvers<AbortSignal>();
  const second = outboxOver(books, async (_kept, signal) => {
    hung.resolve(signal);
    await new Promise(() => {});
  });
  await second.outbox.start();
  const signal = await hung.promise;
  const stopped = second.outbox.close();
  expect(signal.aborted).toBe(false);
  books.clock.advance(5_000);
  await stopped;
  expect(signal.aborted).toBe(true);

  const third = outboxOver(books);
  await third.outbox.start();
  await third.outbox.idle();
  expect(third.sent.map(({ key }) => key)).toEqual(['b']);
  await third.outbox.close();
});

test('what things are called there is remembered for ninety days, also by a bot that never restarts', async () => {
  const books = await openBooks();
  const { outbox } = outboxOver(books);
  await outbox.start();
  await outbox.put(write('sticky', 'one'));
  await outbox.idle();
  await books.pass(89 * 86_400_000, outbox.idle);
  expect(await outbox.remote('github:7', 'sticky')).toBe('id-1');
  await books.pass(2 * 86_400_000, outbox.idle);
  expect(await outbox.remote('github:7', 'sticky')).toBeUndefined();
  await outbox.close();
});
