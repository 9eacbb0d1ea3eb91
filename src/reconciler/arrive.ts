import type { Clock } from '../clock.ts';
import type { GroupKey } from '../event.ts';
import type { Standing } from './assess.ts';
import type { Feed } from './feed.ts';
import type { GpuTurns } from './gpu-turns.ts';
import type { Names } from './names.ts';
import type { Queue } from './queue.ts';
import { tellUnready } from './readiness.ts';
import type { DesiredState, Wish } from './wish.ts';

interface ArrivalParts {
  readonly parts: {
    readonly desired: DesiredState;
    readonly feed: Feed;
    readonly clock: Clock;
    readonly provisioningTimeoutMs: number;
    readonly names?: Names;
  };
  readonly turns: Pick<GpuTurns, 'letGo'>;
  readonly unready: Map<GroupKey, number>;
  readonly queue: Queue<GroupKey>;
}

/**
 * No step is left: says so once, frees what a deleted group held, or sets the next look. A group's name leads to it before
 * it is said to run, and to nobody before it is said to be gone. Throws a Failure of the name server.
 */
export async function arrived(work: ArrivalParts, wish: Wish, standing: Standing): Promise<void> {
  const { parts, queue } = work;
  const { key, revision } = wish;
  if (standing.kind === 'waiting') queue.addAfter(key, Math.max(0, standing.atMs - parts.clock.now()));
  if (standing.kind === 'unready') tellUnready(work, wish, standing);
  else work.unready.delete(key);
  if (standing.kind === 'gone') {
    await parts.names?.withdraw(wish);
    if (await parts.desired.forget(key)) parts.feed.tell(key, revision.number, { kind: 'removed' });
    else queue.add(key); // wanted again since the look
  } else if (standing.kind === 'stopped') {
    if (await parts.desired.note(key, revision.number, { settled: 'Stopped' }))
      parts.feed.tell(key, revision.number, { kind: 'stopped' });
  } else if (standing.kind === 'in-sync' || (standing.kind === 'waiting' && standing.begun)) {
    await parts.names?.publish(wish);
    if (await parts.desired.note(key, revision.number, { settled: 'Running' })) {
      const tookMs = parts.clock.now() - revision.acceptedAtMs;
      const containers = revision.group.containers.length;
      parts.feed.tell(key, revision.number, { kind: 'running', containers, tookMs });
    }
  } else if (
    standing.kind === 'finished' &&
    (await parts.desired.note(key, revision.number, { settled: standing.outcome }))
  ) {
    parts.feed.tell(key, revision.number, { kind: 'finished', outcome: standing.outcome });
  }
  await work.turns.letGo(wish, standing);
}
