import type { GroupView } from '../../commands/index.ts';
import { bill } from '../../metering/index.ts';
import { urlsOf } from '../../replies/index.ts';
import type { Room } from '../../store/index.ts';
import { stageOfProposal } from './approvals.ts';
import { offer } from './buttons.ts';
import { roomKey } from './deliver.ts';
import { deedsOf, type RoomStage, type RoomView, rootMessage, threadReply } from './message/index.ts';
import { personOf } from './names.ts';
import type { Desk } from './parts.ts';
import { put } from './put.ts';
import { changeRoom } from './rooms.ts';

const GOES_ON: readonly RoomStage['kind'][] = [
  'acknowledged',
  'planning',
  'approved',
  'waiting',
  'deploying',
];

/** Writes the message of a deploy anew, from what the books and the engines say now. */
export async function paint(desk: Desk, key: string): Promise<void> {
  const room = await desk.parts.slack.rooms.get(key);
  if (!room) return;
  const views = room.repository ? await viewsOf(desk, room) : [];
  const view = await viewOf(desk, room, views);
  const { kind } = view.stage;
  const ids = await offer(desk, room, views, deedsOf(view));
  await put(desk, room.team, {
    kind: 'room',
    key: roomKey(key),
    importance: GOES_ON.includes(kind) ? 'progress' : 'result',
    content: { channel: room.channel, room: key, message: rootMessage(view, ids) },
  });
  if (view.stage.kind === 'failed') await alarm(desk, room, view.stage);
  else if (kind === 'healthy' && room.alarmed) await changeRoom(desk, key, () => ({ alarmed: false }));
  if (kind === 'removed' && !room.finished)
    await changeRoom(desk, key, () => ({ state: 'removed', finished: true }));
}

/** The groups of the message that are there now. */
export async function viewsOf(
  desk: Desk,
  { repository, environment, groups, pull }: Room,
): Promise<GroupView[]> {
  const all = await desk.parts.views(repository, desk.closing);
  return all.filter(
    (view) => view.environment === environment && (pull > 0 || !groups.length || groups.includes(view.name)),
  );
}

async function viewOf(desk: Desk, room: Room, views: readonly GroupView[]): Promise<RoomView> {
  const nowMs = desk.parts.clock.now();
  const names = [...new Set([...room.groups, ...views.map(({ name }) => name)])];
  const groups = names.map((name): `${string}/${string}` => `${room.environment}/${name}`);
  const intervals = groups.length ? await desk.parts.ledger.intervals({ groups }) : [];
  const [only] = views;
  const proposal = room.proposal ? await desk.parts.proposals.get(room.proposal) : undefined;
  const waits = room.state === 'waiting';
  const revision = waits ? 0 : Math.max(0, ...views.map((view) => view.revision));
  return {
    name:
      names.length === 1 && names[0] ? names[0] : room.repository.slice(room.repository.lastIndexOf('/') + 1),
    repository: room.repository,
    environment: room.environment,
    stage: waits ? await stageOfProposal(desk, room, proposal) : stageOf(desk, room, views),
    commit: room.commit || (only?.commit ?? ''),
    title: room.title,
    commitUrl: '',
    ...(room.pull ? { pull: { number: room.pull, url: '', by: '' } } : {}),
    askedBy: personOf(room.by),
    askedAtMs: room.atMs,
    revision,
    groups: views.map((view) => {
      const { name, address, containers, isolation } = view;
      const [url = ''] = urlsOf(view);
      const members = containers.filter(({ init }) => !init);
      const running = members.filter(({ state }) => state === 'Running').length;
      return {
        name,
        url,
        address,
        running: `${running}/${members.length}`,
        isolation: isolationOf(isolation),
        gpus: [],
      };
    }),
    rate: views.length === 1 ? only?.rate : undefined,
    bill: intervals.length ? bill(intervals, nowMs) : undefined,
    expiresAtMs: views.map(({ expiresAtMs }) => expiresAtMs).find((atMs) => atMs !== null) ?? null,
    pageUrl: '',
    hasEarlier: revision > 1,
    approvedBy: proposal?.approvals.map(({ name }) => name) ?? [],
    nowMs,
  };
}

const LEVELS = ['hypervisor', 'sandbox', 'none'] as const;

/** What was verified; nothing is said of what was not looked at. */
function isolationOf(seen: GroupView['isolation']): (typeof LEVELS)[number] | '' {
  return LEVELS.find((level) => level === seen?.level) ?? '';
}

/** What is true now: groups that are there say more than what was noted of them. */
function stageOf(desk: Desk, room: Room, views: readonly GroupView[]): RoomStage {
  const { state, endedBy, deploys, failed } = room;
  const serving = views.find((view) => view.serving !== undefined)?.serving ?? null;
  const by = personOf(endedBy);
  switch (state) {
    case 'acknowledged':
      return { kind: 'acknowledged' };
    case 'rejected':
    case 'withdrawn':
    case 'expired':
      return { kind: state, why: room.message };
    case 'superseded':
      return { kind: 'superseded', commit: endedBy };
    case 'cancelled':
      return { kind: 'cancelled', by };
    case 'deploying':
      return { kind: 'deploying', steps: desk.steps.get(room.key) ?? [], ahead: [], serving };
    case 'failed':
      return { ...failureOf(room), serving };
    default:
      if (!views.length) return { kind: 'removed', by, deploys, failed };
      return standingOf(room, views, serving);
  }
}

function standingOf(room: Room, views: readonly GroupView[], serving: number | null): RoomStage {
  const broken = views.find(({ failure }) => failure)?.failure;
  if (broken)
    return { kind: 'failed', code: broken.code, message: broken.message, advice: broken.advice, serving };
  if (views.some(({ state }) => state === 'Pending'))
    return { kind: 'deploying', steps: [], ahead: [], serving };
  if (views.every(({ state }) => state === 'Stopped')) return { kind: 'stopped', by: personOf(room.endedBy) };
  return { kind: 'healthy', tookMs: Math.max(0, room.endedAtMs - room.atMs) };
}

function failureOf({ code, message, advice }: Room) {
  return { kind: 'failed', code, message: message || code, advice } as const;
}

/** Tells in the thread why it fails; the first time since it was well, to all of the channel. */
async function alarm(
  desk: Desk,
  { key, team, channel, alarmed, state }: Room,
  { code, message, advice }: Extract<RoomStage, { kind: 'failed' }>,
): Promise<void> {
  // What a deploy itself said at its end is told by its answer.
  if (state !== 'failed') {
    const text = `${message}${advice ? `\n→ ${advice}` : ''}`;
    const blocks = [{ kind: 'stage', mark: 'failed', label: code, text } as const];
    await put(desk, team, {
      kind: 'reply',
      key: `failed:${key}:${code}`,
      importance: 'result',
      content: {
        channel,
        under: { room: key },
        message: threadReply(blocks),
        aloud: !alarmed,
        otherwise: '',
      },
    });
  }
  if (!alarmed) await changeRoom(desk, key, () => ({ alarmed: true }));
}
