import type { webApi } from '@slack/bolt';
import { inQuotes, repaired } from '../../commands/index.ts';
import type { SlackUser } from '../../store/index.ts';
import { askButton } from './ask.ts';
import { readReason, rejectModal } from './message/index.ts';
import type { Desk } from './parts.ts';

/** A press of *Reject*, and where. */
export interface Rejecting {
  /** The button's own name. */
  readonly button: string;
  readonly channel: string;
  readonly thread: string;
}

/** A no takes a reason, so its button opens a form; the button is used when that comes back. */
export async function openReject(
  client: webApi.WebClient,
  trigger: string,
  rejecting: Rejecting,
): Promise<void> {
  await client.views.open({ trigger_id: trigger, view: rejectModal(JSON.stringify(rejecting)) });
}

/** The form came back: the button is pressed, with the reason as a word of its command. */
export async function submitReject(
  desk: Desk,
  user: SlackUser,
  view: {
    readonly id: string;
    readonly private_metadata: string;
    readonly state: { readonly values: unknown };
  },
): Promise<void> {
  const { button, channel, thread }: Partial<Rejecting> = JSON.parse(view.private_metadata);
  const spoken = {
    team: user.team,
    user,
    channel: channel || user.user,
    thread: thread ?? '',
    responseUrl: '',
    saidAtMs: desk.parts.clock.now(),
  };
  const more = `--reason ${inQuotes(repaired(readReason(view.state.values)))}`;
  await askButton(desk, spoken, { id: button ?? '', pressId: view.id, more });
}
