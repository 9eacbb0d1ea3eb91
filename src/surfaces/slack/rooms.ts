import { inTurn } from '../../reconciler/index.ts';
import type { Room, SlackAsk } from '../../store/index.ts';
import type { Desk } from './parts.ts';

/** What a message is to be about. */
export interface RoomFacts {
  readonly repository: string;
  readonly environment: string;
  readonly groups: readonly string[];
  readonly commit: string;
  readonly pull: number;
  readonly title: string;
  /** The line that asks for the same again; '' for none. */
  readonly again: string;
}

/** The message of a deploy that somebody asked for here; begun twice, it is the same one. What has waited has one already. */
export async function beginRoom(desk: Desk, ask: SlackAsk, facts: RoomFacts): Promise<string> {
  const { team, channel, user, waits } = ask;
  const key = `${team}:${channel}:${waits?.proposal ?? ask.id}`;
  await openRoom(desk, { key, team, channel, by: `slack:${user.user}`, atMs: ask.receivedAtMs }, facts);
  return key;
}

/**
 * A new message in a channel. With its deploy it takes the place of the one before it for the same place; as long as it waits
 * for a proposal, it stands beside that one.
 */
export async function openRoom(
  desk: Desk,
  where: Pick<Room, 'key' | 'team' | 'channel' | 'by' | 'atMs'>,
  facts: RoomFacts,
  proposal?: string,
): Promise<void> {
  const { slack } = desk.parts;
  const known = await slack.rooms.get(where.key);
  if (known && proposal) return;
  if (known) {
    await changeRoom(desk, where.key, () => ({ state: 'deploying', commit: facts.commit || known.commit }));
    await supersedeOthers(desk, known);
    return;
  }
  const room = { ...where, ...facts };
  const before = await othersOf(desk, room);
  await slack.rooms.put({
    ...room,
    ...(proposal ? { proposal } : {}),
    ts: '',
    state: proposal ? 'waiting' : 'acknowledged',
    code: '',
    message: '',
    advice: '',
    endedBy: '',
    endedAtMs: 0,
    finished: false,
    deploys: 1 + Math.max(0, ...before.map(({ deploys }) => deploys)),
    failed: Math.max(0, ...before.map(({ failed }) => failed)),
    alarmed: before.some(({ alarmed }) => alarmed),
  });
  if (!proposal) await supersedeOthers(desk, room);
  desk.paints.add(where.key);
}

type Placed = Pick<Room, 'key' | 'team' | 'channel' | 'repository' | 'environment' | 'commit'>;

/** Earlier messages for the same place are over; what waits for somebody goes on waiting. */
export async function supersedeOthers(desk: Desk, room: Placed): Promise<void> {
  for (const { key, state } of await othersOf(desk, room)) {
    if (state !== 'waiting')
      await changeRoom(desk, key, () => ({ state: 'superseded', endedBy: room.commit, finished: true }));
  }
}

async function othersOf({ parts }: Desk, room: Placed): Promise<Room[]> {
  return (await parts.slack.rooms.open()).filter(
    (each) =>
      each.key !== room.key &&
      (['team', 'channel', 'repository', 'environment'] as const).every((part) => each[part] === room[part]),
  );
}

/** Changes what is known of a message, one change at a time, and has it written anew. */
export function changeRoom(
  desk: Pick<Desk, 'parts' | 'changing' | 'paints'>,
  key: string,
  change: (before: Room) => Partial<Room>,
): Promise<void> {
  const work = async () => {
    const before = await desk.parts.slack.rooms.get(key);
    if (!before || before.finished) return;
    await desk.parts.slack.rooms.put({ ...before, ...change(before) });
    desk.paints.add(key);
  };
  return inTurn(desk.changing, key, work);
}
