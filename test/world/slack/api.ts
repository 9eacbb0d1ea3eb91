/** Slack's Web API, as far as the bot uses it: with its rules, its limits and its words for what is wrong. */
import type { Message, State, Team } from './state.ts';

/** What Slack says is wrong; it answers 200 all the same. */
export class SlackRefusal extends Error {}
export class RateLimited extends Error {
  readonly retryAfterSeconds: number;
  constructor(seconds: number) {
    super('ratelimited');
    this.retryAfterSeconds = seconds;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: arguments come as forms, with JSON in them
export type Arguments = Record<string, any>;
type Method = (team: Team, given: Arguments) => Record<string, unknown>;

const MINUTE_MS = 60_000;
const TRIGGER_MS = 3_000;

export interface ApiParts {
  readonly state: State;
  /** Throws a SlackRefusal for blocks that Slack does not take. */
  readonly check: (surface: 'message' | 'modal' | 'home', given: Arguments) => void;
  readonly uploadUrl: (id: string) => string;
}

export function createMethods({ state, check, uploadUrl }: ApiParts): Readonly<Record<string, Method>> {
  const posted = new Map<string, number[]>();
  const edited: number[] = [];
  const limit = (times: number[], most: number, spanMs: number) => {
    const nowMs = state.clock.now();
    const recent = times.filter((atMs) => atMs > nowMs - spanMs);
    if (recent.length >= most)
      throw new RateLimited(Math.max(1, Math.ceil(((recent[0] ?? 0) + spanMs - nowMs) / 1000)));
    recent.push(nowMs);
    times.splice(0, times.length, ...recent);
  };
  const channelOf = (id: string) => {
    const channel = state.channels.get(id);
    if (!channel) throw new SlackRefusal('channel_not_found');
    if (!channel.hasBot) throw new SlackRefusal('not_in_channel');
    return channel;
  };
  const messageAt = ({ channel, ts }: Arguments): Message => {
    const found = channelOf(channel).messages.find((each) => each.ts === ts);
    if (!found) throw new SlackRefusal('message_not_found');
    return found;
  };
  const viewNow = ({ trigger_id: trigger }: Arguments) => {
    const given = state.triggers.get(trigger);
    if (!given) throw new SlackRefusal('invalid_trigger_id');
    state.triggers.delete(trigger);
    if (state.clock.now() - given.atMs > TRIGGER_MS) throw new SlackRefusal('expired_trigger_id');
    return given;
  };
  return {
    'auth.test': (team) => ({
      team_id: team.id,
      team: team.name,
      user_id: team.botUser,
      bot_id: team.botId,
      url: 'https://acme.slack.com/',
    }),
    'users.info': (team, { user }) => {
      const found = state.users.get(user);
      if (!found) throw new SlackRefusal('user_not_found');
      return {
        user: {
          id: found.id,
          name: found.name,
          team_id: found.team,
          is_bot: found.is === 'bot',
          is_restricted: found.is === 'guest',
          is_ultra_restricted: false,
          is_stranger: found.team !== team.id,
          deleted: found.is === 'deactivated',
        },
      };
    },
    'chat.postMessage': (team, given) => {
      const { text = '', blocks = [], thread_ts: thread = '', reply_broadcast: aloud } = given;
      const channel = channelOf(given['channel']);
      check('message', given);
      const times = posted.get(channel.id) ?? [];
      posted.set(channel.id, times);
      limit(times, 4, 4_000); // a message a second, with short bursts
      if (thread && !channel.messages.some(({ ts }) => ts === thread))
        throw new SlackRefusal('thread_not_found');
      const ts = state.ts();
      channel.messages.push({
        channel: channel.id,
        ts,
        text,
        blocks,
        user: team.botUser,
        thread,
        aloud: String(aloud) === 'true',
        edits: 0,
        texts: [text],
      });
      return { channel: channel.id, ts };
    },
    'chat.update': (team, given) => {
      const message = messageAt(given);
      if (message.user !== team.botUser) throw new SlackRefusal('cant_update_message');
      check('message', given);
      limit(edited, 60, MINUTE_MS);
      message.text = given['text'] ?? '';
      message.blocks = given['blocks'] ?? [];
      message.edits++;
      message.texts.push(message.text);
      return { channel: message.channel, ts: message.ts };
    },
    'chat.delete': (_team, given) => {
      const message = messageAt(given);
      const { messages } = channelOf(given['channel']);
      messages.splice(messages.indexOf(message), 1);
      return {};
    },
    'chat.postEphemeral': (_team, given) => {
      const { channel, user, text = '', blocks = [], thread_ts: thread = '' } = given;
      channelOf(channel);
      check('message', given);
      state.ephemerals.push({ channel, user, text, blocks, thread, by: 'api' });
      return { message_ts: state.ts() };
    },
    'views.open': (_team, given) => {
      const { user, team } = viewNow(given);
      check('modal', given);
      const id = state.next('V');
      state.views.set(id, { id, user, team, view: given['view'], open: true });
      return { view: { id, ...given['view'] } };
    },
    'views.update': (_team, given) => {
      const found = state.views.get(given['view_id']);
      if (!found?.open) throw new SlackRefusal('not_found');
      check('modal', given);
      found.view = given['view'];
      return { view: { id: found.id, ...given['view'] } };
    },
    'views.publish': (_team, given) => {
      check('home', given);
      state.homes.set(given['user_id'], given['view']);
      return { view: { id: state.next('V') } };
    },
    'files.getUploadURLExternal': (_team, { filename, alt_text: alt = '' }) => {
      const id = state.next('F');
      state.uploads.set(id, { id, name: filename, data: Buffer.alloc(0), alt, channel: '', thread: '' });
      return { file_id: id, upload_url: uploadUrl(id) };
    },
    'files.completeUploadExternal': (_team, { files, channel_id: channel, thread_ts: thread = '' }) => {
      channelOf(channel);
      for (const { id } of files) {
        const upload = state.uploads.get(id);
        if (!upload?.data.length) throw new SlackRefusal('file_not_found');
        Object.assign(upload, { channel, thread });
      }
      return { files };
    },
  };
}
