/** What should stand elsewhere: the newest content, once, in order of importance, within the budgets, over restarts. */
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Gone, Later, Refused } from '../../src/mail/index.ts';
import { closeBooks, openBooks } from './books.ts';
import { BUDGET, HOUR_MS, MINUTE_MS, mostIn, outboxOver, type Sent, write } from './other-side.ts';

afterEach(closeBooks);

const shown = (sent: readonly Sent[]) => sent.map(({ key, content }) => `${key}=${String(content)}`);

test('a content is sent once, a new one edits what is there, the same one again sends nothing', async () => {
  const books = await openBooks();
  const { outbox, sent } = outboxOver(books);
  await outbox.put(write('sticky', 'one'));
  await outbox.idle();
  await outbox.put(write('sticky', 'one'));
  await outbox.idle();
  await outbox.put(write('sticky', 'two'));
  await outbox.idle();
  expect(sent.map(({ content, remote }) => [content, remote])).toEqual([
    ['one', undefined],
    ['two', 'id-1'],
  ]);
  expect(await outbox.remote('github:7', 'sticky')).toBe('id-1');
});

test('what is overtaken before it could be sent is never sent', async () => {
  const books = await openBooks();
  const gate = Promise.withResolvers<void>();
  const { outbox, sent } = outboxOver(books, ({ write: { key } }) =>
    key === 'first' ? gate.promise : undefined,
  );
  await outbox.put(write('first', 0));
  for (let turn = 1; turn <= 5; turn++) await outbox.put(write('sticky', turn));
  gate.resolve();
  await outbox.idle();
  expect(shown(sent)).toEqual(['first=0', 'sticky=5']);
});

test('a content that comes while the one before it is being sent is sent afterwards', async () => {
  const books = await openBooks();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { outbox, sent } = outboxOver(books, ({ write: { content } }) => {
    begun.resolve();
    return content === 'old' ? gate.promise : undefined;
  });
  await outbox.put(write('sticky', 'old'));
  await begun.promise;
  await outbox.put(write('sticky', 'new'));
  gate.resolve();
  await outbox.idle();
  expect(sent.map(({ content, remote }) => [content, remote])).toEqual([
    ['old', undefined],
    ['new', 'id-1'],
  ]);
});

test('acknowledgements go first, decoration last', async () => {
  const books = await openBooks();
  const gate = Promise.withResolvers<void>();
  const { outbox, sent } = outboxOver(books, ({ write: { key } }) =>
    key === 'a' ? gate.promise : undefined,
  );
  await outbox.put(write('a', 0));
  const rest = ['decoration', 'progress', 'result', 'safety', 'acknowledgement'] as const;
  for (const importance of rest) await outbox.put(write(importance, 1, { importance }));
  gate.resolve();
  await outbox.idle();
  expect(sent.map(({ key }) => key)).toEqual(['a', ...rest.toReversed()]);
});

test('progress of one key is sent every five seconds at most, and its last state is not lost', async () => {
  const books = await openBooks();
  const { outbox, sent } = outboxOver(books);
  for (let second = 0; second < 20; second++) {
    await outbox.put(write('sticky', second, { importance: 'progress' }));
    await books.pass(1_000, outbox.idle);
  }
  await books.pass(5_000, outbox.idle);
  const gaps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000);
  expect(sent.at(-1)?.content).toBe(19);
  expect(sent.length).toBeLessThanOrEqual(6);
});

describe('when it goes wrong', () => {
  test('what was removed is made anew once; when that fails too, it is given up', async () => {
    const books = await openBooks();
    const { outbox, sent, given } = outboxOver(books, ({ remote, write: { content } }) => {
      if (remote !== undefined || content === 'hopeless') throw new Gone('not found');
    });
    await outbox.put(write('sticky', 'one'));
    await outbox.idle();
    await outbox.put(write('sticky', 'two'));
    await outbox.idle();
    await outbox.put(write('other', 'hopeless'));
    await outbox.idle();
    expect(sent.map(({ content, remote }) => [content, remote])).toEqual([
      ['one', undefined],
      ['two', undefined],
    ]);
    expect(given).toEqual(['other: not found']);
  });

  test('what is refused is told and dropped, and holds up nothing', async () => {
    const books = await openBooks();
    const { outbox, sent, given } = outboxOver(books, ({ write: { key } }) => {
      if (key === 'bad') throw new Refused('too long');
    });
    await outbox.put(write('bad', 1));
    await outbox.put(write('good', 1));
    await outbox.idle();
    expect([shown(sent), given]).toEqual([['good=1'], ['bad: too long']]);
    await outbox.put(write('bad', 2));
    await outbox.idle();
    expect(given).toHaveLength(2);
  });

  test('a write that fails alone is tried again while others go, and is given up after a day', async () => {
    const books = await openBooks();
    let tries = 0;
    const { outbox, sent, given } = outboxOver(books, ({ write: { key } }) => {
      if (key !== 'flaky') return;
      tries++;
      throw new Error('502');
    });
    await outbox.put(write('flaky', 1));
    await outbox.put(write('good', 1));
    await books.pass(HOUR_MS, outbox.idle);
    expect(shown(sent)).toEqual(['good=1']);
    expect(tries).toBeGreaterThan(10);
    expect(given).toEqual([]);
    await books.pass(24 * HOUR_MS, outbox.idle);
    expect(given).toEqual(['flaky: 502']);
  });

  test.each([
    [120_000, 120_000],
    [undefined, 75_000],
  ])('the account waits as long as it is told (%p): %d ms', async (told, expected) => {
    const books = await openBooks();
    let calls = 0;
    const { outbox, sent } = outboxOver(books, () => {
      if (calls++ === 0)
        throw new Later('secondary rate limit', told === undefined ? {} : { retryAfterMs: told });
    });
    const startMs = books.clock.now();
    await outbox.put(write('a', 1));
    await outbox.put(write('b', 1, { importance: 'acknowledgement' }));
    await books.pass(expected - 1, outbox.idle);
    expect([sent.length, calls]).toEqual([0, 1]);
    await books.pass(1, outbox.idle);
    expect(shown(sent)).toEqual(['b=1', 'a=1']);
    expect(sent[0]?.atMs).toBe(startMs + expected);
  });

  test('a restart goes on: with what waited, with the pause, and without sending anything twice', async () => {
    const books = await openBooks();
    const first = outboxOver(books, ({ write: { key } }) => {
      if (key === 'b') throw new Later('slow down', { retryAfterMs: 90_000 });
    });
    await first.outbox.put(write('a', 1));
    await first.outbox.idle();
    await first.outbox.put(write('b', 1));
    await first.outbox.idle();
    await first.outbox.close();
    const second = outboxOver(books);
    await second.outbox.start();
    await books.pass(89_000, second.outbox.idle);
    expect(second.sent).toEqual([]);
    await books.pass(1_000, second.outbox.idle);
    expect(shown(second.sent)).toEqual(['b=1']);
    await second.outbox.put(write('a', 1));
    await second.outbox.put(write('a', 2));
    await second.outbox.idle();
    expect(second.sent.at(-1)).toMatchObject({ key: 'a', content: 2, remote: 'id-1' });
    await second.outbox.close();
  });

  test('a crash between the sending and the note of it sends again: the deliverer is told the same sequence', async () => {
    const books = await openBooks();
    const sequences: number[] = [];
    const broken = { ...books.store.outbox, sent: () => Promise.reject(new Error('power is gone')) };
    const first = outboxOver({ ...books, store: { ...books.store, outbox: broken } }, ({ sequence }) => {
      sequences.push(sequence);
    });
    await first.outbox.put(write('a', 1));
    await first.outbox.idle();
    await first.outbox.close();
    const second = outboxOver(books, ({ sequence }) => void sequences.push(sequence));
    await second.outbox.start();
    await books.pass(MINUTE_MS, second.outbox.idle);
    expect(sequences).toEqual([1, 1]);
    await second.outbox.close();
  });

  test('after a day of silence every key is sent once, with its newest content, within the budgets', async () => {
    const books = await openBooks();
    let away = true;
    const { outbox, sent, given } = outboxOver(books, () => {
      if (away) throw new Later('connection refused');
    });
    const KEYS = 300;
    for (let round = 0; round < 4; round++) {
      for (let key = 0; key < KEYS; key++) await outbox.put(write(`key-${key}`, `${round}`));
      await books.pass(6 * HOUR_MS, outbox.idle);
    }
    expect(sent).toEqual([]);
    away = false;
    await books.pass(2 * HOUR_MS, outbox.idle);
    expect(given).toEqual([]);
    expect(new Set(sent.map(({ key }) => key)).size).toBe(KEYS);
    expect(sent).toHaveLength(KEYS);
    expect(sent.every(({ content }) => content === '3')).toBe(true);
    expect(mostIn(sent, MINUTE_MS)).toBeLessThanOrEqual(80);
  });
});

test('whatever is put, no span of a minute or an hour holds more than its budget, and nothing is lost', async () => {
  const puts = fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 400 }),
      afterMs: fc.integer({ min: 0, max: 400 }),
      importance: fc.constantFrom('acknowledgement' as const, 'result' as const, 'progress' as const),
    }),
    { minLength: 100, maxLength: 250 },
  );
  await fc.assert(
    fc.asyncProperty(puts, async (all) => {
      const books = await openBooks();
      const { outbox, sent } = outboxOver(books);
      const newest = new Map<string, number>();
      for (const [index, { key, afterMs, importance }] of all.entries()) {
        newest.set(`key-${key}`, index);
        await outbox.put(write(`key-${key}`, index, { importance }));
        await books.pass(afterMs, outbox.idle);
      }
      await books.pass(2 * HOUR_MS, outbox.idle);
      const created = sent.filter(({ remote }) => remote === undefined);
      expect(mostIn(sent, MINUTE_MS)).toBeLessThanOrEqual(BUDGET.writesPerMinute);
      expect(mostIn(created, MINUTE_MS)).toBeLessThanOrEqual(BUDGET.createsPerMinute);
      for (const [key, content] of newest)
        expect(sent.findLast((each) => each.key === key)?.content).toBe(content);
      await closeBooks();
    }),
    { numRuns: 8 },
  );
});
