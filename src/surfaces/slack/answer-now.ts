import * as z from 'zod';
import { DEPLOY_MODAL } from './message/index.ts';
import { mistakesIn, suggestions } from './modal.ts';
import type { Desk } from './parts.ts';
import type { NowAnswer } from './requests.ts';

const suggestionSchema = z.looseObject({
  type: z.literal('block_suggestion'),
  action_id: z.string(),
  value: z.string().default(''),
  view: z.looseObject({
    private_metadata: z.string(),
    state: z.looseObject({ values: z.unknown() }).default({ values: {} }),
  }),
});

/** What Slack wants an answer to within the request: the mistakes of a form, and the options of a long list. */
export async function answerNow(desk: Desk, body: unknown): Promise<NowAnswer | undefined> {
  const asked = suggestionSchema.safeParse(body);
  if (asked.success) {
    const { view, action_id: action, value: typed } = asked.data;
    return { json: await suggestions(desk, view, { action, typed }), takes: false };
  }
  const { type, view }: { type?: unknown; view?: unknown } = Object(body);
  if (type !== 'view_submission' || Object(view).callback_id !== DEPLOY_MODAL) return undefined;
  const errors = mistakesIn(view);
  return errors
    ? { json: { response_action: 'errors', errors }, takes: false }
    : { json: { response_action: 'clear' }, takes: true };
}
