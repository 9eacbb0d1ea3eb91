import { VERBS, type Verb } from '../../commands/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { SlackAsk } from '../../store/index.ts';
import { offerLine } from './buttons.ts';
import {
  correctedLine,
  heldBack,
  helpMessage,
  refusal,
  type SlackMessage,
  type ThreadReply,
  threadReply,
  usageError,
} from './message/index.ts';
import type { Desk } from './parts.ts';
import { put } from './put.ts';

/** What is answered to one person alone: about people, about the host, or what nobody else needs to know. */
const PRIVATE: readonly string[] = ['help', 'whoami', 'audit', 'doctor', 'link', 'unlink', 'exec'];
/** How a line ends that could not be understood. */
const MISTAKES: readonly string[] = ['usage', 'ambiguous', 'wrong-surface', 'repository-unknown'];

type Where = Pick<SlackAsk, 'id' | 'team' | 'channel' | 'user' | 'thread' | 'responseUrl'>;

/** Whether nobody but who asked should see the answer. */
export function isPrivate(verb: Verb | undefined, { kind, code }: Outcome): boolean {
  return (
    kind === 'refused' || (kind !== 'done' && MISTAKES.includes(code)) || PRIVATE.includes(verb?.name ?? '')
  );
}

/** The verb of a line that may be wrong in everything else. */
export function verbIn(line: string): Verb | undefined {
  const [prefix = '', word = ''] = line.trim().toLowerCase().split(/\s+/);
  const named = VERBS.find(({ name, aliases }) => name === word || aliases.includes(word));
  return named ?? VERBS.find(({ name }) => name === (prefix === '/deploy' ? 'deploy' : 'help'));
}

/** What came of a line. */
export interface Told {
  readonly outcome: Outcome;
  readonly blocks: readonly Block[];
  /** What it was about, as it is typed, such as `acme/shop#412`; '' for what the words themselves say. */
  readonly about?: string;
}

/** Answers a line: to one person, or where everybody sees it. */
export async function tell(
  desk: Desk,
  ask: SlackAsk,
  line: string,
  { outcome, blocks, about = '' }: Told,
): Promise<void> {
  const verb = verbIn(line);
  // Who has waited may be elsewhere by now, and others have waited too.
  if (isPrivate(verb, outcome) && !ask.waits)
    return whisper(desk, ask, await privateAnswer(desk, ask, line, verb, { outcome, blocks, about }));
  if (!blocks.length) return;
  const failed = outcome.kind === 'failed' || outcome.kind === 'invalid';
  const room = ask.room ? await desk.parts.slack.rooms.get(ask.room) : undefined;
  const aloud = verb?.name === 'deploy' && failed && room?.alarmed === false;
  await answerWith(desk, ask, threadReply(blocks, `${verb?.name ?? 'answer'}.txt`), aloud);
}

async function privateAnswer(
  desk: Desk,
  ask: SlackAsk,
  line: string,
  verb: Verb | undefined,
  { outcome, blocks, about }: Told,
): Promise<SlackMessage> {
  // What a program prints is its answer, whatever its exit code.
  if (outcome.kind === 'done' || outcome.code === 'exec') {
    if (verb?.name !== 'help') return threadReply(blocks);
    const topic = line.trim().split(/\s+/).slice(2)[0];
    return helpMessage({ surface: 'slack', ...(topic === undefined ? {} : { topic }) });
  }
  const held = heldBack(outcome);
  if (held !== undefined) {
    const line = ['/kata confirm', about, held].filter(Boolean).join(' ');
    const confirm = await offerLine(desk, line, ask.user.user, ask.room, 'confirm');
    return refusal(say.confirmWithButton(outcome, line), { confirm });
  }
  const meant = correctedLine(outcome);
  const ids = meant === undefined ? {} : { run: await offerLine(desk, meant, ask.user.user, ask.room) };
  return outcome.kind === 'refused' ? refusal(outcome, ids) : usageError(outcome, ids);
}

/** Where everybody sees it: in the thread of the deploy, under what was said, or in the channel. */
export async function answerWith(
  desk: Desk,
  ask: SlackAsk,
  reply: ThreadReply,
  aloud = false,
): Promise<void> {
  const { file, ...message } = reply;
  const under = ask.room ? { room: ask.room } : ask.thread ? { ts: ask.thread } : undefined;
  const { channel, responseUrl, team, id } = ask;
  await put(desk, team, {
    kind: 'reply',
    key: `reply:${id}`,
    importance: 'result',
    content: { channel, under, message, aloud, otherwise: under ? '' : responseUrl },
  });
  if (!file) return;
  const data = Buffer.from(file.text, 'utf8').toString('base64');
  await put(desk, team, {
    kind: 'file',
    key: `file:${id}`,
    importance: 'result',
    content: { channel, under, name: file.name, data, alt: '' },
  });
}

/** Only who asked sees it. */
export async function whisper(desk: Desk, where: Where, message: SlackMessage): Promise<void> {
  const { id, team, channel, user, thread, responseUrl } = where;
  await put(desk, team, {
    kind: 'whisper',
    key: `whisper:${id}`,
    importance: 'acknowledgement',
    content: { channel, user: user.user, thread, message, responseUrl },
  });
}
