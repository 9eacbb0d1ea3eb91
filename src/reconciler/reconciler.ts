import type { Clock } from '../clock.ts';
import type { Engine, ObservedGroup, Step } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Ledger } from '../metering/index.ts';
import { arrived } from './arrive.ts';
import { assess, type Standing } from './assess.ts';
import { partedBy } from './beside.ts';
import { type Deliveries, deliveryOf } from './deliveries.ts';
import { heldByDrift } from './drift.ts';
import type { ElsewhereParts } from './elsewhere.ts';
import { engineOf } from './engine-of.ts';
import { expired } from './expiry.ts';
import { FIRST_RETRY_MS, failed } from './failed.ts';
import type { Feed } from './feed.ts';
import { createGpuTurns, type GpuParts, type GpuTurns } from './gpu-turns.ts';
import type { Health } from './health.ts';
import type { LogArchive } from './kept-logs.ts';
import { createMeter, type Pricing } from './meter.ts';
import type { Names } from './names.ts';
import { identityOf, nextStep } from './next-step.ts';
import { podOf, withPins } from './pod.ts';
import { createProber, type Prober } from './prober.ts';
import { createQueue, type Queue } from './queue.ts';
import { tellKilling } from './readiness.ts';
import { lookWhenFreed, soughtRoom } from './room.ts';
import { recordRuns } from './runs.ts';
import { abandonSuperseded, MOST_MOVES_A_PASS, MOST_STEPS_A_PASS, take } from './take.ts';
import { type BesideWork, tendBeside } from './try-beside.ts';
import type { DesiredState, EventBook, RunBook, Wish } from './wish.ts';

export interface ReconcilerParts extends GpuParts, Pick<ElsewhereParts, 'pools' | 'networks'> {
  /** Makes the groups’ names known outside; nothing is to be done without it. */
  readonly names?: Names;
  /** By the name of their host. */
  readonly engines: Readonly<Record<string, Engine>>;
  readonly desired: DesiredState;
  readonly runs: RunBook;
  readonly logs: LogArchive;
  readonly events: EventBook;
  readonly ledger: Ledger;
  readonly feed: Feed;
  readonly pricing: Pricing;
  readonly clock: Clock;
  /** What happens to what somebody changed by hand: made as it should be, or only told. Mended where nothing is said. */
  readonly driftPolicy?: (location: string) => 'mend' | 'report';
  /** Puts a group that waits for room on a host, if one has it. Without it such a group waits on. */
  readonly findRoom?: (wish: Wish, signal: AbortSignal) => Promise<boolean>;
  /** How long containers may take from their start until all are ready, before that is told as a failure. */
  readonly provisioningTimeoutMs: number;
  /** The key under which fingerprints are made, so that a label tells nothing about a secret. */
  readonly pepper: string;
  /** Hears of what is the bot's own fault; gives a reference for the person who waits. */
  readonly reportInternal: (error: unknown, key: GroupKey) => string;
}

export interface Reconciler {
  /** Something may have changed about a group; it is looked at as soon as a worker is free. */
  wake(key: GroupKey): void;
  /** Begins to listen to the engines and looks at every wish once. */
  start(): Promise<void>;
  /** How the runs of a group's containers are, as far as probes say; answered from memory. */
  health(key: GroupKey): readonly Health[];
  /** Resolves when no group is being worked on and none is due now. */
  idle(): Promise<void>;
  /** Takes no new step; resolves when the running ones have ended or were parked. */
  close(): Promise<void>;
}

/** How many groups are worked on at once. */
const WORKERS = 4;

/** Brings what is to what should be: look, judge, take one step, look again. */
export function createReconciler(parts: ReconcilerParts): Reconciler {
  const queue = createQueue<GroupKey>({
    clock: parts.clock,
    workers: WORKERS,
    run: async (key) => {
      const wish = await reconcile(work, key);
      if (wish?.beside) await tendBeside(work, key);
    },
  });
  const work: Work = {
    parts,
    meter: createMeter(parts),
    prober: createProber({ ...parts, wake: queue.add }),
    turns: createGpuTurns({ ...parts, wake: queue.add, wakeAfter: queue.addAfter }),
    unready: new Map(),
    waiting: new Set(),
    failures: new Map(),
    drifts: new Map(),
    deliveries: new Map(),
    stepping: new Map(),
    trials: new Map(),
    closing: new AbortController(),
    queue,
  };
  const unlisten = lookWhenFreed(parts.feed, work.waiting, queue.add);
  let watches: { close(): void }[] = [];
  return {
    wake(key) {
      work.failures.delete(key); // somebody asks anew: the back-off starts anew
      work.queue.add(key);
      void abandonSuperseded(work, key);
    },
    async start() {
      // A group that fails waits for its retry: its own failing makes hints too, and they would spin.
      const hint = (key: GroupKey) => (work.failures.has(key) ? undefined : work.queue.add(key));
      watches = Object.values(parts.engines).map((engine) => engine.watch(hint));
      for (const { key } of await parts.desired.list()) work.queue.add(key);
    },
    health: (key) => work.prober.health(key),
    async idle() {
      await work.prober.idle(); // an answer may queue its group
      await work.queue.idle();
    },
    async close() {
      unlisten();
      for (const watch of watches) watch.close();
      work.prober.close();
      work.closing.abort(new Error('the bot is stopping'));
      await work.queue.close();
      await parts.feed.written();
    },
  };
}

interface Work extends Pick<BesideWork, 'trials' | 'stepping'> {
  readonly parts: ReconcilerParts;
  readonly meter: ReturnType<typeof createMeter>;
  readonly prober: Prober;
  readonly turns: GpuTurns;
  /** The revision whose not becoming ready was told last, so that it is told once. */
  readonly unready: Map<GroupKey, number>;
  /** Groups for which no host had room at the last look. */
  readonly waiting: Set<GroupKey>;
  /** The drift that was told last, so that each is told once. */
  readonly drifts: Map<GroupKey, string>;
  readonly deliveries: Deliveries;
  readonly failures: Map<GroupKey, { revision: number; code: string; attempts: number }>;
  readonly closing: AbortController;
  readonly queue: Queue<GroupKey>;
}

/**
 * One pass over one group, or over the place of it that serves. Gives the wish as it was read last. Never throws: what goes
 * wrong is told, and tried again later.
 */
async function reconcile(work: Work, key: GroupKey): Promise<Wish | undefined> {
  const taken = new Set<string>();
  let wish: Wish | undefined;
  let observed: ObservedGroup | undefined;
  let last: Step['kind'] | undefined;
  try {
    for (let count = 0; count < MOST_STEPS_A_PASS && !work.closing.signal.aborted; count++) {
      wish = await work.parts.desired.get(key);
      if (!wish) return undefined;
      if (await expired(work, wish)) continue;
      if (!wish.host) {
        if (await soughtRoom(work, wish)) continue;
        return wish;
      }
      const engine = engineOf(work.parts, wish);
      // Pulling changes no group, so what was seen before it still holds.
      if (last !== 'pull') observed = (await engine.observe(work.closing.signal, key)).get(key);
      const { step, standing, hasGpus } = await lookAndJudge(work, wish, observed);
      if (!step) {
        work.drifts.delete(key);
        await arrived(work, wish, standing);
        work.failures.delete(key);
        return wish;
      }
      if (!hasGpus && standing.kind !== 'finished') {
        if (await work.turns.come(wish, engine, work.closing.signal)) continue;
        return wish;
      }
      if (taken.size === 0 && heldByDrift(work, wish, standing)) return wish;
      if (taken.has(identityOf(step))) {
        work.queue.addAfter(key, FIRST_RETRY_MS);
        return wish;
      }
      taken.add(identityOf(step));
      const mayMove =
        [...taken].filter((each) => each.startsWith('create-sandbox')).length <= MOST_MOVES_A_PASS;
      if (standing.kind === 'unhealthy') await tellKilling(work, wish, standing);
      await take(work, { wish, engine, step, observed, mayMove });
      last = step.kind;
      work.failures.delete(key);
    }
    work.queue.add(key);
  } catch (error) {
    if (!work.closing.signal.aborted) failed(work, key, wish, error);
  }
  return wish;
}

/** Writes down what was seen, and gives where the group stands and the step that follows from it. */
async function lookAndJudge(
  { parts, meter, prober, turns, deliveries }: Work,
  wish: Wish,
  observed: ObservedGroup | undefined,
): Promise<{ standing: Standing; step: Step | undefined; hasGpus: boolean }> {
  const meteredFromMs = await meter.settle(wish, observed);
  await recordRuns(parts, wish, observed);
  const { given: gpus, complete: hasGpus } = await turns.share(wish);
  const { serving } = partedBy(wish, observed);
  const pod = podOf(await withPins(parts.desired, wish), serving, parts.pepper, { meteredFromMs, gpus });
  prober.follow(wish, observed);
  const health = prober.health(wish.key);
  const runs = await parts.runs.runs(wish.key);
  // What is no longer wanted goes with all that there is of it.
  const seen = wish.wanted === 'running' ? serving : observed;
  const standing = assess(wish, pod, seen, runs, parts.clock.now(), health);
  const step = nextStep(standing, pod, wish.revision.images !== null);
  return { standing, step: step ?? deliveryOf(deliveries, standing, pod), hasGpus };
}
