import type { ModalView } from '@slack/types';
import { MODAL_FIELD } from './deploy-fields.ts';
import { MOST, plain } from './elements.ts';
import { cut } from './text.ts';

/** What Slack calls the view when it comes back. */
export const REJECT_MODAL = 'katabot:reject-modal';
const LONGEST_REASON = 300;

/** Asks why. `id` comes back with it. Pure. */
export function rejectModal(id: string): ModalView {
  return {
    type: 'modal',
    callback_id: REJECT_MODAL,
    private_metadata: cut(id, 3_000),
    title: plain('Reject', MOST.title),
    submit: plain('Reject', MOST.title),
    close: plain('Close', MOST.title),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: plain('Reason', MOST.label),
        hint: plain('Who has asked for it reads it.', MOST.label),
        element: {
          type: 'plain_text_input',
          action_id: `${MODAL_FIELD}reason`,
          min_length: 1,
          max_length: LONGEST_REASON,
        },
      },
    ],
  };
}

/** What somebody has written, in one line and no longer than was asked for; '' for nothing. Pure. */
export function readReason(values: unknown): string {
  const element: unknown = Object(Object(Object(values)['reason'])[`${MODAL_FIELD}reason`]).value;
  return typeof element === 'string' ? cut(element.replaceAll(/\s+/g, ' ').trim(), LONGEST_REASON) : '';
}
