import type { Event, Fact, GroupKey } from '../event.ts';
import type { Revision, Wish } from '../reconciler/index.ts';
import { missingText } from '../replies/index.ts';
import type { Group } from '../spec/index.ts';
import { isSpot } from './evictions.ts';
import type { Ground } from './ground.ts';

// Groups that wait for room, and in which order they get it. Pure, but for the last one.

interface Waiting extends Pick<Wish, 'key' | 'wanted' | 'host' | 'location' | 'waitsSinceMs'> {
  readonly revision: Pick<Revision, 'group' | 'acceptedAtMs'>;
}

/** Whether a group waits for room: for that of any host, or for that of the host that it is on. */
export function waitsForRoom({ wanted, host, waitsSinceMs }: Waiting): boolean {
  return host ? wanted === 'stopped' && waitsSinceMs !== undefined : wanted === 'running';
}

/** The groups that get room before this one. Who waits on another host takes none that it could have. */
export function aheadOf<Each extends Waiting>(wishes: readonly Each[], wish: Waiting): Each[] {
  return earlier(wishes, wish).filter(({ host }) => !host || host === wish.host);
}

/** The wishes as a group that may go to any host finds them: who waits on a host, and for longer, has its room already. */
export function withReserved(wishes: readonly Wish[], key: GroupKey): readonly Wish[] {
  const own = wishes.find((wish) => wish.key === key);
  if (!own || !waitsForRoom(own)) return wishes;
  const first = new Set(earlier(wishes, own).filter(({ host }) => host));
  return wishes.map((wish) => (first.has(wish) ? { ...wish, wanted: 'running', settled: null } : wish));
}

function earlier<Each extends Waiting>(wishes: readonly Each[], wish: Waiting): Each[] {
  return wishes.filter(
    (other) =>
      other.key !== wish.key &&
      other.location === wish.location &&
      waitsForRoom(other) &&
      compare(other, wish) < 0,
  );
}

/** Who has waited longer is first. Spot groups that have run come after everybody else, and of them who was deployed first. */
export function compare(one: Waiting, other: Waiting): number {
  return (
    Number(hasMadeRoom(one)) - Number(hasMadeRoom(other)) ||
    sinceOf(one) - sinceOf(other) ||
    (one.key < other.key ? -1 : 1)
  );
}

/** Since when a group waits, epoch ms; undefined where it does not. */
export function waitingSince(wish: Waiting | undefined): number | undefined {
  return wish && waitsForRoom(wish) ? sinceOf(wish) : undefined;
}

function hasMadeRoom({ host, revision }: Waiting): boolean {
  return host !== '' && isSpot(revision.group);
}

function sinceOf(wish: Waiting): number {
  const { acceptedAtMs } = wish.revision;
  return hasMadeRoom(wish) ? acceptedAtMs : (wish.waitsSinceMs ?? acceptedAtMs);
}

/** What begins or ends a part of a group's life. */
const OF_ITS_LIFE: ReadonlySet<Fact['kind']> = new Set([
  'accepted',
  'evicted',
  'queued',
  'stopping',
  'starting',
  'removing',
]);

/** What was told last of a group that waits for room, oldest event first. */
export function waitingTold(
  events: readonly Event[],
): Extract<Fact, { kind: 'queued' | 'evicted' }> | undefined {
  const last = events.findLast(({ fact }) => OF_ITS_LIFE.has(fact.kind))?.fact;
  return last?.kind === 'queued' || last?.kind === 'evicted' ? last : undefined;
}

/** Where a group would stand that began to wait now; `host` is '' for one that may go to any. */
export async function endOfLine(
  { desired, clock }: Ground,
  {
    group,
    ...at
  }: { readonly key: GroupKey; readonly location: string; readonly host: string; readonly group: Group },
  missing: Parameters<typeof missingText>[0],
): Promise<{ readonly missing: string; readonly ahead: number }> {
  const nowMs = clock.now();
  const wanted = at.host ? 'stopped' : 'running';
  const waiting: Waiting = { ...at, wanted, waitsSinceMs: nowMs, revision: { group, acceptedAtMs: nowMs } };
  return { missing: missingText(missing), ahead: aheadOf(await desired.list(), waiting).length };
}

const NEWEST_EVENTS = 50;

/** Tells what a group that waits for room waits for, when that is not what was told last; of one that was evicted all is said. */
export async function tellQueued(
  ground: Ground,
  { key }: Pick<Wish, 'key'>,
  missing?: string,
): Promise<void> {
  const wishes = await ground.desired.list();
  const wish = wishes.find((each) => each.key === key);
  if (!wish || !waitsForRoom(wish)) return;
  await ground.feed.written();
  const last = waitingTold(await ground.events.events({ group: key, last: NEWEST_EVENTS }));
  if (last?.kind === 'evicted') return;
  const ahead = aheadOf(wishes, wish).length;
  const what = missing ?? last?.missing ?? '';
  if (last?.missing === what && last.ahead === ahead) return;
  ground.feed.tell(key, wish.revision.number, { kind: 'queued', missing: what, ahead });
}
