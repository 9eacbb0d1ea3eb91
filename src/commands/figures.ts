import { Failure } from '../failure.ts';
import type { Caller } from '../policy/index.ts';
import { glance } from './glance.ts';
import { usageOf } from './gpu.ts';
import type { Ground } from './ground.ts';
import type { GroupView } from './view.ts';
import { groupsFor } from './visible.ts';

/** Groups with what they are, cost and use now: for programs that look again and again. */
export interface Figures {
  readonly groups: readonly GroupView[];
  /** What containers use; those of a host that does not answer are missing. */
  readonly used: Awaited<ReturnType<typeof usageOf>>;
}

/** A program that looks every few seconds, or several of them, costs the engines one look in so long. */
const KEPT_MS = 10_000;
const LONGEST_LOOK_MS = 30_000;

/** The figures of the groups that a caller may see. */
export function createFigures(ground: Ground): (caller: Caller) => Promise<Figures> {
  const kept = new Map<string, { readonly atMs: number; readonly figures: Promise<Figures> }>();
  return (caller) => {
    const nowMs = ground.clock.now();
    for (const [name, { atMs }] of kept) if (nowMs - atMs >= KEPT_MS) kept.delete(name);
    const { figures } = kept.get(caller.name) ?? {
      figures: look(ground, caller, AbortSignal.timeout(LONGEST_LOOK_MS)),
    };
    if (!kept.has(caller.name)) {
      kept.set(caller.name, { atMs: nowMs, figures });
      figures.catch(() => kept.delete(caller.name));
    }
    return figures;
  };
}

async function look(ground: Ground, caller: Caller, signal: AbortSignal): Promise<Figures> {
  const wishes = await groupsFor(ground, caller);
  const byHost = [...Map.groupBy(wishes, ({ host }) => host).values()];
  const [groups, used] = await Promise.all([
    glance(ground, wishes, signal),
    Promise.all(byHost.map((there) => usageOf(ground, there, undefined, signal).catch(nothingWhileAway))),
  ]);
  return { groups, used: used.flat() };
}

function nothingWhileAway(error: unknown): [] {
  if (error instanceof Failure) return [];
  throw error;
}
