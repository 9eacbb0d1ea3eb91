import type { GroupKey } from '../event.ts';
import { partsOf } from '../event.ts';
import { type Revision, triedOf, type Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { accept } from './accept.ts';
import { heldBack } from './change-group.ts';
import { followDeploy } from './follow.ts';
import type { Ground } from './ground.ts';
import { createMailbox } from './mailbox.ts';
import { mayQueue } from './may-queue.ts';
import { planGroup } from './plan-files.ts';
import { lastGood, releaseOf } from './release.ts';
import { roomStages } from './room-stages.ts';
import { targetKey } from './targets.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** Goes back to a stored revision, with the images that it ran: neither git host nor registry is asked. */
export const runRollback: RunVerb = async function* (ground, asked, signal) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  if (!wish) return say.unknownGroup(key, await groupsFor(ground, asked.caller));
  const revisions = await ground.desired.revisions(key);
  const wanted = asked.release
    ? releaseOf(revisions, asked.release)
    : lastGood(revisions, triedOf(wish) ?? wish);
  if (!wanted) return say.noRelease(key, nameOf(asked), numbersBefore(revisions, wish));
  if (wanted.number === wish.revision.number && wish.wanted === 'running' && !triedOf(wish)) {
    return say.alreadySo('rollback', key, `#${wanted.number} is what is wanted now`);
  }
  return yield* goBack(ground, asked, wish, wanted, signal);
};

/** Makes an earlier revision the newest one. */
export async function* goBack(
  ground: Ground,
  asked: Asked,
  wish: Wish,
  wanted: Revision,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  const { key } = wish;
  const place = sourceOf(key, wish, wanted);
  const source = { ...place, caller: asked.caller, secretsFor: 'everybody' as const, queue: mayQueue(asked) };
  const file = { path: wanted.path, text: '', group: wanted.group, problems: [] };
  const plan = await planGroup(ground, source, file, signal);
  for (const problem of plan.problems) yield* say.problemOfRevision(problem);
  if (!plan.accepted) return say.invalid(plan.problems);
  const blocks = say.rollbackStage(
    wanted.number,
    wish.revision.number,
    wanted.commit,
    Object.keys(wanted.images ?? {}),
  );
  const room = await roomStages(ground, plan.accepted, asked.caller);
  const held = heldBack(asked, key, [...blocks, ...room]);
  if (held) return held;
  yield* [...blocks, ...room];
  const mailbox = createMailbox(ground.feed);
  try {
    const reason = asked.options['reason'];
    const followed = await accept(ground, plan.accepted, plan, {
      ...source,
      rollbackOf: wanted.number,
      ...(typeof reason === 'string' ? { reason } : {}),
    });
    return yield* followDeploy(ground, mailbox, followed, signal);
  } finally {
    mailbox.close();
  }
}

function sourceOf(key: GroupKey, wish: Wish, { commit }: Revision) {
  return { repository: wish.repository, environment: partsOf(key).environment, commit };
}

function nameOf({ release }: Asked): string {
  if (!release) return 'earlier revision that ran';
  return 'revision' in release ? `revision #${release.revision}` : `revision of commit ${release.commit}`;
}

function numbersBefore(revisions: readonly Revision[], wish: Wish): number[] {
  return revisions.map(({ number }) => number).filter((number) => number !== wish.revision.number);
}
