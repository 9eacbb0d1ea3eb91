import type { Step } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { type Deliveries, noteDelivery } from './deliveries.ts';
import { type ElsewhereParts, movedElsewhere } from './elsewhere.ts';
import { keepLogs, type Removal } from './kept-logs.ts';
import type { Meter } from './meter.ts';
import { tellStarted } from './runs.ts';
import { type DesiredState, triedOf } from './wish.ts';

/** A pass that has not come to rest by then has two steps that undo each other. */
export const MOST_STEPS_A_PASS = 40;
/** An engine that refuses more addresses than this refuses them for another reason than it says. */
export const MOST_MOVES_A_PASS = 4;

/** What taking a step stands on. */
export interface TakingWork {
  readonly parts: Parameters<typeof keepLogs>[0] & Parameters<typeof tellStarted>[0] & ElsewhereParts;
  readonly meter: Pick<Meter, 'pullBegins' | 'pullEnds'>;
  readonly deliveries: Deliveries;
  /** The pull that is under way for a group: the one step that is long and may be given up half-way. */
  readonly stepping: Map<GroupKey, { revision: number; controller: AbortController }>;
  readonly closing: AbortController;
}

export interface Taking extends Removal {
  /** Whether the group may get another address where the engine refuses this one. */
  readonly mayMove: boolean;
  /** Under which name the group's place stands in the books, where it is its second one. */
  readonly placeKey?: GroupKey;
}

/** Takes one step, and writes down what is to be known before and after it. Throws the engine's Failure. */
export async function take(
  work: TakingWork,
  { wish, engine, step, observed, mayMove, placeKey }: Taking,
): Promise<void> {
  const { parts, meter, stepping, closing } = work;
  const { key, revision } = wish;
  const controller = new AbortController();
  const signal = AbortSignal.any([closing.signal, controller.signal]);
  if (step.kind === 'pull') {
    stepping.set(key, { revision: revision.number, controller });
    void abandonSuperseded(work, key); // a newer wish may have come since this one was read
  }
  try {
    await keepLogs(parts, { wish, engine, step, observed }, signal);
    const { images } = await engine.apply(step, {
      signal,
      report: async (fact) => {
        if (fact.kind === 'image' && fact.state === 'pulling' && !observed?.pods.length)
          await meter.pullBegins(wish);
        parts.feed.tell(key, revision.number, fact);
      },
    });
    noteDelivery(work.deliveries, step);
    if (images) await parts.desired.note(key, revision.number, { images });
    if (step.kind === 'start-members') await tellStarted(parts, step.pod, step.containers);
  } catch (error) {
    if (step.kind === 'pull' && !closing.signal.aborted && !observed?.pods.length) await meter.pullEnds(wish);
    if (isMovable(step, mayMove) && (await movedElsewhere(parts, wish, error, placeKey))) return;
    throw error;
  } finally {
    stepping.delete(key);
  }
}

function isMovable({ kind }: Step, mayMove: boolean): boolean {
  return kind === 'create-sandbox' && mayMove;
}

/** Ends the pull for a revision that nobody wishes any more. */
export async function abandonSuperseded(
  { parts, stepping }: Pick<TakingWork, 'stepping'> & { readonly parts: { readonly desired: DesiredState } },
  key: GroupKey,
): Promise<void> {
  const running = stepping.get(key);
  if (!running) return;
  const wish = await parts.desired.get(key).catch(() => undefined);
  const wished = [wish?.revision.number, wish && triedOf(wish)?.revision.number];
  if (wish?.wanted === 'running' && wished.includes(running.revision)) return;
  running.controller.abort(new Failure('superseded', 'A newer wish took its place.'));
}
