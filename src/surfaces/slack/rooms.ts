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

/** The message of a deploy that somebody asked for here; begun twice, it is the same one. */
export async function beginRoom(desk: Desk, ask: SlackAsk, facts: RoomFacts): Promise<string> {
  const { team, channel, user } = ask;
  const key = `${team}:${channel}:${ask.id}`;
  await openRoom(desk, { key, team, channel, by: `slack:${user.user}`, atMs: ask.receivedAtMs }, facts);
  return key;
}

/** A new message in a channel takes the place of the one before it for the same place. */
export async function openRoom(
  desk: Desk,
  where: Pick<Room, 'key' | 'team' | 'channel' | 'by' | 'atMs'>,
  facts: RoomFacts,
): Promise<void> {
  const { slack } = desk.parts;
  const known = await slack.rooms.get(where.key);
  if (known) {
    await changeRoom(desk, where.key, () => ({ state: 'deploying', commit: facts.commit || known.commit }));
    return;
  }
  const before = (await slack.rooms.open()).filter(
    ({ team, channel, repository, environment }) =>
      team === where.team &&
      channel === where.channel &&
      repository === facts.repository &&
      environment === facts.environment,
  );
  await slack.rooms.put({
    ...where,
    ...facts,
    ts: '',
    state: 'acknowledged',
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
  for (const { key } of before)
    await changeRoom(desk, key, () => ({ state: 'superseded', endedBy: facts.commit, finished: true }));
  desk.paints.add(where.key);
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
  const turn = (desk.changing.get(key) ?? Promise.resolve()).then(work, work);
  const settled = turn.then(
    () => {},
    () => {},
  );
  desk.changing.set(key, settled);
  void settled.then(() => desk.changing.get(key) === settled && desk.changing.delete(key));
  return turn;
}
