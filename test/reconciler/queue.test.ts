import { describe, expect, test } from '@jest/globals';
import type { GroupKey } from '../../src/event.ts';
import { createQueue } from '../../src/reconciler/queue.ts';
import { createManualClock } from '../world/clock.ts';

/** A queue whose work waits until the test ends it. */
function createHeldQueue({ workers = 1 }: { workers?: number } = {}) {
  const clock = createManualClock();
  const begun: GroupKey[] = [];
  const ends: (() => void)[] = [];
  const queue = createQueue<GroupKey>({
    clock,
    workers,
    run: (key) => {
      begun.push(key);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      return promise;
    },
  });
  /** Ends the longest running work, and lets the queue go on. */
  const endOne = async () => {
    ends.shift()?.();
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { clock, queue, begun, endOne };
}

describe('a queue of group names', () => {
  test('works on a name that is added twice while it waits once', async () => {
    const { queue, begun, endOne } = createHeldQueue();
    queue.add('e/busy');
    queue.add('e/a');
    queue.add('e/a');
    await endOne();
    await endOne();
    expect(begun).toEqual(['e/busy', 'e/a']);
  });

  test('works again on a name that is added while it is worked on, afterwards and once', async () => {
    const { queue, begun, endOne } = createHeldQueue({ workers: 4 });
    queue.add('e/a');
    queue.add('e/a');
    queue.add('e/a');
    expect(begun).toEqual(['e/a']);
    await endOne();
    expect(begun).toEqual(['e/a', 'e/a']);
    await endOne();
    expect(begun).toEqual(['e/a', 'e/a']);
  });

  test('lets a name that is worked on hold up no other', () => {
    const { queue, begun } = createHeldQueue({ workers: 2 });
    for (const key of ['e/a', 'e/a', 'e/b'] as const) queue.add(key);
    expect(begun).toEqual(['e/a', 'e/b']);
  });

  test('has as many at work as it has workers', async () => {
    const { queue, begun, endOne } = createHeldQueue({ workers: 2 });
    for (const key of ['e/a', 'e/b', 'e/c'] as const) queue.add(key);
    expect(begun).toEqual(['e/a', 'e/b']);
    await endOne();
    expect(begun).toEqual(['e/a', 'e/b', 'e/c']);
  });

  test('keeps the earlier of two dates', () => {
    const { clock, queue, begun } = createHeldQueue();
    queue.addAfter('e/a', 1_000);
    queue.addAfter('e/a', 5_000);
    clock.advance(999);
    expect(begun).toEqual([]);
    clock.advance(1);
    expect(begun).toEqual(['e/a']);
  });

  test('moves a date forward', () => {
    const { clock, queue, begun } = createHeldQueue();
    queue.addAfter('e/a', 5_000);
    queue.addAfter('e/a', 1_000);
    clock.advance(1_000);
    expect(begun).toEqual(['e/a']);
    expect(clock.nextAtMs()).toBeUndefined();
  });

  test('drops a date when the name is added at once', async () => {
    const { clock, queue, begun, endOne } = createHeldQueue();
    queue.addAfter('e/a', 1_000);
    queue.add('e/a');
    await endOne();
    clock.advance(2_000);
    expect(begun).toEqual(['e/a']);
  });

  test('is idle when nothing is due, though something waits for its date', async () => {
    const { queue } = createHeldQueue();
    queue.addAfter('e/a', 1_000);
    await expect(queue.idle()).resolves.toBeUndefined();
  });

  test('tells everybody who waits for idleness, also those who ask again right away', async () => {
    const { queue, endOne } = createHeldQueue();
    queue.add('e/a');
    const told: string[] = [];
    const twice = async () => {
      await queue.idle();
      queue.add('e/b');
      await queue.idle();
      told.push('twice');
    };
    const once = async () => {
      await queue.idle();
      told.push('once');
    };
    const both = Promise.all([twice(), once()]);
    await endOne();
    await endOne();
    await both;
    expect(told).toEqual(['once', 'twice']);
  });

  test('closes when the running work has ended, and begins none that waits', async () => {
    const { clock, queue, begun, endOne } = createHeldQueue();
    for (const key of ['e/a', 'e/b'] as const) queue.add(key);
    queue.addAfter('e/c', 10);
    const closed = queue.close();
    await endOne();
    await closed;
    queue.add('e/d');
    clock.advance(20);
    expect(begun).toEqual(['e/a']);
  });
});
