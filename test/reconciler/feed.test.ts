import { describe, expect, test } from '@jest/globals';
import type { Event, Fact } from '../../src/event.ts';
import { createFeed, type EventBook } from '../../src/reconciler/index.ts';
import { createManualClock } from '../world/clock.ts';

/** A book that writes one batch at a time, each when the test lets it. */
function createSlowBook() {
  const batches: Event[][] = [];
  const ends: { resolve(): void; reject(error: unknown): void }[] = [];
  const book: EventBook = {
    append(events) {
      batches.push([...events]);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ends.push({ resolve, reject });
      return promise;
    },
    events: async () => batches.flat(),
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const endOne = async (error?: unknown) => {
    const end = ends.shift();
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await turn();
  };
  return { batches, book, turn, endOne };
}

const exitOf = (exitCode: number): Fact => ({
  kind: 'member-exited',
  container: 'web',
  exitCode,
  reason: '',
});
const codesOf = (events: readonly Event[]) =>
  events.map(({ fact }) => (fact.kind === 'member-exited' ? fact.exitCode : -1));

describe('a feed', () => {
  test('tells listeners at once and in order, with the bot’s own time', () => {
    const clock = createManualClock(1_000);
    const feed = createFeed(createSlowBook().book, clock, () => {});
    const heard: Event[] = [];
    feed.listen((event) => heard.push(event));
    feed.tell('e/a', 1, exitOf(1));
    clock.advance(5);
    feed.tell('e/a', 2, exitOf(2));
    expect(heard.map(({ atMs, revision }) => [atMs, revision])).toEqual([
      [1_000, 1],
      [1_005, 2],
    ]);
  });

  test('no longer tells those who stopped listening', () => {
    const feed = createFeed(createSlowBook().book, createManualClock(), () => {});
    const heard: Event[] = [];
    const stop = feed.listen((event) => heard.push(event));
    stop();
    feed.tell('e/a', 1, exitOf(1));
    expect(heard).toEqual([]);
  });

  test('writes in the order of telling, and what is told during a write afterwards', async () => {
    const { batches, book, turn, endOne } = createSlowBook();
    const feed = createFeed(book, createManualClock(), () => {});
    feed.tell('e/a', 1, exitOf(1));
    feed.tell('e/a', 1, exitOf(2));
    await turn();
    feed.tell('e/a', 1, exitOf(3));
    feed.tell('e/a', 1, exitOf(4));
    await endOne();
    await endOne();
    expect(batches.map(codesOf)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('is written when the last word told so far is in the book', async () => {
    const { batches, book, turn, endOne } = createSlowBook();
    const feed = createFeed(book, createManualClock(), () => {});
    feed.tell('e/a', 1, exitOf(1));
    await turn();
    feed.tell('e/a', 1, exitOf(2));
    const written = feed.written().then(() => batches.flat().length);
    await endOne();
    await endOne();
    await expect(written).resolves.toBe(2);
  });

  test('says what the book refused, and goes on writing', async () => {
    const { batches, book, turn, endOne } = createSlowBook();
    const lost: unknown[] = [];
    const feed = createFeed(book, createManualClock(), (error) => lost.push(error));
    feed.tell('e/a', 1, exitOf(1));
    await turn();
    feed.tell('e/a', 1, exitOf(2));
    await endOne(new Error('the disk is full'));
    await endOne();
    expect(lost).toEqual([new Error('the disk is full')]);
    expect(batches.map(codesOf)).toEqual([[1], [2]]);
  });

  test('tells the progress of a pull without writing it down', async () => {
    const { batches, book, turn } = createSlowBook();
    const feed = createFeed(book, createManualClock(), () => {});
    const heard: Event[] = [];
    feed.listen((event) => heard.push(event));
    feed.tell('e/a', 1, { kind: 'pull-progress', image: 'web:1', percent: 10 });
    await turn();
    await feed.written();
    expect([heard.length, batches.flat().length]).toEqual([1, 0]);
  });
});
