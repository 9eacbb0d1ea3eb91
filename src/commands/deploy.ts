import { Failure } from '../failure.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { accept } from './accept.ts';
import { heldBack } from './change-group.ts';
import { type Followed, followDeploy } from './follow.ts';
import type { Ground } from './ground.ts';
import { createMailbox } from './mailbox.ts';
import { type Accepted, type Plan, planFiles, type Source } from './plan-files.ts';
import { showPlans } from './show-plan.ts';
import { sourceOf } from './source.ts';
import type { Asked, RunVerb } from './verb.ts';

/** Brings up the files that came with the command, or a group's file as its branch has it now. */
export const runDeploy: RunVerb = async function* (ground, asked, signal) {
  const source = await sourceOf(ground, asked);
  if ('kind' in source) return source;
  const plans = await planFiles(ground, source, signal);
  yield* showPlans(ground, plans);
  const accepted = plans.flatMap((plan) => (plan.accepted ? [{ plan, accepted: plan.accepted }] : []));
  if (accepted.length < plans.length) return say.invalid(plans.flatMap(({ problems }) => problems));
  for (const each of accepted) {
    const held = heldBack(asked, each.accepted.key, []);
    if (held) return held;
  }
  return yield* bringUp(ground, asked, source, accepted, signal);
};

async function* bringUp(
  ground: Ground,
  asked: Asked,
  source: Source,
  plans: readonly { plan: Plan; accepted: Accepted }[],
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const mailbox = createMailbox(ground.feed);
  const { reason } = asked.options;
  try {
    const followed: Followed[] = [];
    const unchanged: Outcome[] = [];
    for (const { plan, accepted } of plans) {
      if (isSame(accepted, source)) {
        unchanged.push(say.alreadySo('deploy', accepted.key, 'it runs so already'));
        continue;
      }
      const origin = {
        ...source,
        ...(typeof reason === 'string' ? { reason } : {}),
        ...expiryOf(ground, asked, accepted),
      };
      followed.push(await accept(ground, accepted, plan, origin));
    }
    const outcomes: Outcome[] = [...unchanged];
    for (const each of followed) {
      if (plans.length > 1) yield say.groupHeading(each.wish.revision.group.name);
      outcomes.push(yield* followDeploy(ground, mailbox, each, signal));
    }
    return outcomes.length === 1 && outcomes[0] ? outcomes[0] : say.deployed(outcomes);
  } finally {
    mailbox.close();
  }
}

/** Said twice it changes nothing: same spec, same commit, and it runs. */
function isSame({ effect, before }: Accepted, { commit }: Source): boolean {
  return effect === 'none' && before?.wanted === 'running' && before.revision.commit === commit;
}

/** When the group is to go by itself, by what was said or by what its environment says. */
function expiryOf(ground: Ground, { options }: Asked, { key, before }: Accepted): { expiresAtMs?: number } {
  const { ttlMs, longestMs } = ground.lives(key.slice(0, key.indexOf('/')));
  const wanted = typeof options['ttl'] === 'number' ? options['ttl'] : before ? undefined : ttlMs;
  if (wanted === undefined) return {};
  if (longestMs !== undefined && wanted > longestMs) {
    throw new Failure('life-too-long', `Groups there live ${say.lifetime(longestMs)} at most.`, {
      advice: `Write --ttl ${say.lifetime(longestMs)} or less.`,
    });
  }
  return { expiresAtMs: ground.clock.now() + wanted };
}
