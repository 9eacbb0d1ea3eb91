/** The bot dies at every write of its books, before it is on disk and after: nothing is lost, nothing is there twice. */
import { afterEach, expect, test } from '@jest/globals';
import { createInbox, createOutbox, type Delivery, Gone, Later, type Write } from '../../src/mail/index.ts';
import { type Books, closeBooks, openBooks } from './books.ts';
import { BUDGET, HOUR_MS, MINUTE_MS, mostIn, outboxOver, write } from './other-side.ts';

afterEach(closeBooks);

/** Dies at one of its moments: from then on nothing answers, as if the process were gone. */
function createFuse(moment: number) {
  let moments = 0;
  const fuse = {
    burnt: false,
    pass() {
      moments += 1;
      if (moments >= moment) fuse.burnt = true;
      if (fuse.burnt) throw new Error('the power is gone');
    },
  };
  return fuse;
}

/** A moment before each call that is named, and one after it; whatever comes after the end fails. */
function fused<Book extends object>(
  book: Book,
  names: readonly (keyof Book & string)[],
  fuse: ReturnType<typeof createFuse>,
): Book {
  return new Proxy(book, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== 'function') return method;
      return async (...given: readonly unknown[]) => {
        if (fuse.burnt) throw new Error('the power is gone');
        const counts = names.some((name) => name === property);
        if (counts) fuse.pass();
        const answer: unknown = await Reflect.apply(method, target, given);
        if (counts) fuse.pass();
        return answer;
      };
    },
  });
}

/** Does a step; when the bot dies in it, a new one starts over the same database, and the step is asked for again. */
async function untilDone(
  step: () => Promise<unknown>,
  fuse: { burnt: boolean },
  restart: () => Promise<void>,
) {
  try {
    await step();
    if (!fuse.burnt) return;
  } catch (error) {
    if (!fuse.burnt) throw error;
  }
  await restart();
  await step();
}

test('the outbox: each thing stands there once, with its newest content', async () => {
  let deaths = 0;
  for (let moment = 1; ; moment++) {
    const { died, things } = await outboxStory(moment);
    expect([moment, things]).toEqual([
      moment,
      { sticky: ['three'], check: ['green'], gone: ['again'], 'reaction:1': ['rocket'] },
    ]);
    if (!died) break;
    deaths++;
  }
  expect(deaths).toBeGreaterThan(40);
}, 120_000);

async function outboxStory(moment: number) {
  const books = await openBooks();
  let fuse = createFuse(moment);
  const things: { id: string; key: string; content: unknown }[] = [];
  let limited = true;
  const start = () => {
    const own = fuse;
    return createOutbox({
      accounts: '',
      book: fused(
        books.store.outbox,
        ['put', 'begin', 'sent', 'postpone', 'drop', 'forgetRemote', 'setPause'],
        own,
      ),
      clock: books.clock,
      random: () => 0,
      budget: BUDGET,
      async deliver({ write: { key, content }, remote }) {
        own.pass();
        if (key === 'check' && limited) {
          limited = false;
          throw new Later('slow down');
        }
        // As a deliverer has to: without a name it looks for what it made before.
        const found = things.find((each) => (remote === undefined ? each.key === key : each.id === remote));
        if (!found && remote !== undefined) throw new Gone('nothing has this name');
        const thing = found ?? { id: `id-${things.length + 1}`, key, content };
        if (!found) things.push(thing);
        thing.content = content;
        own.pass();
        return thing.id;
      },
      alarm: ({ key }, why) => {
        throw new Error(`${key} was given up: ${why}`);
      },
    });
  };
  let outbox = start();
  let died = false;
  const restart = async () => {
    died = true;
    await outbox.close();
    fuse = createFuse(Number.POSITIVE_INFINITY);
    outbox = start();
    await outbox.start();
  };
  const put = (wanted: Write) =>
    untilDone(
      async () => {
        await outbox.put(wanted);
        await outbox.idle();
      },
      fuse,
      restart,
    );
  const pass = (delayMs: number) => untilDone(() => books.pass(delayMs, () => outbox.idle()), fuse, restart);
  await put(write('reaction:1', 'eyes', { importance: 'acknowledgement' }));
  await put(write('sticky', 'one', { importance: 'progress' }));
  await put(write('check', 'green'));
  await put(write('sticky', 'two', { importance: 'progress' }));
  await put(write('gone', 'first'));
  await pass(2 * MINUTE_MS);
  const removed = things.findIndex(({ key }) => key === 'gone');
  if (removed >= 0) things.splice(removed, 1, { id: 'id-removed', key: 'removed by hand', content: '' });
  await put(write('gone', 'again'));
  await put(write('reaction:1', 'rocket'));
  await put(write('sticky', 'three'));
  await pass(10 * MINUTE_MS);
  await outbox.close();
  await closeBooks();
  const shown = Object.groupBy(
    things.filter(({ id }) => id !== 'id-removed'),
    ({ key }) => key,
  );
  return {
    died,
    things: Object.fromEntries(
      Object.entries(shown).map(([key, own]) => [key, own?.map(({ content }) => content)]),
    ),
  };
}

test('the inbox: what was taken is worked on, in its order; what was not is taken when it comes again', async () => {
  let deaths = 0;
  for (let moment = 1; ; moment++) {
    const { died, seen, open } = await inboxStory(moment);
    // A repeat right after a crash is allowed: what counts is when each was worked on first.
    expect([moment, [...new Set(seen)]]).toEqual([moment, ['a1', 'a2', 'a3']]);
    expect(open).toEqual({ waiting: 0, failed: 0 });
    if (!died) break;
    expect(seen.length).toBeLessThanOrEqual(4);
    deaths++;
  }
  expect(deaths).toBeGreaterThan(10);
}, 60_000);

async function inboxStory(moment: number) {
  const books = await openBooks();
  let fuse = createFuse(moment);
  const seen: string[] = [];
  let fails = true;
  const start = () => {
    const own = fuse;
    return createInbox({
      source: 'github',
      book: fused(books.store.inbox, ['add', 'tried', 'end'], own),
      clock: books.clock,
      random: () => 0,
      async work({ id }) {
        own.pass();
        if (id === 'a2' && fails) {
          fails = false;
          throw new Error('not now');
        }
        seen.push(id);
        own.pass();
      },
      alarm: ({ id }) => {
        throw new Error(`${id} was given up`);
      },
    });
  };
  let inbox = start();
  let died = false;
  const restart = async () => {
    died = true;
    await inbox.close();
    fuse = createFuse(Number.POSITIVE_INFINITY);
    inbox = start();
    await inbox.start();
  };
  for (const id of ['a1', 'a2', 'a3']) {
    const delivery: Delivery = {
      source: 'github',
      id,
      naturalKey: `key of ${id}`,
      lane: 'acme/shop#1',
      event: 'push',
      payload: '{}',
      receivedAtMs: books.clock.now(),
    };
    await untilDone(
      async () => {
        await inbox.take(delivery);
        await books.pass(MINUTE_MS, () => inbox.idle());
      },
      fuse,
      restart,
    );
  }
  const open = await books.store.inbox.counts();
  await inbox.close();
  await closeBooks();
  return { died, seen, open };
}

test('a bot that dies after each thing it sends stays within the budgets all the same', async () => {
  const books: Books = await openBooks();
  const arrived: { atMs: number }[] = [];
  const dying = {
    ...books,
    store: {
      ...books.store,
      outbox: { ...books.store.outbox, sent: () => Promise.reject(new Error('the power is gone')) },
    },
  };
  for (let key = 0; key < 150; key++) await books.store.outbox.put(write(`key-${key}`, 1), books.clock.now());
  for (let life = 0; life < 200; life++) {
    const { outbox } = outboxOver(dying, () => void arrived.push({ atMs: books.clock.now() }));
    await outbox.start();
    await outbox.idle();
    await outbox.close();
    await books.pass(500, async () => {});
  }
  expect(arrived.length).toBeGreaterThan(64);
  expect(mostIn(arrived, MINUTE_MS)).toBeLessThanOrEqual(64);
  const { outbox, sent } = outboxOver(books);
  await outbox.start();
  await books.pass(HOUR_MS, outbox.idle);
  expect(sent).toHaveLength(150);
  await outbox.close();
});
