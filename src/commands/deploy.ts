import type { Fact } from '../event.ts';
import { Failure } from '../failure.ts';
import { triedOf, type Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { diffGroups } from '../spec/index.ts';
import { accept } from './accept.ts';
import { heldBack } from './change-group.ts';
import { followDelete } from './delete.ts';
import type { Source } from './file-source.ts';
import { type Followed, followDeploy } from './follow.ts';
import type { Ground } from './ground.ts';
import { withImages } from './image-problems.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { mayQueue } from './may-queue.ts';
import { type Accepted, type Plan, planFiles } from './plan-files.ts';
import { showPlans } from './show-plan.ts';
import { sourceOf } from './source.ts';
import { unwishMissing } from './unwish-missing.ts';
import type { Asked, RunVerb } from './verb.ts';

/** Brings up the files that came with the command, or a group's file as its branch has it now. */
export const runDeploy: RunVerb = async function* (ground, asked, signal) {
  const source = await sourceOf(ground, asked);
  if ('kind' in source) return source;
  const planned = await planFiles(ground, { ...source, queue: mayQueue(asked) }, signal);
  // What is meant pulls at once, and says the same. What needs a yes first asks with no login of the environment before it has one.
  const asksNow = asked.options['dry-run'] === true && !isHeld(asked);
  const plans = asksNow ? await withImages(ground, source, planned, signal) : planned;
  yield* showPlans(ground, plans, asked.caller);
  const accepted = plans.flatMap((plan) => (plan.accepted ? [{ plan, accepted: plan.accepted }] : []));
  if (accepted.length < plans.length) return say.invalid(plans.flatMap(({ problems }) => problems));
  for (const each of accepted) {
    const held = heldBack(asked, each.accepted.key, []);
    if (held) return held;
  }
  return yield* bringUp(ground, asked, source, accepted, signal);
};

function isHeld({ admission }: Asked): boolean {
  return admission?.needs !== undefined;
}

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
      const same = sameAs(accepted, source);
      if (same?.settled === null) followed.push(await goOn(ground, mailbox, accepted, plan, same));
      else if (same) unchanged.push(say.alreadySo('deploy', accepted.key, 'it runs so already'));
      if (same) continue;
      const origin = {
        ...source,
        ...(typeof reason === 'string' ? { reason } : {}),
        ...expiryOf(ground, asked, accepted),
      };
      followed.push(await accept(ground, accepted, plan, origin));
    }
    const removed = isWhole(asked)
      ? await unwishMissing(
          ground,
          source,
          plans.map(({ accepted }) => accepted.key),
        )
      : [];
    const outcomes: Outcome[] = [...unchanged];
    for (const each of followed) {
      if (plans.length > 1) yield say.groupHeading(each.wish.revision.group.name);
      outcomes.push(yield* followDeploy(ground, mailbox, each, signal));
    }
    for (const key of removed)
      yield* followDelete(ground, mailbox, key, 'its file is no longer in the tree', signal);
    return outcomes.length === 1 && outcomes[0] ? outcomes[0] : say.deployed(outcomes);
  } finally {
    mailbox.close();
  }
}

/** A revision that is on its way already, perhaps since before the bot was started: tried anew, and told from its beginning. */
async function goOn(
  ground: Ground,
  mailbox: Mailbox,
  { key, facts }: Accepted,
  plan: Plan,
  wish: Wish,
): Promise<Followed> {
  await ground.feed.written();
  const events = (await ground.events.events({ group: key })).filter(
    ({ revision }) => revision === wish.revision.number,
  );
  mailbox.recall(events.slice(events.findLastIndex(({ fact }) => isTryBefore(fact)) + 1));
  ground.wake(key);
  return { wish, facts, plan };
}

/** What ended an earlier try of a revision, or began another one: it is no news of this one. */
function isTryBefore(fact: Fact): boolean {
  return (
    fact.kind === 'failed' ||
    fact.kind === 'stopping' ||
    fact.kind === 'starting' ||
    (fact.kind === 'evicted' && !fact.returns)
  );
}

/** Whether a place is deployed as a whole: then a group whose file is gone goes too. */
function isWhole({ here, target, environment }: Asked): boolean {
  return here !== undefined && !target && (environment === undefined || environment === here.environment);
}

/** Said twice it changes nothing: same spec, same commit, and it runs, or is being tried beside what does. */
function sameAs({ group, effect, before }: Accepted, { commit }: Source): Wish | undefined {
  if (before?.wanted !== 'running') return undefined;
  const tried = triedOf(before);
  if (!tried) return effect === 'none' && before.revision.commit === commit ? before : undefined;
  const isSame = tried.revision.commit === commit && !diffGroups(tried.revision.group, group).length;
  return isSame ? tried : undefined;
}

/** When the group is to go by itself, by what was said or by what its environment says. */
function expiryOf(
  ground: Ground,
  { options, admission }: Asked,
  { key, before }: Accepted,
): { expiresAtMs?: number } {
  const life = ground.lives(key.slice(0, key.indexOf('/')));
  const longestMs = lesser(life.longestMs, admission?.longestMs);
  // What may not live for ever is given the longest life that it may have.
  const ttlMs = lesser(life.ttlMs, admission?.longestMs);
  const wanted = typeof options['ttl'] === 'number' ? options['ttl'] : before ? undefined : ttlMs;
  if (wanted === undefined) return {};
  if (longestMs !== undefined && wanted > longestMs) {
    throw new Failure('life-too-long', `Groups there live ${say.lifetime(longestMs)} at most.`, {
      advice: `Write --ttl ${say.lifetime(longestMs)} or less.`,
    });
  }
  return { expiresAtMs: ground.clock.now() + wanted };
}

/** Of two limits the lower one; undefined is none. */
function lesser(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
