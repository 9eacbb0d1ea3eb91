/** What people do in Slack, and how Slack tells the bot of it. */
import { randomUUID } from 'node:crypto';
import type { Channel, Message, State, User, View } from './state.ts';

export interface PeopleParts {
  readonly state: State;
  /** Sends what Slack has to say, over HTTP or through the socket; gives the bot's answer. */
  readonly tell: (kind: 'event' | 'command' | 'interactive', body: Record<string, unknown>) => Promise<Told>;
  readonly baseUrl: () => string;
}

export interface Told {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the bot answers
  readonly json: any;
}

export interface Person extends User {
  /** A slash command. */
  types(channel: Channel, text: string): Promise<Told>;
  /** A message that mentions the bot, perhaps in a thread. */
  says(channel: Channel, text: string, thread?: Message): Promise<Told>;
  /** Presses a button of a message, or of what only this person sees, by its label. */
  presses(
    where: Pick<Message, 'blocks' | 'channel'> & { readonly ts?: string; readonly thread?: string },
    label: string,
  ): Promise<Told>;
  /** Chooses something in a form that is open. */
  chooses(view: View, values: Readonly<Record<string, string>>): Promise<Told>;
  submits(view: View, values: Readonly<Record<string, string>>): Promise<Told>;
  opensHome(): Promise<Told>;
  usesShortcut(): Promise<Told>;
  usesMessageShortcut(message: Message): Promise<Told>;
}

export function createPerson(
  { state, tell, baseUrl }: PeopleParts,
  user: User,
  there: string = user.team,
): Person {
  const trigger = () => {
    const id = `${state.clock.now()}.${randomUUID()}`;
    state.triggers.set(id, { atMs: state.clock.now(), user: user.id, team: there });
    return id;
  };
  const responseUrl = (channel: string) => {
    const id = randomUUID();
    state.responseUrls.set(id, { atMs: state.clock.now(), uses: 0, channel, user: user.id });
    return `${baseUrl()}/respond/${id}`;
  };
  const who = { id: user.id, name: user.name, username: user.name, team_id: user.team };
  const event = (of: Record<string, unknown>) =>
    tell('event', {
      type: 'event_callback',
      token: 'unused',
      team_id: there,
      api_app_id: 'A1',
      event_id: state.next('Ev'),
      event_time: 0,
      event: of,
    });
  const values = ({ view }: View, of: Readonly<Record<string, string>>) => ({
    values: Object.fromEntries(
      Object.entries(of).map(([field, value]) => {
        const action = `katabot:field-${field}`;
        // biome-ignore lint/suspicious/noExplicitAny: blocks as they are in the form
        const own = view.blocks.find(({ element }: any) => element?.action_id === action);
        return [
          own?.block_id ?? field,
          { [action]: { type: 'static_select', value, selected_option: { value } } },
        ];
      }),
    ),
  });
  const viewBody = (view: View, of: Readonly<Record<string, string>>) => ({
    team: { id: there, domain: 'acme' },
    user: who,
    trigger_id: trigger(),
    view: { ...view.view, id: view.id, hash: 'h', state: values(view, of) },
  });
  return {
    ...user,
    types(channel, text) {
      const [command = '', ...words] = text.split(' ');
      return tell('command', {
        command,
        text: words.join(' '),
        team_id: there,
        team_domain: 'acme',
        channel_id: channel.id,
        channel_name: 'ops',
        user_id: user.id,
        user_name: user.name,
        trigger_id: trigger(),
        response_url: responseUrl(channel.id),
        api_app_id: 'A1',
      });
    },
    says(channel, text, thread) {
      const bot = state.teams.get(there)?.botUser ?? '';
      const told = text.replaceAll('@katabot', `<@${bot}>`);
      const ts = state.ts();
      channel.messages.push({
        channel: channel.id,
        ts,
        text: told,
        blocks: [],
        user: user.id,
        thread: thread?.ts ?? '',
        aloud: false,
        edits: 0,
        texts: [],
      });
      return event({
        type: 'app_mention',
        user: user.id,
        ...(user.team === there ? {} : { user_team: user.team, source_team: user.team }),
        ...(user.is === 'bot' ? { bot_id: 'B9' } : {}),
        text: told,
        ts,
        event_ts: ts,
        channel: channel.id,
        ...(thread ? { thread_ts: thread.thread || thread.ts } : {}),
      });
    },
    presses({ blocks, channel, ts = '', thread = '' }, label) {
      const buttons = blocks.flatMap(({ elements = [], accessory }) => [
        ...elements,
        ...(accessory ? [accessory] : []),
      ]);
      const button = buttons.find(({ type, text }) => type === 'button' && text.text === label);
      if (!button)
        throw new Error(
          `there is no button ${label} but ${buttons.map(({ text }) => text?.text).join(', ')}`,
        );
      return tell('interactive', {
        type: 'block_actions',
        team: { id: there, domain: 'acme' },
        user: who,
        api_app_id: 'A1',
        trigger_id: trigger(),
        response_url: responseUrl(channel),
        container: { type: 'message', message_ts: ts, channel_id: channel },
        channel: { id: channel, name: 'ops' },
        message: { type: 'message', ts, ...(thread ? { thread_ts: thread } : {}) },
        actions: [{ ...button, block_id: 'b', action_ts: state.ts() }],
      });
    },
    chooses: (view, of) =>
      tell('interactive', {
        type: 'block_actions',
        ...viewBody(view, of),
        container: { type: 'view', view_id: view.id },
        actions: [
          {
            type: 'static_select',
            action_id: 'katabot:field-environment',
            block_id: 'environment',
            action_ts: state.ts(),
            selected_option: { value: of['environment'] ?? '' },
          },
        ],
      }),
    async submits(view, of) {
      const told = await tell('interactive', { type: 'view_submission', ...viewBody(view, of) });
      if (told.json?.response_action !== 'errors') view.open = false;
      return told;
    },
    opensHome: () =>
      event({
        type: 'app_home_opened',
        user: user.id,
        channel: `D${user.id}`,
        tab: 'home',
        event_ts: state.ts(),
      }),
    usesShortcut: () =>
      tell('interactive', {
        type: 'shortcut',
        callback_id: 'katabot:deploy',
        team: { id: there, domain: 'acme' },
        user: who,
        trigger_id: trigger(),
        action_ts: state.ts(),
        token: 'unused',
      }),
    usesMessageShortcut: (message) =>
      tell('interactive', {
        type: 'message_action',
        callback_id: 'katabot:deploy-message',
        team: { id: there, domain: 'acme' },
        user: who,
        channel: { id: message.channel, name: 'ops' },
        message: { type: 'message', ts: message.ts, text: message.text, user: message.user },
        message_ts: message.ts,
        response_url: responseUrl(message.channel),
        trigger_id: trigger(),
        action_ts: state.ts(),
        token: 'unused',
      }),
  };
}
