import type { GroupKey } from '../event.ts';
import { bill } from '../metering/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { changeGroup } from './change-group.ts';
import type { Ground } from './ground.ts';
import type { Mailbox } from './mailbox.ts';

/** Removes a group and follows it to the final bill. */
export const runDelete = changeGroup({
  already: () => undefined, // one that is being removed is followed to its end
  would: ({ address, fqdn }) =>
    `containers, volumes and network would go${address ? `, and the address ${fqdn || address} with them` : ''}`,
  async write(ground, { key }, { caller }) {
    await ground.desired.unwish(key, caller.name);
    return { kind: 'removing', by: caller.name };
  },
  follow: (ground, mailbox, { key }, signal) => followDelete(ground, mailbox, key, '', signal),
});

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
