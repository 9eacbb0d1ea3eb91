import type { Clock } from '../clock.ts';
import type { GroupKey } from '../event.ts';
import type { Standing } from './assess.ts';
import type { Feed } from './feed.ts';
import { healthOf } from './health.ts';
import type { Queue } from './queue.ts';
import type { Wish } from './wish.ts';

interface ReadinessParts {
  readonly parts: { readonly feed: Feed; readonly clock: Clock; readonly provisioningTimeoutMs: number };
  readonly unready: Map<GroupKey, number>;
  readonly queue: Queue<GroupKey>;
}

/** Writes down why runs are ended before they are: after a crash of the bot in between it is still known. */
export async function tellKilling(
  { parts: { feed } }: Pick<ReadinessParts, 'parts'>,
  { key, revision }: Wish,
  { members, health }: Extract<Standing, { kind: 'unhealthy' }>,
): Promise<void> {
  for (const member of members) {
    const reason = `liveness probe failed: ${healthOf(health, member)?.text ?? ''}`;
    const { name: container, startedAtMs = 0 } = member;
    feed.tell(key, revision.number, { kind: 'killing', container, startedAtMs, reason });
  }
  await feed.written();
}

/** A revision that has not been ready yet is waited for; after the time it has, that is told once, and waited on. */
export function tellUnready(
  { parts, unready, queue }: ReadinessParts,
  { key, revision, settled }: Wish,
  { members }: Extract<Standing, { kind: 'unready' }>,
): void {
  const last = members.toSorted((a, b) => a.startedAtMs - b.startedAtMs).at(-1);
  if (settled === 'Running' || !last) return;
  const leftMs = last.startedAtMs + parts.provisioningTimeoutMs - parts.clock.now();
  if (leftMs > 0) {
    queue.addAfter(key, Math.min(leftMs, parts.provisioningTimeoutMs)); // the engine's clock may be ahead
    return;
  }
  if (unready.get(key) === revision.number) return;
  unready.set(key, revision.number);
  const { container, text } = last;
  const seconds = Math.round(parts.provisioningTimeoutMs / 1000);
  parts.feed.tell(key, revision.number, {
    kind: 'failed',
    code: 'probe-failed',
    message: `${container} was not ready within ${seconds} s of its start: its readiness probe ${text ? `says: ${text}` : 'was not answered'}.`,
    advice:
      'Its probe goes on, and traffic reaches it as soon as that succeeds; its last lines may say what it waits for.',
    container,
    probe: 'readiness',
  });
}
