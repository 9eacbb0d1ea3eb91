import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import {
  classFrom,
  type ObservedStandby,
  type SizeClass,
  type StandbyWish,
  standbyKey,
} from '../engines/index.ts';
import { Failure, messageOf } from '../failure.ts';
import { closedAfter, type Ledger, settleStandby } from '../metering/index.ts';
import { type AddressBook, type Asked, allocate, subnetOf } from '../network/index.ts';
import type { Feed } from './feed.ts';
import { type Pricing, write } from './meter.ts';
import { createQueue } from './queue.ts';
import { type SightParts, type StandbyPlace, sightOf } from './standby-sight.ts';
import { nextStandbyStep, type StandbyStep } from './standby-step.ts';

interface StandbyParts extends SightParts {
  /** By name. */
  readonly hosts: Readonly<Record<string, StandbyPlace>>;
  readonly addresses: AddressBook;
  readonly ledger: Ledger;
  readonly pricing: Pricing;
  readonly feed: Pick<Feed, 'listen'>;
  readonly clock: Clock;
  readonly reportInternal: (error: unknown) => void;
}

/** What is known of one host's sandboxes since the last look. */
interface StandbyPool {
  /** Those that a group may take over. */
  readonly waiting: readonly ObservedStandby[];
  readonly wanted: readonly StandbyWish[];
  /** Why fewer wait than are wanted; '' where it is full, or on its way. */
  readonly why: string;
}

/** Keeps sandboxes waiting, as many as the settings say. */
export interface StandbyPools {
  /** Answered from memory. What it says may just have been taken: the books decide. */
  of(host: string): StandbyPool;
  /** Something may have changed about a host. */
  wake(host: string): void;
  start(): void;
  /** Resolves when no host is being looked at and none is due now. */
  idle(): Promise<void>;
  /** Those that wait go on waiting for the next bot. */
  close(): Promise<void>;
}

/** One host after the other: what waits is never urgent. */
const WORKERS = 1;
/** Who comes up now goes before those who may come. */
const AFTER_OTHERS_MS = 2_000;
const LOOK_EVERY_MS = 60_000;
const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 5 * 60_000;
const MOST_STEPS_A_PASS = 40;
/** What makes or frees room, or takes one over. */
const STIRRING = new Set([
  'sandbox-started',
  'running',
  'removed',
  'stopped',
  'finished',
  'placed',
  'queued',
]);

const NO_POOL: StandbyPool = { waiting: [], wanted: [], why: '' };

/** Looks, takes one step, looks again; each host by itself. */
export function createStandby(parts: StandbyParts): StandbyPools {
  const { hosts, wanted, feed, clock } = parts;
  const closing = new AbortController();
  const work: Work = {
    parts,
    signal: closing.signal,
    pools: new Map(),
    closed: new Map(),
    refused: new Map(),
  };
  const failures = new Map<string, number>();
  const isLookedAfter = (host: string) => wanted(hosts[host]?.location ?? '').length > 0;
  const queue = createQueue<string>({
    clock,
    workers: WORKERS,
    async run(host) {
      try {
        await lookAfter(work, host);
        failures.delete(host);
        if (isLookedAfter(host)) queue.addAfter(host, LOOK_EVERY_MS);
      } catch (error) {
        if (closing.signal.aborted) return;
        const count = failures.get(host) ?? 0;
        failures.set(host, count + 1);
        queue.addAfter(host, Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** count));
        work.pools.set(host, { ...(work.pools.get(host) ?? NO_POOL), why: messageOf(error) });
        if (!(error instanceof Failure)) parts.reportInternal(error);
      }
    },
  });
  const unlisten = feed.listen(({ fact }) => {
    if (!STIRRING.has(fact.kind)) return;
    for (const host of Object.keys(hosts))
      if (isLookedAfter(host) && !failures.has(host)) queue.addAfter(host, AFTER_OTHERS_MS);
  });
  return {
    of: (host) => work.pools.get(host) ?? NO_POOL,
    wake: (host) => queue.addAfter(host, AFTER_OTHERS_MS),
    start() {
      for (const host of Object.keys(hosts)) queue.add(host); // also where the settings ask for none any more
    },
    idle: () => queue.idle(),
    async close() {
      unlisten();
      closing.abort(new Error('the bot is stopping'));
      await queue.close();
    },
  };
}

interface Work {
  readonly parts: StandbyParts;
  readonly signal: AbortSignal;
  readonly pools: Map<string, StandbyPool>;
  /** By host, the ids of intervals that are known to be closed. */
  readonly closed: Map<string, ReadonlySet<string>>;
  /** By host, the address that its engine refused last: somebody else listens there. */
  readonly refused: Map<string, NonNullable<Asked['refused']>>;
}

async function lookAfter(work: Work, host: string): Promise<void> {
  const place = work.parts.hosts[host];
  if (!place) return;
  for (let count = 0; count < MOST_STEPS_A_PASS && !work.signal.aborted; count++) {
    const seen = await place.engine.standby.list(work.signal);
    await settleBill(work, host, place, seen);
    const sight = await sightOf(work.parts, { host, place, seen }, work.signal);
    const { step, why } = nextStandbyStep(sight);
    const waiting = seen.filter(({ id, ready, adopted }) => ready && !adopted && sight.placed.has(id));
    work.pools.set(host, { waiting, wanted: sight.wanted, why });
    if (!step) return;
    const hindrance = await take(work, host, place, step);
    if (hindrance) {
      work.pools.set(host, { waiting, wanted: sight.wanted, why: hindrance });
      return;
    }
  }
}

/** Gives what is in the way, in words; '' when the step was taken. */
async function take(work: Work, host: string, place: StandbyPlace, step: StandbyStep): Promise<string> {
  const { standby } = place.engine;
  switch (step.kind) {
    case 'discard':
      // Its place goes once nothing is there any more: by then it is a place without a sandbox.
      await standby.discard(step.id, work.signal);
      return '';
    case 'release':
      await release(work.parts, step.id);
      return '';
    case 'prepare': {
      const { id, size, subnet, published } = step.found;
      await standby.prepare({ id, size: classFrom(size), subnet, published }, work.signal);
      return '';
    }
    case 'make':
      return make(work, host, place, step.size);
  }
}

/** Taken in the books first: whatever becomes of the bot, nobody else is given the same. */
async function make(
  { parts, signal, refused }: Work,
  host: string,
  { engine, pools }: StandbyPlace,
  size: SizeClass,
): Promise<string> {
  const id = randomBytes(4).toString('hex');
  const key = standbyKey(id);
  const slot = await parts.slots.take(host, key, pools.networkCount);
  if (slot >= pools.networkCount) return 'no network is left';
  const ports = size.ports.map((port) => ({ port, protocol: 'TCP' as const }));
  const allocation = await parts.addresses.take(host, key, (taken) =>
    allocate(pools, { key, ports, refused: refused.get(host) }, taken),
  );
  if (!allocation.ok) {
    await release(parts, id);
    return 'no address is left';
  }
  const { published } = allocation;
  try {
    await engine.standby.prepare({ id, size, subnet: subnetOf(pools, slot), published }, signal);
  } catch (error) {
    const { address, port } = error instanceof Failure ? error.about : {};
    if (address !== undefined) refused.set(host, { address, hostPort: port });
    throw error;
  }
  return '';
}

async function release({ slots, addresses }: StandbyParts, id: string): Promise<void> {
  await Promise.all([slots, addresses].map((book) => book.release(standbyKey(id))));
}

async function settleBill(
  work: Work,
  host: string,
  { location }: StandbyPlace,
  seen: readonly ObservedStandby[],
): Promise<void> {
  const group = standbyKey(host);
  const { parts } = work;
  const closed = work.closed.get(host) ?? new Set();
  const open = await parts.ledger.openIntervals(group);
  const context = { group, prices: parts.pricing(location), location, nowMs: parts.clock.now(), closed };
  const changes = settleStandby(open, seen, context);
  await write(parts.ledger, changes);
  work.closed.set(host, closedAfter(closed, changes, seen));
}
