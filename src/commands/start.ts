import { canWait, type Shortage } from '../engines/index.ts';
import type { Fact, GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { inTurn, isUp, type Wish, waitsForRoom } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { changeGroup } from './change-group.ts';
import { followDeploy } from './follow.ts';
import { refuseWithoutGpus } from './gpu-problems.ts';
import type { Ground } from './ground.ts';
import { roomFor } from './here-problems.ts';
import { endOfLine, tellQueued } from './line.ts';
import { ENGINE_TIMEOUT_MS, factsOf, hostOf } from './locations.ts';
import { mayQueue } from './may-queue.ts';
import { startInRoom } from './returns.ts';
import type { Asked } from './verb.ts';
import { namesFor } from './visible.ts';

/** Starts a group that was stopped, or that has ended, as it was. */
export const runStart = changeGroup({
  already,
  would: ({ revision }) => `revision ${revision.number} would start as it was, and its meter with it`,
  // A group that is stopped promises nothing: others may have taken its room.
  async check(ground, wish, signal, asked) {
    const { key, revision } = wish;
    if (!wish.host) return undefined; // it waits for room again
    const facts = await factsOf(ground, wish, signal);
    const { shortages, evicts } = await roomFor(ground, wish, facts);
    const waits = shortages.length > 0;
    if (waits) refuseUnlessQueued(wish, shortages, mayQueue(asked));
    const asker = { key, group: revision.group, host: hostOf(ground, wish) };
    if (!mayQueue(asked)) await refuseWithoutGpus(ground, asker, asked.caller, signal);
    if (waits) {
      const asking = { key, location: wish.location, host: wish.host, group: revision.group };
      return say.wouldWait(await endOfLine(ground, asking, new Map([[wish.host, shortages]])));
    }
    return evicts.length ? say.evictsText(await namesFor(ground, asked.caller, evicts)) : undefined;
  },
  write: (ground, { key, location }, asked) =>
    inTurn(ground.turns, location, () => startNow(ground, key, asked)),
  async *follow(ground, mailbox, wish, signal) {
    const facts = await factsOf(ground, wish, signal);
    const plan = { path: wish.revision.path, text: '' };
    const outcome = yield* followDeploy(ground, mailbox, { wish, facts, plan }, signal);
    return outcome.code === 'deployed' ? say.changed('started', wish.key, Object(outcome.data)) : outcome;
  },
});

function already(wish: Wish, asked: Asked): string | undefined {
  if (wish.wanted === 'deleted') return 'it is being removed; deploy it anew when it is gone';
  if (waitsForRoom(wish) && (!wish.host || mayQueue(asked))) return 'it waits for room already';
  return isUp(wish) ? 'it is started already' : undefined;
}

/** What it found before its turn may be different now: somebody else has started it, deployed it or removed it. */
async function startNow(ground: Ground, key: GroupKey, asked: Asked): Promise<Fact | undefined> {
  const wish = await ground.desired.get(key);
  if (!wish || already(wish, asked) !== undefined) return undefined;
  const starting = { kind: 'starting', by: asked.caller.name } as const;
  if (!wish.host) {
    // It goes to the end of the line.
    const waiting = { wanted: 'running', waitsSinceMs: ground.clock.now() } as const;
    return (await ground.desired.change(key, waiting)) ? starting : undefined;
  }
  const facts = await factsOf(ground, wish, AbortSignal.timeout(ENGINE_TIMEOUT_MS));
  const { shortages, evicts } = await roomFor(ground, wish, facts);
  if (shortages.length) {
    refuseUnlessQueued(wish, shortages, mayQueue(asked));
    return waitFor(ground, wish, shortages);
  }
  return (await startInRoom(ground, wish, { facts, evicts })) ? starting : undefined;
}

function refuseUnlessQueued({ host }: Wish, shortages: readonly Shortage[], queue: boolean): void {
  const [shortage] = shortages;
  const passes = canWait(new Map([[host, shortages]]));
  if (!shortage || (queue && passes)) return;
  throw new Failure('no-capacity', say.shortageOf(host, shortage).message, {
    advice: `Stop or delete a group that is no longer needed (katabot list), then start it again${passes ? '; or let it wait with --queue' : ''}.`,
  });
}

/** It stays stopped, and is started as soon as its host has room. */
async function waitFor(ground: Ground, wish: Wish, shortages: readonly Shortage[]): Promise<undefined> {
  await ground.desired.change(wish.key, { wanted: 'stopped', waitsSinceMs: ground.clock.now() });
  await tellQueued(ground, wish, say.missingText(new Map([[wish.host, shortages]])));
}
