import * as say from '../../replies/index.ts';
import type { SlackAsk, SlackUser } from '../../store/index.ts';
import { isReading, stampOf } from './buttons.ts';
import { refusal } from './message/index.ts';
import { viewsOf } from './paint.ts';
import type { Desk } from './parts.ts';
import { startAnswer } from './start-answer.ts';
import { whisper } from './tell.ts';

/** Somebody who says something, where, and when. */
export interface Spoken {
  readonly team: string;
  readonly user: SlackUser;
  readonly channel: string;
  /** The message that it stands under; '' for none. */
  readonly thread: string;
  readonly responseUrl: string;
  readonly saidAtMs: number;
}

/** Words: kept, and answered in their own time. Told twice, they are asked once. */
export async function ask(
  desk: Desk,
  id: string,
  spoken: Spoken,
  lines: readonly string[],
  more: { readonly room?: string; readonly button?: string } = {},
): Promise<void> {
  const { room = '', button = '' } = more;
  const kept: SlackAsk = { id, ...spoken, lines, room, button, receivedAtMs: desk.parts.clock.now() };
  if (await desk.parts.slack.asks.ask(kept)) startAnswer(desk, kept);
}

/** A mention: what stands behind the bot's name, in its first line. In a deploy's thread it is about that deploy. */
export async function askMention(
  desk: Desk,
  spoken: Spoken & { readonly ts: string },
  text: string,
  botUser: string,
): Promise<void> {
  const { ts, ...said } = spoken;
  const line = text.split('\n').find((each) => each.includes(`<@${botUser}`)) ?? '';
  const words = line.slice(line.indexOf(`<@${botUser}`)).replace(/^<@[^>]*>[\s:,]*/, '');
  const room = said.thread
    ? await desk.parts.slack.rooms.at(said.team, said.channel, said.thread)
    : undefined;
  const command = /^\/(kata|deploy)\b/i.test(words) ? words : `/kata ${words || 'help'}`;
  const place = { ...said, thread: said.thread || ts };
  await ask(desk, `mention:${said.team}:${said.channel}:${ts}`, place, [command], { room: room?.key ?? '' });
}

/**
 * A button: what it does is kept here, so that what came is only a name, and `more` words that a form has asked for. One press
 * has an effect, whoever was first.
 */
export async function askButton(
  desk: Desk,
  spoken: Spoken,
  pressed: { readonly id: string; readonly pressId: string; readonly more?: string },
): Promise<void> {
  const { slack, clock } = desk.parts;
  const row = await slack.buttons.get(pressed.id);
  const askId = `press:${pressed.id}:${pressed.pressId}`;
  const refuse = (code: string, text: string, advice: string) =>
    whisper(desk, { ...spoken, id: askId }, refusal(say.refused(code, text, advice)));
  if (!row)
    return refuse('button-unknown', 'This button is not known any more.', 'Type the command instead.');
  if (row.expiresAtMs <= clock.now())
    return refuse('button-expired', 'This button is too old.', 'Type the command instead.');
  if (row.actor && row.actor !== spoken.user.user)
    return refuse('button-of-another', 'This button is for somebody else.', '');
  const room = row.room ? await slack.rooms.get(row.room) : undefined;
  if (room && row.stamp && stampOf(await viewsOf(desk, room)) !== row.stamp) {
    desk.paints.add(room.key);
    return refuse(
      'button-outdated',
      'Something else runs there since this button was shown. Nothing was done.',
      'Press the one that is there now.',
    );
  }
  if (!isReading(row) && !(await slack.buttons.use(row.id, clock.now())))
    return refuse('button-used', 'Somebody has pressed this already.', '');
  const thread = room?.ts || spoken.thread;
  const lines = pressed.more ? row.lines.map((line) => `${line} ${pressed.more}`) : row.lines;
  await ask(desk, askId, { ...spoken, thread }, lines, {
    room: row.room,
    button: row.id,
  });
}
