import * as say from '../replies/index.ts';
import { changeGroup } from './change-group.ts';
import { followDeploy } from './follow.ts';
import { factsOf } from './locations.ts';
import type { Asked } from './verb.ts';

/** Restarts every container where it is; address, volumes and logs stay. */
export const runRestart = changeGroup({
  already: ({ wanted }) => {
    if (wanted === 'stopped') return 'it is stopped: katabot start begins it again';
    return wanted === 'deleted' ? 'it is being removed' : undefined;
  },
  would: ({ revision }) =>
    `${revision.group.containers.map(({ name }) => name).join(', ')} would be restarted in place`,
  async write(ground, wish, asked) {
    // Members are compared by the engine's clock, which may differ from this one.
    const { skewMs } = await factsOf(ground, wish, AbortSignal.timeout(LOOK_TIMEOUT_MS));
    await ground.desired.change(wish.key, { restartBeforeMs: ground.clock.now() + skewMs });
    return { kind: 'restarting', by: asked.caller.name, reason: reasonOf(asked) };
  },
  async *follow(ground, mailbox, wish, signal) {
    const facts = await factsOf(ground, wish, signal);
    const plan = { path: wish.revision.path, text: '' };
    const outcome = yield* followDeploy(ground, mailbox, { wish, facts, plan }, signal);
    return outcome.code === 'deployed' ? say.changed('restarted', wish.key, Object(outcome.data)) : outcome;
  },
});

const LOOK_TIMEOUT_MS = 10_000;

function reasonOf({ caller, options }: Asked): string {
  const { reason } = options;
  return typeof reason === 'string' ? reason : `asked for by ${caller.name}`;
}
