import type { Event, Fact, GroupKey } from '../event.ts';
import { type Revision, type Wish, waitsForRoom } from '../reconciler/index.ts';
import { missingText } from '../replies/index.ts';
import type { Group } from '../spec/index.ts';
import { isSpot } from './evictions.ts';
import type { Ground, Host } from './ground.ts';

// Groups that wait for room, and in which order they get it. Pure, but for the last one.

interface Waiting extends Pick<Wish, 'key' | 'wanted' | 'host' | 'location' | 'waitsSinceMs'> {
  readonly revision: Pick<Revision, 'group' | 'acceptedAtMs'>;
}

/** The hosts of each location, as far as the line knows them. */
type Hosts = readonly Pick<Host, 'name' | 'zone'>[];
type Locations = Readonly<Record<string, { readonly hosts: Hosts }>>;

/** The groups that get room before this one. Who waits on another host, or has no host in common with it, takes none that it could have. */
export function aheadOf<Each extends Waiting>(
  wishes: readonly Each[],
  wish: Waiting,
  locations: Locations,
): Each[] {
  const hosts = locations[wish.location]?.hosts ?? [];
  const own = hostsFor(wish, hosts);
  const { osType } = wish.revision.group;
  return earlier(wishes, wish).filter(
    (other) =>
      (!other.host || other.host === wish.host) &&
      other.revision.group.osType === osType &&
      hostsFor(other, hosts).some((name) => own.includes(name)),
  );
}

/** Where a group may get room, by what it says itself: what a host shows of itself may change while it waits. */
function hostsFor({ host, revision }: Waiting, hosts: Hosts): readonly string[] {
  if (host) return [host];
  const wanted = zoneFor(revision.group, hosts);
  return hosts.filter(({ zone }) => !wanted || zone === wanted).map(({ name }) => name);
}

/** The zone that the host of a group has to be in, '' for any: where no host has one, zones are warned of, and change nothing. */
export function zoneFor({ zones }: Pick<Group, 'zones'>, hosts: Hosts): string {
  return hosts.some(({ zone }) => zone) ? (zones[0] ?? '') : '';
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
  { desired, clock, locations }: Ground,
  {
    group,
    ...at
  }: { readonly key: GroupKey; readonly location: string; readonly host: string; readonly group: Group },
  missing: Parameters<typeof missingText>[0],
): Promise<{ readonly missing: string; readonly ahead: number }> {
  const nowMs = clock.now();
  const wanted = at.host ? 'stopped' : 'running';
  const waiting: Waiting = { ...at, wanted, waitsSinceMs: nowMs, revision: { group, acceptedAtMs: nowMs } };
  return { missing: missingText(missing), ahead: aheadOf(await desired.list(), waiting, locations).length };
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
  const ahead = aheadOf(wishes, wish, ground.locations).length;
  const what = missing ?? last?.missing ?? '';
  if (last?.missing === what && last.ahead === ahead) return;
  ground.feed.tell(key, wish.revision.number, { kind: 'queued', missing: what, ahead });
}
