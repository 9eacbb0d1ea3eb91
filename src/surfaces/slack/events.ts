import type { App, BlockAction, webApi } from '@slack/bolt';
import type { Delivery } from '../../mail/index.ts';
import type { SlackUser } from '../../store/index.ts';
import { ask, askButton, askMention } from './ask.ts';
import { showHome } from './home.ts';
import { ACTION, DEPLOY_MODAL, REJECT_MODAL } from './message/index.ts';
import { changeModal, openModal, submitModal } from './modal.ts';
import type { Desk } from './parts.ts';
import { openReject, submitReject } from './reject.ts';
import { targetIn } from './shortcuts.ts';

/** Hands a delivery to Bolt, which calls those who listen to it. What an uninstalled workspace has sent is let go. */
export async function receive(app: App, { payload, receivedAtMs }: Delivery): Promise<void> {
  const body: Record<string, unknown> = JSON.parse(payload);
  await app.processEvent({ body, ack: async () => {}, customProperties: { receivedAtMs } });
}

/** What each of Slack's deliveries asks for. They were acknowledged when they were written down. */
export function listenTo(desk: Desk, app: App): void {
  listenToWords(desk, app);
  listenToClicks(desk, app);
  app.event('app_home_opened', async ({ event, body }) => {
    if (event.tab === 'home') await showHome(desk, { team: body.team_id, user: event.user });
  });
  for (const event of ['app_uninstalled', 'tokens_revoked'] as const)
    app.event(event, async ({ event: gone, body }) => {
      if (gone.type === 'tokens_revoked' && !gone.tokens.bot?.length) return; // some person's, of which the bot has none
      await desk.parts.slack.teams.remove(body.team_id);
    });
}

function listenToWords(desk: Desk, app: App): void {
  app.command(/^\/(kata|deploy)$/, async ({ command, context, client }) => {
    const { team_id: team, user_id: user, channel_id: channel, trigger_id: trigger, text } = command;
    const words = text.trim();
    const wantsForm = command.command === '/deploy' ? words === '' : /^(deploy|up|ship)$/i.test(words);
    if (wantsForm)
      return openModal(desk, client, { trigger, team, user: { team, user }, channel, words: '' });
    const spoken = {
      team,
      user: { team, user },
      channel,
      thread: '',
      responseUrl: command.response_url,
      saidAtMs: receivedAt(context),
    };
    await ask(desk, `command:${team}:${trigger}`, spoken, [`${command.command} ${words || 'help'}`]);
  });
  app.event('app_mention', async ({ event, body, context }) => {
    const { bot_id: bot, user, channel, text, ts, thread_ts: thread = '' } = event;
    if (bot || !user) return; // bots ask nothing, the bot itself least of all
    const team = body.team_id;
    const { user_team: home, source_team: source }: { user_team?: unknown; source_team?: unknown } =
      Object(event);
    const own = [home, source].find((each): each is string => typeof each === 'string') ?? team;
    const spoken = {
      team,
      user: { team: own, user },
      channel,
      thread,
      responseUrl: '',
      saidAtMs: Number(ts) * 1_000,
    };
    await askMention(desk, { ...spoken, ts }, text, context.botUserId ?? '');
  });
}

function listenToClicks(desk: Desk, app: App): void {
  const anything = { action_id: new RegExp(`^${ACTION}`), type: 'block_actions' } as const;
  app.action<BlockAction>(anything, async ({ body, action, client, context }) => {
    if (body.view?.callback_id === DEPLOY_MODAL) return changeModal(desk, client, body.view);
    const team = body.team?.id ?? body.user.team_id ?? '';
    const user: SlackUser = { team: body.user.team_id ?? team, user: body.user.id };
    const channel = body.channel?.id ?? '';
    if (action.type !== 'button') return;
    const { action_ts: at, value } = action;
    if (action.action_id === `${ACTION}deploy`)
      return openModal(desk, client, { trigger: body.trigger_id, team, user, channel, words: '' });
    if (typeof value !== 'string') return; // a link, which the browser follows
    const messageTs = body.message?.ts ?? '';
    const thread = String(body.message?.['thread_ts'] ?? messageTs);
    const spoken = {
      team,
      user,
      channel: channel || user.user,
      thread,
      responseUrl: body.response_url ?? '',
      saidAtMs: receivedAt(context),
    };
    if (action.action_id === `${ACTION}reject`)
      return openReject(client, body.trigger_id, { button: value, channel, thread });
    await removeDouble(desk, client, { id: value, channel, messageTs });
    await askButton(desk, spoken, { id: value, pressId: at });
  });
  app.view(REJECT_MODAL, async ({ body, view }) => {
    const team = body.team?.id ?? body.user.team_id ?? '';
    await submitReject(desk, { team: body.user.team_id ?? team, user: body.user.id }, view);
  });
  app.view(DEPLOY_MODAL, async ({ body, view }) =>
    submitModal(desk, { team: body.team?.id ?? body.user.team_id ?? '', user: body.user.id }, view),
  );
  app.shortcut({ callback_id: 'katabot:deploy', type: 'shortcut' }, async ({ shortcut, client }) => {
    const team = shortcut.team?.id ?? shortcut.user.team_id ?? '';
    const user = { team, user: shortcut.user.id };
    await openModal(desk, client, {
      trigger: shortcut.trigger_id,
      team,
      user,
      channel: user.user,
      words: '',
    });
  });
  app.shortcut(
    { callback_id: 'katabot:deploy-message', type: 'message_action' },
    async ({ shortcut, client }) => {
      if (shortcut.type !== 'message_action') return;
      const team = shortcut.team?.id ?? '';
      const user = { team: shortcut.user.team_id ?? team, user: shortcut.user.id };
      const words = targetIn(shortcut.message.text ?? '');
      await openModal(desk, client, {
        trigger: shortcut.trigger_id,
        team,
        user,
        channel: shortcut.channel.id,
        words,
      });
    },
  );
}

/** A message whose answer was lost was sent again; the one that is known by no book goes as soon as somebody shows it. */
async function removeDouble(
  { parts }: Desk,
  client: webApi.WebClient,
  { id, channel, messageTs }: { id: string; channel: string; messageTs: string },
): Promise<void> {
  const room = (await parts.slack.buttons.get(id))?.room;
  const known = room ? await parts.slack.rooms.get(room) : undefined;
  if (!known?.ts || !messageTs || known.ts === messageTs || known.channel !== channel) return;
  if ((await parts.slack.buttons.get(id))?.deed === 'run') return;
  await client.chat.delete({ channel, ts: messageTs }).catch(() => {}); // it is in nobody's way
}

function receivedAt(context: { [name: string]: unknown }): number {
  return Number(context['receivedAtMs'] ?? 0);
}
