import type { GroupView } from '../../commands/index.ts';
import { type Event, type Fact, type GroupKey, partsOf } from '../../event.ts';
import { Money } from '../../metering/index.ts';
import { shouldTell, type Told } from '../../policy/index.ts';
import { type Aside, asideName, asideOf, isAside, nameOf } from '../../replies/index.ts';
import type { Room } from '../../store/index.ts';
import { threadReply } from './message/index.ts';
import type { Desk, Notice } from './parts.ts';
import { put } from './put.ts';
import { changeRoom, openRoom } from './rooms.ts';

/** What of the facts channels can subscribe to. */
const TELLS: Partial<Readonly<Record<Fact['kind'], Told>>> = {
  accepted: 'deploying',
  running: 'deployed',
  failed: 'failed',
  removed: 'removed',
};

/** Something has happened to a group: messages that are about it are written anew, and channels that want to know are told. */
export function hear(desk: Desk, event: Event): void {
  const { group, fact } = event;
  if (fact.kind === 'pull-progress') return;
  void touch(desk, event).catch((error: unknown) => {
    if (!desk.closing.aborted) desk.parts.reportInternal(error);
  });
  const what = TELLS[fact.kind];
  if (what) desk.notices.add(`${what} ${group}`);
}

async function touch(desk: Desk, { group, revision, fact, atMs }: Event): Promise<void> {
  for (const room of await desk.parts.slack.rooms.open()) {
    if (!(await isAbout(desk, room, group))) continue;
    if (isAside(fact)) {
      await tellAside(desk, room, { group, revision, fact, atMs });
      continue;
    }
    if (room.state === 'waiting') {
      if (room.proposal) desk.approvals.add(room.proposal); // what was approved may have begun
      continue;
    }
    await changeRoom(desk, room.key, (before) => changeBy(fact, before, desk.parts.clock.now()));
    desk.paints.add(room.key);
  }
}

/** In the thread of the deploy that brought it up: nobody else has to hear of it. */
async function tellAside(
  desk: Desk,
  { key, team, channel }: Room,
  { group, revision, fact, atMs }: Pick<Event, 'group' | 'revision' | 'atMs'> & { readonly fact: Aside },
): Promise<void> {
  const message = threadReply(asideOf(nameOf(group), fact));
  await put(desk, team, {
    kind: 'reply',
    key: `${asideName(fact, revision, atMs)}:${key}:${group}`,
    importance: 'result',
    content: { channel, under: { room: key }, message, aloud: false, otherwise: '' },
  });
}

function changeBy(fact: Fact, { endedAtMs }: Room, nowMs: number): Partial<Room> {
  switch (fact.kind) {
    case 'running':
      return endedAtMs ? {} : { endedAtMs: nowMs };
    case 'removing':
    case 'stopping':
      return { endedBy: fact.by };
    case 'expired':
      return { endedBy: 'its time to live' };
    default:
      return {};
  }
}

async function isAbout(
  desk: Desk,
  { environment, groups, repository }: Room,
  key: GroupKey,
): Promise<boolean> {
  const { environment: there, name } = partsOf(key);
  if (environment !== there) return false;
  if (groups.length) return groups.includes(name);
  const found = (await desk.parts.places.groups()).find(
    (each) => each.name === name && each.environment === there,
  );
  return !found || found.repository === repository;
}

/** Each channel that wants to know of it has a message for it, wherever it was asked for. */
export async function notice(desk: Desk, notice: Notice): Promise<void> {
  const space = notice.indexOf(' ');
  const key = notice.slice(space + 1);
  const slash = key.indexOf('/');
  const [environment, name] = [key.slice(0, slash), key.slice(slash + 1)];
  const group = (await desk.parts.places.groups()).find(
    (each) => each.name === name && each.environment === environment,
  );
  if (!group) return; // what is gone is told by the message that it had
  const views = (await desk.parts.views(group.repository, desk.closing)).filter(
    (each) => each.environment === environment,
  );
  const view = views.find((each) => each.name === name);
  if (!view) return;
  const what = toldIn(notice);
  const place = `${group.repository} ${environment}`;
  const before = desk.seen.get(place) ?? { ended: undefined, perHour: undefined };
  const perHour = sumOf(views);
  const change = {
    repository: group.repository,
    environment,
    what,
    before: before.ended,
    perHour,
    perHourBefore: before.perHour ?? perHour,
  };
  desk.seen.set(place, { ended: what === 'failed' || what === 'deployed' ? what : before.ended, perHour });
  const only = (await desk.parts.slack.teams.all())[0]?.id ?? '';
  for (const subscription of await desk.parts.subscriptions.about(group.repository)) {
    if (!shouldTell(subscription, change)) continue;
    await tellChannel(desk, subscription.team || only, subscription.channel, group.repository, view);
  }
}

function toldIn(notice: Notice): Told {
  const word = notice.slice(0, notice.indexOf(' '));
  return Object.values(TELLS).find((each) => each === word) ?? 'deploying';
}

function sumOf(views: readonly GroupView[]): Money {
  const [first, ...others] = views.map(({ rate }) => rate.perHour);
  if (!first) return new Money('USD', 0n);
  return others
    .filter(({ currency }) => currency === first.currency)
    .reduce((sum, each) => sum.plus(each), first);
}

async function tellChannel(
  desk: Desk,
  team: string,
  channel: string,
  repository: string,
  { name, environment, revision, by, commit }: GroupView,
): Promise<void> {
  const key = `${team}:${channel}:${environment}/${name}#${revision}`;
  const open = (await desk.parts.slack.rooms.open()).find(
    (room) =>
      room.team === team &&
      room.channel === channel &&
      room.repository === repository &&
      room.environment === environment &&
      (room.commit === commit ||
        room.state === 'acknowledged' ||
        room.state === 'deploying' ||
        room.key === key),
  );
  if (open) {
    desk.paints.add(open.key);
    return;
  }
  const facts = { repository, environment, groups: [], commit, pull: 0, title: '', again: '' };
  await openRoom(desk, { key, team, channel, by, atMs: desk.parts.clock.now() }, facts);
  await changeRoom(desk, key, () => ({ state: 'deployed' }));
}
