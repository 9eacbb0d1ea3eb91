/** The meter with the books that the bot really keeps: every write can be the last one before the bot dies. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ObservedGroup } from '../../src/engines/index.ts';
import { type Ledger, pricesFrom } from '../../src/metering/index.ts';
import { createMeter } from '../../src/reconciler/meter.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { wishFor } from '../reconciler/groups.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock } from '../world/clock.ts';
import { ended, pod } from './lives.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-meter-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const one = wishFor({ containers: { web: {} } });
const two = wishFor({ containers: { web: { memoryInGB: 0.2 } } }, { number: 2 });
const shown = (...pods: ObservedGroup['pods']): ObservedGroup => ({ key: one.key, pods });

interface Books extends Pick<Store, 'ledger' | 'close'> {
  /** How many more writes there are before the bot dies. */
  left: number;
}

async function openBooks(): Promise<Books> {
  const vault = await openTestVault(await mkdtemp(join(folder, 'vault-')));
  const { ledger, close } = await openSqliteStore(':memory:', vault);
  const books = { left: Number.POSITIVE_INFINITY, close, ledger };
  const counted = async (write: () => Promise<void>) => {
    if (books.left-- <= 0) throw new Error('the bot died');
    await write();
  };
  books.ledger = {
    ...ledger,
    open: (interval) => counted(() => ledger.open(interval)),
    attach: (id, podId) => counted(() => ledger.attach(id, podId)),
    close: (...closing: Parameters<Ledger['close']>) => counted(() => ledger.close(...closing)),
  };
  return books;
}

/** A deploy with a pull, a replacement, and a deletion that the bot finds only when it is over. */
const STORY = [
  { atMs: 1_000, wish: one, pulls: true },
  { atMs: 3_000, wish: one, observed: shown(pod('a', 2_500)) },
  { atMs: 4_000, wish: two, observed: shown(pod('a', 2_500)) },
  { atMs: 7_000, wish: two, observed: shown(ended('a', 2_500, 5_000), pod('b', 5_200, { revision: 2 })) },
  { atMs: 9_000, wish: two, observed: shown(pod('b', 5_200, { revision: 2 })) },
  {
    atMs: 20_000,
    wish: { ...two, wanted: 'deleted' as const },
    observed: shown({ ...ended('b', 5_200, 12_345), revision: 2 }),
  },
];

/** Tells the story; the bot dies before its `dies`-th write, starts anew and looks again at what is there. */
async function tell(dies: number) {
  const books = await openBooks();
  const clock = createManualClock(0);
  books.left = dies;
  for (const { atMs, wish, observed, pulls = false } of STORY) {
    clock.advance(atMs - clock.now());
    const meter = createMeter({ ledger: books.ledger, pricing: () => pricesFrom({}), clock });
    const look = async () => {
      if (pulls) await meter.pullBegins(wish);
      await meter.settle(wish, observed);
    };
    await look().catch(async () => {
      books.left = Number.POSITIVE_INFINITY;
      await look();
    });
  }
  const intervals = await books.ledger.intervals({});
  await books.close();
  return { intervals, died: books.left === Number.POSITIVE_INFINITY };
}

describe('the meter with its books', () => {
  test('bills two sandboxes of one group, each from its own beginning to its own end', async () => {
    const { intervals } = await tell(Number.POSITIVE_INFINITY);
    expect(intervals).toMatchObject([
      { podId: 'a', revision: 1, startedAtMs: 1_000, endedAtMs: 5_000, estimated: false, caller: 'david' },
      { podId: 'b', revision: 2, startedAtMs: 5_200, endedAtMs: 12_345, estimated: false },
    ]);
    expect(intervals.map(({ size }) => size.memoryGbTenths)).toEqual([1, 2]);
  });

  test('writes the same bill whichever write the bot dies before', async () => {
    const { intervals: whole } = await tell(Number.POSITIVE_INFINITY);
    for (let dies = 0; ; dies++) {
      const { intervals, died } = await tell(dies);
      expect(intervals).toEqual(whole);
      if (!died) break;
      expect(dies).toBeLessThan(20);
    }
  });

  test('ends pulls that were given up, and takes up new ones with a new interval', async () => {
    const { ledger, close } = await openBooks();
    const clock = createManualClock(1_000);
    const meter = createMeter({ ledger, pricing: () => pricesFrom({}), clock });
    await meter.pullBegins(one);
    await meter.pullBegins(one);
    clock.advance(2_000);
    await meter.pullEnds(one);
    await meter.pullEnds(one);
    clock.advance(5_000);
    await meter.pullBegins(one);
    expect(await meter.settle(one, undefined)).toBe(8_000);
    expect(await ledger.intervals({})).toMatchObject([
      { startedAtMs: 1_000, endedAtMs: 3_000, podId: null },
      { startedAtMs: 8_000, endedAtMs: null, podId: null },
    ]);
    await close();
  });

  test('keeps the prices of the beginning when those of the location change', async () => {
    const { ledger, close } = await openBooks();
    const clock = createManualClock(3_000);
    let vcpuPerHour = '1';
    const meter = createMeter({ ledger, pricing: () => pricesFrom({ vcpuPerHour }), clock });
    await meter.settle(one, shown(pod('a', 2_500)));
    vcpuPerHour = '2';
    await meter.settle(one, shown(pod('a', 2_500)));
    expect((await ledger.intervals({})).map(({ prices }) => prices.vcpuPerHour)).toEqual(['1']);
    await close();
  });
});
