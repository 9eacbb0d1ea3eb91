import { Failure } from '../failure.ts';
import { inTurn, isUp } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { changeGroup } from './change-group.ts';
import { evict } from './evictions.ts';
import { followDeploy } from './follow.ts';
import { refuseWithoutGpus } from './gpu-problems.ts';
import { evictionsFor, shortagesFor } from './here-problems.ts';
import { ENGINE_TIMEOUT_MS, factsOf, hostOf } from './locations.ts';

/** Starts a group that was stopped, or that has ended, as it was. */
export const runStart = changeGroup({
  already: (wish) => {
    if (wish.wanted === 'deleted') return 'it is being removed; deploy it anew when it is gone';
    return isUp(wish) ? 'it is started already' : undefined;
  },
  would: ({ revision }) => `revision ${revision.number} would start as it was, and its meter with it`,
  // A group that is stopped promises nothing: others may have taken its room.
  async check(ground, wish, signal, { caller }) {
    const { key, revision } = wish;
    if (!wish.host) return; // it waits for room again
    const facts = await factsOf(ground, wish, signal);
    const [shortage] = await shortagesFor(ground, wish, facts);
    if (shortage && !(await evictionsFor(ground, wish, facts)).length) {
      throw new Failure('no-capacity', shortage, {
        advice: 'Stop or delete a group that is no longer needed (katabot list), then start it again.',
      });
    }
    const asker = { key, group: revision.group, host: hostOf(ground, wish) };
    await refuseWithoutGpus(ground, asker, caller, signal);
  },
  fact: ({ caller }) => ({ kind: 'starting', by: caller.name }),
  async write(ground, wish) {
    const { key, host, location } = wish;
    if (!host) return ground.desired.change(key, { wanted: 'running' });
    return inTurn(ground.turns, location, async () => {
      const facts = await factsOf(ground, wish, AbortSignal.timeout(ENGINE_TIMEOUT_MS));
      await evict(ground, await evictionsFor(ground, wish, facts));
      return ground.desired.change(key, { wanted: 'running' });
    });
  },
  async *follow(ground, mailbox, wish, signal) {
    const facts = await factsOf(ground, wish, signal);
    const plan = { path: wish.revision.path, text: '' };
    const outcome = yield* followDeploy(ground, mailbox, { wish, facts, plan }, signal);
    return outcome.code === 'deployed' ? say.changed('started', wish.key, Object(outcome.data)) : outcome;
  },
});
