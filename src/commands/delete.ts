import type { GroupKey } from '../event.ts';
import { bill } from '../metering/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { targetKey } from './targets.ts';
import type { RunVerb } from './verb.ts';

/** Removes a group and follows it to the final bill. */
export const runDelete: RunVerb = async function* (ground, { target, caller }, signal) {
  const key = targetKey(target);
  const mailbox = createMailbox(ground.feed);
  try {
    const wish = await ground.desired.get(key);
    if (!wish) return say.unknownGroup(key, await ground.desired.list());
    await ground.desired.unwish(key, caller.name);
    ground.feed.tell(key, wish.revision.number, { kind: 'removing', by: caller.name });
    ground.wake(key);
    return yield* followDelete(ground, mailbox, key, '', signal);
  } finally {
    mailbox.close();
  }
};

/** Waits for a deletion that was asked for, and tells the bill. `why` is said when the person did not ask by name. */
export async function* followDelete(
  ground: Ground,
  mailbox: Mailbox,
  key: GroupKey,
  why: string,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  for (;;) {
    const event = await mailbox.next(key, 0, signal).catch(() => undefined);
    if (!event) return say.stillGoing(key);
    if (event.fact.kind === 'failed') {
      yield* say.failureBlocks(event.fact);
      return say.failed(event.fact);
    }
    if (event.fact.kind !== 'removed') continue;
    const final = bill(await ground.ledger.intervals({ group: key }), ground.clock.now());
    yield say.removedStage(key, why);
    yield* say.billBlocks(final);
    return say.removed(key, final);
  }
}
