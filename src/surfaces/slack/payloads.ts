import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Everything that Slack delivers, as far as the bot looks at it; whatever else is in there is left alone. */
const text = z.string().default('');
const named = z.looseObject({ id: z.string() });
const teamSchema = z.looseObject({ id: text }).nullish();

const eventSchema = z.looseObject({
  type: z.literal('event_callback'),
  team_id: text,
  event_id: z.string(),
  event: z.looseObject({
    type: z.string(),
    user: z.unknown().optional(),
    channel: z.unknown().optional(),
    ts: z.string().optional(),
  }),
});
const commandSchema = z.looseObject({
  command: z.string(),
  trigger_id: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  user_id: z.string(),
});
const actionSchema = z.looseObject({
  type: z.enum([
    'block_actions',
    'view_submission',
    'view_closed',
    'shortcut',
    'message_action',
    'block_suggestion',
  ]),
  team: teamSchema,
  user: z.looseObject({ id: z.string(), team_id: z.string().optional() }),
  trigger_id: z.string().optional(),
  view: named.optional(),
  actions: z.array(z.looseObject({ action_id: text, action_ts: text })).optional(),
});

/** What a delivery is, and where it belongs. */
export interface Identity {
  readonly id: string;
  readonly naturalKey: string;
  readonly lane: string;
  /** Such as `app_mention`, `command` or `block_actions`. */
  readonly event: string;
  readonly team: string;
}

/** Undefined for what is no delivery of Slack. Pure. */
export function identityOf(body: unknown): Identity | undefined {
  const event = eventSchema.safeParse(body);
  if (event.success) return ofEvent(event.data);
  const command = commandSchema.safeParse(body);
  if (command.success) {
    const { trigger_id: trigger, team_id: team } = command.data;
    return {
      id: short(trigger),
      naturalKey: `command:${team}:${trigger}`,
      lane: `slack:${short(trigger)}`,
      event: 'command',
      team,
    };
  }
  const action = actionSchema.safeParse(body);
  return action.success ? ofAction(action.data) : undefined;
}

function ofEvent({ event_id: id, team_id: team, event }: z.infer<typeof eventSchema>): Identity {
  const place = typeof event.channel === 'string' ? event.channel : '';
  // The same message is told once for the app and once more when the request was repeated under another id.
  const naturalKey =
    event.type === 'app_mention' && event.ts ? `mention:${team}:${place}:${event.ts}` : `event:${team}:${id}`;
  return { id, naturalKey, lane: `slack:${team}:${place || id}`, event: event.type, team };
}

function ofAction(body: z.infer<typeof actionSchema>): Identity {
  const { type, team, user, view, actions = [], trigger_id: trigger = '' } = body;
  const home = team?.id || (user.team_id ?? '');
  const [first] = actions;
  const natural =
    type === 'view_submission' || type === 'view_closed'
      ? `${type}:${home}:${view?.id ?? ''}`
      : `${type}:${home}:${user.id}:${first ? `${first.action_id}:${first.action_ts}` : trigger}`;
  return {
    id: short(natural),
    naturalKey: natural,
    lane: `slack:${short(natural)}`,
    event: type,
    team: home,
  };
}

/** Trigger ids are long, and ids of deliveries are for the log, too. */
function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
