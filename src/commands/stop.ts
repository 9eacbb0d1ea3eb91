import { bill } from '../metering/index.ts';
import * as say from '../replies/index.ts';
import { changeGroup, nextOf } from './change-group.ts';

/** Ends the containers and the meter; name, address, volumes and logs stay. */
export const runStop = changeGroup({
  already: ({ wanted, settled }) => {
    if (wanted === 'stopped') return 'it is stopped already';
    if (settled === 'Succeeded' || settled === 'Failed') return `it has ended already (${settled})`;
    return wanted === 'deleted' ? 'it is being removed' : undefined;
  },
  would: ({ revision }) =>
    `${count(revision.group.containers.length)} would get SIGTERM, and SIGKILL after the grace period; the meter would end`,
  fact: ({ caller }) => ({ kind: 'stopping', by: caller.name }),
  write: (ground, { key }) => ground.desired.change(key, { wanted: 'stopped' }),
  async *follow(ground, mailbox, wish, signal) {
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

function count(containers: number): string {
  return containers === 1 ? '1 container' : `${containers} containers`;
}
