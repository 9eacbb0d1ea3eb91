import { bill } from '../metering/index.ts';
import { inTurn, type Wish, waitsForRoom } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { changeGroup, nextOf } from './change-group.ts';
import type { Ground } from './ground.ts';

/** Ends the containers and the meter, or the waiting for room; name, address, volumes and logs stay. */
export const runStop = changeGroup({
  already: (wish) => {
    const { wanted, settled } = wish;
    if (wanted === 'stopped') return waitsForRoom(wish) ? undefined : 'it is stopped already';
    if (settled === 'Succeeded' || settled === 'Failed') return `it has ended already (${settled})`;
    return wanted === 'deleted' ? 'it is being removed' : undefined;
  },
  would: (wish) =>
    waitsForRoom(wish)
      ? say.waitsNoLonger(true)
      : `${count(wish.revision.group.containers.length)} would get SIGTERM, and SIGKILL after the grace period; the meter would end`,
  async write(ground, wish, { caller }) {
    await writeStop(ground, wish);
    return { kind: 'stopping', by: caller.name };
  },
  async *follow(ground, mailbox, wish, signal) {
    const now = await ground.desired.get(wish.key);
    // One that waits has been stopped for long; of one that was evicted just now the end is still to come.
    if (waitsForRoom(wish) && (now?.settled === 'Stopped' || !now?.host)) {
      yield say.changedStage('stopped', say.waitsNoLonger(false));
      return say.changed('stopped', wish.key, { waits: false });
    }
    const fact = await nextOf(mailbox, wish, ['stopped', 'failed', 'removed', 'starting'], signal);
    if (!fact) return say.stillGoing(wish.revision.group.name);
    if (fact.kind === 'failed') {
      yield* say.failureBlocks(fact);
      return say.failed(fact);
    }
    if (fact.kind !== 'stopped') return say.overtaken('stop', wish.key);
    const total = bill(await ground.ledger.intervals({ group: wish.key }), ground.clock.now());
    yield say.changedStage('stopped', 'the meter has ended; name, address and volumes stay');
    yield* say.billBlocks(total);
    return say.changed('stopped', wish.key, { bill: total });
  },
});

/** One that waits may be started in this very moment: its turn comes before or after, and in both cases it is stopped then. */
function writeStop({ desired, turns }: Ground, wish: Wish): Promise<boolean> {
  const write = () => desired.change(wish.key, { wanted: 'stopped' });
  return waitsForRoom(wish) ? inTurn(turns, wish.location, write) : write();
}

function count(containers: number): string {
  return containers === 1 ? '1 container' : `${containers} containers`;
}
