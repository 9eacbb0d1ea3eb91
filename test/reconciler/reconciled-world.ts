/** A reconciler over an engine in memory, with real books and a clock that the test moves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GpuDevice } from '../../src/engines/index.ts';
import type { Event, Fact, GroupKey } from '../../src/event.ts';
import { pricesFrom } from '../../src/metering/index.ts';
import { besideKey, poolsFrom } from '../../src/network/index.ts';
import {
  createFeed,
  createReconciler,
  type Feed,
  type LogArchive,
  type Names,
  type Reconciler,
  type Wish,
  type WishChange,
} from '../../src/reconciler/index.ts';
import { createLogArchive } from '../../src/store/files/log-archive.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';
import { createManualClock, type ManualClock } from '../world/clock.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';
import { type GroupWords, groupFrom, KEY, publishedAt } from './groups.ts';

export interface ReconciledWorld {
  readonly clock: ManualClock;
  readonly engine: MemoryEngine;
  readonly store: Store;
  readonly logs: LogArchive;
  readonly events: readonly Event[];
  readonly internalErrors: readonly unknown[];
  /** Accepts a revision, as a push does, and wakes the reconciler. */
  wish(words: GroupWords, key?: GroupKey): Promise<Wish>;
  /** Accepts a revision that is tried beside the one that serves. */
  tryBeside(words: GroupWords, key?: GroupKey): Promise<Wish>;
  /** Stops, starts, restarts or dates a group, as their verbs do. */
  change(change: WishChange, key?: GroupKey): Promise<boolean>;
  /** Asks for a deletion, as `katabot delete` does. */
  unwish(key?: GroupKey): Promise<void>;
  /** Lets what is due now come to its end. */
  rest(): Promise<void>;
  /** Moves the clock on, letting everything that falls due come to its end at its own time. */
  pass(durationMs: number): Promise<void>;
  /** A new reconciler over the same books and the same engine, as after a crash of the bot. */
  restart(): Promise<void>;
  facts<Kind extends Fact['kind']>(kind: Kind): Extract<Fact, { kind: Kind }>[];
  /** What the probes of a group say. */
  health: Reconciler['health'];
  /** The kinds of the steps that the engine was asked for since the last time. */
  steps(): string[];
  close(): Promise<void>;
}

const POOLS = poolsFrom({ addresses: '127.21.0.0/16', networks: '198.19.0.0/16', ports: '20000-29999' });

export async function createReconciledWorld(
  driftPolicy: 'mend' | 'report' = 'mend',
  { gpus = [], names }: { readonly gpus?: readonly GpuDevice[]; readonly names?: Names } = {},
): Promise<ReconciledWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-reconciler-'));
  const vault = await openTestVault(folder);
  const store = await openSqliteStore(':memory:', vault);
  const clock = createManualClock();
  const engine = createMemoryEngine(clock);
  const logs = createLogArchive(join(folder, 'logs'), clock);
  const events: Event[] = [];
  const internalErrors: unknown[] = [];
  let told = 0;
  const begin = async (): Promise<{ feed: Feed; reconciler: Reconciler }> => {
    const feed = createFeed(store.events, clock, (error) => internalErrors.push(error));
    feed.listen((event) => events.push(event));
    const reconciler = createReconciler({
      ...store,
      logs,
      engines: { local: engine },
      feed,
      clock,
      pepper: vault.pepper,
      gpuDevices: () => gpus,
      provisioningTimeoutMs: 600_000,
      pricing: () => pricesFrom({}),
      driftPolicy: () => driftPolicy,
      pools: () => POOLS,
      ...(names ? { names } : {}),
      reportInternal: (error) => {
        internalErrors.push(error);
        return 'reference';
      },
    });
    await reconciler.start();
    return { feed, reconciler };
  };
  let bot = await begin();
  const rest = async () => {
    await bot.reconciler.idle();
    await bot.feed.written();
  };
  const accept = async (words: GroupWords, key: GroupKey, isTrial: boolean) => {
    const slot = await store.slots.take('local', isTrial ? besideKey(key) : key, 4096);
    const wish = await store.desired.put({
      key,
      location: 'local',
      host: 'local',
      repository: 'shop',
      slot,
      address: words.ports ? `127.21.0.${slot + 1}` : '',
      subnet: `198.19.${slot}.0/28`,
      published: publishedAt(`127.21.0.${slot + 1}`, words),
      fqdn: words.dnsNameLabel ? `${words.dnsNameLabel}.test` : '',
      after: 0,
      expiresAtMs: null,
      isTrial,
      revision: {
        commit: 'c0ffee'.padEnd(40, '0'),
        path: 'containergroup.yaml',
        group: groupFrom(words),
        acceptedBy: 'david',
        acceptedAtMs: clock.now(),
      },
    });
    bot.reconciler.wake(key);
    return wish;
  };
  return {
    clock,
    engine,
    store,
    logs,
    events,
    internalErrors,
    rest,
    wish: (words, key = KEY) => accept(words, key, false),
    tryBeside: (words, key = KEY) => accept(words, key, true),
    async unwish(key = KEY) {
      await store.desired.unwish(key, 'david');
      bot.reconciler.wake(key);
    },
    async change(change, key = KEY) {
      const changed = await store.desired.change(key, change);
      bot.reconciler.wake(key);
      return changed;
    },
    async pass(durationMs) {
      const untilMs = clock.now() + durationMs;
      await rest();
      for (let next = clock.nextAtMs(); next !== undefined && next <= untilMs; next = clock.nextAtMs()) {
        clock.advance(Math.max(0, next - clock.now()));
        await rest();
      }
      clock.advance(untilMs - clock.now());
    },
    async restart() {
      await bot.reconciler.close();
      bot = await begin();
    },
    facts: <Kind extends Fact['kind']>(kind: Kind) =>
      events.flatMap(({ fact }) => (isOf(fact, kind) ? [fact] : [])),
    health: (key) => bot.reconciler.health(key),
    steps() {
      const fresh = engine.steps.slice(told).map((step) => step.kind);
      told = engine.steps.length;
      return fresh;
    },
    async close() {
      await bot.reconciler.close();
      logs.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function isOf<Kind extends Fact['kind']>(fact: Fact, kind: Kind): fact is Extract<Fact, { kind: Kind }> {
  return fact.kind === kind;
}
