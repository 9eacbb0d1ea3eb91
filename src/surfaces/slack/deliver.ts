import type { HomeView } from '@slack/types';
import { type KeptWrite, type Outbox, Refused } from '../../mail/index.ts';
import type { SlackBook } from '../../store/index.ts';
import type { Client } from './clients.ts';
import { fallback, type SlackMessage } from './message/index.ts';
import { isBlockTrouble, judged, mayHaveHappened } from './trouble.ts';

/** Everything that the bot writes to Slack, by its kind. */
export interface Contents {
  /** The one message of a deploy, which is edited. */
  readonly room: { readonly channel: string; readonly room: string; readonly message: SlackMessage };
  /** A message of its own. */
  readonly reply: {
    readonly channel: string;
    /** The message that it stands under: Slack's name of it, or the key of a room whose message may still be on its way. */
    readonly under: { readonly ts: string } | { readonly room: string } | undefined;
    readonly message: SlackMessage;
    /** Whether all of the channel is told, and not only who follows the thread. */
    readonly aloud: boolean;
    /** Where it goes when the bot is not in the channel; only `user` sees it then. */
    readonly otherwise: string;
  };
  /** Only one person sees it, and only while they are there. */
  readonly whisper: {
    readonly channel: string;
    readonly user: string;
    readonly thread: string;
    readonly message: SlackMessage;
    /** A response URL takes it also where the bot is not in the channel. */
    readonly responseUrl: string;
  };
  readonly file: {
    readonly channel: string;
    readonly under: { readonly ts: string } | { readonly room: string } | undefined;
    readonly name: string;
    /** Base64. */
    readonly data: string;
    /** What the picture says, for those who do not see it; '' for a text. */
    readonly alt: string;
  };
  readonly home: { readonly user: string; readonly view: HomeView };
}

export type Kind = keyof Contents;

export interface DeliveryDesk {
  readonly client: Client;
  readonly kept: KeptWrite;
  readonly outbox: Pick<Outbox, 'remote'>;
  readonly book: Pick<SlackBook, 'attempt' | 'withdraw' | 'rooms'>;
  readonly nowMs: number;
  /** Answers one command at its response URL. */
  readonly respond: (url: string, message: SlackMessage) => Promise<void>;
}

/**
 * Sends one write to Slack and gives its name there. Slack cannot be asked what the bot has written without reading whole
 * channels, so a message whose answer was lost is sent again: once too often is better than never. What is told to all of a
 * channel is told aloud once at most; the second time it only stands in the thread.
 */
export async function deliver(desk: DeliveryDesk): Promise<string> {
  try {
    return await sendKind(desk);
  } catch (error) {
    throw judged(error);
  }
}

async function sendKind(desk: DeliveryDesk): Promise<string> {
  const { kind, content }: { kind: string; content: unknown } = desk.kept.write;
  if (isOf(kind, 'room', content)) return sendRoom(desk, content);
  if (isOf(kind, 'reply', content)) return sendReply(desk, content);
  if (isOf(kind, 'whisper', content)) return sendWhisper(desk, content);
  if (isOf(kind, 'file', content)) return sendFile(desk, content);
  if (isOf(kind, 'home', content)) {
    await desk.client.views.publish({ user_id: content.user, view: content.view });
    return content.user;
  }
  throw new Refused(`nothing is known of ${kind}`);
}

/** Contents are written by this surface alone, each with its kind. */
function isOf<K extends Kind>(kind: string, wanted: K, _content: unknown): _content is Contents[K] {
  return kind === wanted;
}

async function sendRoom(
  { client, kept, book }: DeliveryDesk,
  { channel, room, message }: Contents['room'],
): Promise<string> {
  const known = kept.remote;
  if (known !== undefined) {
    await withFallback(message, (given) => client.chat.update({ channel, ts: known, ...quiet(given) }));
    return known;
  }
  const { ts = '' } = await withFallback(message, (given) =>
    client.chat.postMessage({ channel, ...quiet(given) }),
  );
  await book.rooms.locate(room, ts);
  return ts;
}

async function sendReply(desk: DeliveryDesk, content: Contents['reply']): Promise<string> {
  const { client, kept, book, nowMs, respond } = desk;
  const { channel, message, aloud, otherwise } = content;
  const { account, key } = kept.write;
  const thread = await threadOf(desk, content.under);
  if (kept.remote !== undefined) {
    const ts = kept.remote;
    await withFallback(message, (given) => client.chat.update({ channel, ts, ...quiet(given) }));
    return ts;
  }
  const first = aloud && (await book.attempt(account, key, nowMs));
  try {
    const { ts = '' } = await withFallback(message, (given) =>
      client.chat.postMessage({
        channel,
        ...quiet(given),
        ...(thread === ''
          ? {}
          : first
            ? { thread_ts: thread, reply_broadcast: true }
            : { thread_ts: thread }),
      }),
    );
    return ts;
  } catch (error) {
    if (first && !mayHaveHappened(error)) await book.withdraw(account, key);
    if (!otherwise || !isOutside(error)) throw error;
    await respond(otherwise, message);
    return 'at its response URL';
  }
}

/** The bot was not invited to where somebody used its command. */
function isOutside(error: unknown): boolean {
  return error instanceof Error && /not_in_channel|channel_not_found|is_archived/.test(error.message);
}

async function sendWhisper(
  { client, respond }: DeliveryDesk,
  { channel, user, thread, message, responseUrl }: Contents['whisper'],
): Promise<string> {
  if (responseUrl) await respond(responseUrl, message);
  else
    await withFallback(message, (given) =>
      client.chat.postEphemeral({ channel, user, ...quiet(given), ...(thread ? { thread_ts: thread } : {}) }),
    );
  return 'whispered';
}

async function sendFile(desk: DeliveryDesk, content: Contents['file']): Promise<string> {
  const { channel, name, data, alt } = content;
  const thread = await threadOf(desk, content.under);
  await desk.client.filesUploadV2({
    file_uploads: [
      { file: Buffer.from(data, 'base64'), filename: name, title: name, ...(alt ? { alt_text: alt } : {}) },
    ],
    channel_id: channel,
    ...(thread ? { thread_ts: thread } : {}),
  });
  return name;
}

/** Throws while the message that it belongs to has not been sent. */
async function threadOf({ kept, outbox }: DeliveryDesk, under: Contents['reply']['under']): Promise<string> {
  if (!under) return '';
  if ('ts' in under) return under.ts;
  const ts = await outbox.remote(kept.write.account, roomKey(under.room));
  if (ts === undefined) throw new Error('the message that it belongs to has not been sent yet');
  return ts;
}

/** What the write of a room's message is called. */
export function roomKey(room: string): string {
  return `room:${room}`;
}

/** Links in what the bot says show no previews. */
function quiet({ text, blocks }: SlackMessage) {
  return { text, blocks: [...blocks], unfurl_links: false, unfurl_media: false };
}

/** A workspace that refuses a kind of block gets the same in plainer ones, and at last the sentence alone. */
async function withFallback<T>(
  message: SlackMessage,
  send: (message: SlackMessage) => Promise<T>,
): Promise<T> {
  let refused: unknown;
  for (const form of [message, fallback(message), { text: message.text, blocks: [] }]) {
    try {
      return await send(form);
    } catch (error) {
      if (!isBlockTrouble(error)) throw error;
      refused = error;
    }
  }
  throw refused;
}
