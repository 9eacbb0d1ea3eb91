/**
 * Slack's Block Kit as Slack checks it: every block and element that the bot may use, strictly, with Slack's limits.
 * Sources: docs.slack.dev/reference/block-kit, and the limits that people met (bolt-js 2509, 2867).
 */
import * as z from 'zod';

/** Slack refuses some 13,000 characters; how it counts is not known, so the strictest way is taken: the JSON. */
const MOST_CHARACTERS = 13_000;
const MOST_BLOCKS = { message: 50, view: 100 };
/** All cells of all tables of a message. */
const MOST_CELL_CHARACTERS = 10_000;

const text = (most: number) => z.string().min(1).max(most);
const url = text(3_000).regex(/^https?:\/\/\S+$/);
const id = text(255);

const plain = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: text(most), emoji: z.boolean().optional() });
const mrkdwn = (most: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: text(most), verbatim: z.boolean().optional() });
const either = (most: number) => z.union([plain(most), mrkdwn(most)]);

const style = z
  .strictObject({
    bold: z.boolean(),
    italic: z.boolean(),
    strike: z.boolean(),
    code: z.boolean(),
    underline: z.boolean(),
  })
  .partial();
const styled = { style: style.optional() };
const richText = z.strictObject({ type: z.literal('text'), text: z.string().min(1), ...styled });
const richLink = z.strictObject({ type: z.literal('link'), url, text: z.string().optional(), ...styled });
const richElement = z.discriminatedUnion('type', [
  richText,
  richLink,
  z.strictObject({ type: z.literal('user'), user_id: z.string().regex(/^[UW][A-Z0-9]+$/), ...styled }),
  z.strictObject({ type: z.literal('usergroup'), usergroup_id: z.string(), ...styled }),
  z.strictObject({ type: z.literal('channel'), channel_id: z.string(), ...styled }),
  z.strictObject({ type: z.literal('broadcast'), range: z.enum(['here', 'channel', 'everyone']), ...styled }),
  z.strictObject({ type: z.literal('emoji'), name: z.string(), unicode: z.string().optional() }),
  z.strictObject({
    type: z.literal('date'),
    timestamp: z.int().positive(),
    format: text(200),
    url: url.optional(),
    fallback: z.string().optional(),
    ...styled,
  }),
]);
const section = z.strictObject({
  type: z.literal('rich_text_section'),
  elements: z.array(richElement).min(1),
});
const border = { border: z.union([z.literal(0), z.literal(1)]).optional() };
const richBlock = z.strictObject({
  type: z.literal('rich_text'),
  block_id: id.optional(),
  elements: z
    .array(
      z.discriminatedUnion('type', [
        section,
        z.strictObject({
          type: z.literal('rich_text_quote'),
          elements: z.array(richElement).min(1),
          ...border,
        }),
        z.strictObject({
          type: z.literal('rich_text_preformatted'),
          elements: z.array(z.union([richText, richLink])).min(1),
          ...border,
        }),
        z.strictObject({
          type: z.literal('rich_text_list'),
          style: z.enum(['bullet', 'ordered']),
          indent: z.int().min(0).max(8).optional(),
          offset: z.int().min(0).optional(),
          elements: z.array(section).min(1),
          ...border,
        }),
      ]),
    )
    .min(1),
});

const confirm = z.strictObject({
  title: plain(100),
  text: either(300),
  confirm: plain(30),
  deny: plain(30),
  style: z.enum(['primary', 'danger']).optional(),
});
const actionable = { action_id: id };
const button = z.strictObject({
  type: z.literal('button'),
  text: plain(75),
  ...actionable,
  value: z.string().max(2_000).optional(),
  url: url.optional(),
  style: z.enum(['primary', 'danger']).optional(),
  accessibility_label: text(75).optional(),
  confirm: confirm.optional(),
});
const option = z.strictObject({
  text: plain(75),
  value: text(75),
  description: plain(75).optional(),
  url: url.optional(),
});
const placeholder = { placeholder: plain(150).optional(), focus_on_load: z.boolean().optional() };
const group = z.strictObject({ label: plain(75), options: z.array(option).min(1).max(100) });
const staticSelect = z
  .strictObject({
    type: z.literal('static_select'),
    ...actionable,
    ...placeholder,
    options: z.array(option).min(1).max(100).optional(),
    option_groups: z.array(group).min(1).max(100).optional(),
    initial_option: option.optional(),
    confirm: confirm.optional(),
  })
  .refine(
    (each) => (each.options === undefined) !== (each.option_groups === undefined),
    'options or option_groups',
  )
  .refine(
    ({ initial_option, options = [], option_groups = [] }) =>
      !initial_option ||
      [...options, ...option_groups.flatMap((each) => each.options)].some(
        (each) => JSON.stringify(each) === JSON.stringify(initial_option),
      ),
    'initial_option is none of the options',
  );
const externalSelect = z.strictObject({
  type: z.literal('external_select'),
  ...actionable,
  ...placeholder,
  min_query_length: z.int().min(0).optional(),
  initial_option: option.optional(),
});
const textInput = z.strictObject({
  type: z.literal('plain_text_input'),
  ...actionable,
  ...placeholder,
  initial_value: z.string().max(3_000).optional(),
  multiline: z.boolean().optional(),
  min_length: z.int().min(0).max(3_000).optional(),
  max_length: z.int().min(1).max(3_000).optional(),
  dispatch_action_config: z
    .strictObject({
      trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).min(1),
    })
    .optional(),
});
const overflow = z.strictObject({
  type: z.literal('overflow'),
  ...actionable,
  options: z.array(option).min(1).max(5),
});
const checkboxes = z.strictObject({
  type: z.literal('checkboxes'),
  ...actionable,
  options: z.array(option).min(1).max(10),
  initial_options: z.array(option).min(1).optional(),
});
const file = z.union([z.strictObject({ id: text(100) }), z.strictObject({ url })]);
const picture = { alt_text: text(2_000), image_url: url.optional(), slack_file: file.optional() };
const isOnePicture = (each: { image_url?: unknown; slack_file?: unknown }) =>
  (each.image_url === undefined) !== (each.slack_file === undefined);

const task = z.strictObject({
  type: z.literal('task_card'),
  block_id: id.optional(),
  task_id: id,
  title: text(3_000),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  details: richBlock.optional(),
  output: richBlock.optional(),
  sources: z.array(z.strictObject({ type: z.literal('url'), url, text: text(300) })).optional(),
});
const block_id = { block_id: id.optional() };
const cell = z.union([z.strictObject({ type: z.literal('raw_text'), text: z.string().min(1) }), richBlock]);

const block = z.union([
  z.strictObject({ type: z.literal('header'), ...block_id, text: plain(150) }),
  z.strictObject({ type: z.literal('divider'), ...block_id }),
  richBlock,
  z
    .strictObject({
      type: z.literal('section'),
      ...block_id,
      text: either(3_000).optional(),
      fields: z.array(either(2_000)).min(1).max(10).optional(),
      accessory: z.union([button, staticSelect, overflow]).optional(),
      expand: z.boolean().optional(),
    })
    .refine((each) => each.text !== undefined || each.fields !== undefined, 'text or fields'),
  z.strictObject({
    type: z.literal('context'),
    ...block_id,
    elements: z
      .array(
        z.union([
          either(3_000),
          z.strictObject({ type: z.literal('image'), ...picture }).refine(isOnePicture),
        ]),
      )
      .min(1)
      .max(10),
  }),
  z.strictObject({
    type: z.literal('actions'),
    ...block_id,
    elements: z
      .array(z.union([button, staticSelect, externalSelect, overflow]))
      .min(1)
      .max(25),
  }),
  z
    .strictObject({ type: z.literal('image'), ...block_id, ...picture, title: plain(2_000).optional() })
    .refine(isOnePicture),
  z.strictObject({
    type: z.literal('input'),
    ...block_id,
    label: plain(2_000),
    hint: plain(2_000).optional(),
    optional: z.boolean().optional(),
    dispatch_action: z.boolean().optional(),
    element: z.union([staticSelect, externalSelect, textInput, checkboxes]),
  }),
  z.strictObject({
    type: z.literal('table'),
    ...block_id,
    rows: z.array(z.array(cell).min(1).max(20)).min(1).max(100),
    column_settings: z
      .array(
        z.strictObject({
          align: z.enum(['left', 'center', 'right']).optional(),
          is_wrapped: z.boolean().optional(),
        }),
      )
      .max(20)
      .optional(),
  }),
  z.strictObject({
    type: z.literal('plan'),
    ...block_id,
    title: text(3_000),
    tasks: z.array(task).min(1).max(50).optional(),
  }),
  task,
]);

const view = z.strictObject({
  type: z.enum(['modal', 'home']),
  blocks: z.array(block).min(1).max(MOST_BLOCKS.view),
  title: plain(24).optional(),
  submit: plain(24).optional(),
  close: plain(24).optional(),
  callback_id: id.optional(),
  external_id: id.optional(),
  private_metadata: z.string().max(3_000).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
});

/** Why Slack refuses something. `messages` are as in `response_metadata`. */
export interface Complaint {
  readonly error: 'invalid_blocks' | 'msg_blocks_too_long' | 'no_text' | 'msg_too_long' | 'invalid_arguments';
  readonly messages: readonly string[];
}

/** What Slack says of a message; undefined when it takes it. `refused` are kinds of blocks that the workspace does not know. */
export function complaintAboutMessage(
  message: { readonly text?: unknown; readonly blocks?: unknown },
  refused: readonly string[] = [],
): Complaint | undefined {
  const blocks = message.blocks ?? [];
  const sentence = typeof message.text === 'string' ? message.text : '';
  if (!sentence && Array.isArray(blocks) && !blocks.length) return { error: 'no_text', messages: [] };
  if (sentence.length > 40_000) return { error: 'msg_too_long', messages: [] };
  const read = z.array(block).max(MOST_BLOCKS.message).safeParse(blocks);
  if (!read.success) return invalid(read.error);
  const unknown = read.data
    .filter(({ type }) => refused.includes(type))
    .map(({ type }) => `unsupported type: ${type}`);
  const messages = [...unknown, ...alsoWrong(read.data)];
  if (messages.length) return { error: 'invalid_blocks', messages };
  if (JSON.stringify(blocks).length > MOST_CHARACTERS) return { error: 'msg_blocks_too_long', messages: [] };
  return undefined;
}

/** What Slack says of a modal or a home tab; undefined when it takes it. */
export function complaintAboutView(given: unknown): Complaint | undefined {
  const read = view.safeParse(given);
  if (!read.success) return { ...invalid(read.error), error: 'invalid_arguments' };
  const { type, blocks, title, submit } = read.data;
  const messages = [
    ...alsoWrong(blocks),
    ...(type === 'modal' && !title ? ['missing required field: title'] : []),
    ...(type === 'modal' && !submit && blocks.some((each) => each.type === 'input')
      ? ['submit is required with input blocks']
      : []),
    ...(type === 'home' && (title || submit) ? ['a home tab has no title'] : []),
    ...blocks
      .filter((each) => ['plan', 'task_card'].includes(each.type))
      .map((each) => `unsupported type: ${each.type}`),
  ];
  return messages.length ? { error: 'invalid_arguments', messages } : undefined;
}

function invalid(error: z.ZodError): Complaint {
  const messages = error.issues
    .slice(0, 10)
    .map((issue) => `${issue.message} [json-pointer:/blocks/${issue.path.join('/')}]`);
  return { error: 'invalid_blocks', messages };
}

/** What no block shows on its own. */
function alsoWrong(blocks: readonly z.infer<typeof block>[]): string[] {
  const ids = blocks.flatMap((each) => (each.block_id === undefined ? [] : [each.block_id]));
  const kinds = new Set<string>(blocks.map(({ type }) => type));
  const cells = blocks.flatMap((each) => (each.type === 'table' ? each.rows.flat() : []));
  const characters = cells.reduce(
    (sum, each) => sum + (each.type === 'raw_text' ? each.text.length : JSON.stringify(each).length),
    0,
  );
  return [
    ...(new Set(ids).size === ids.length ? [] : ['block_id is given twice']),
    ...(kinds.has('plan') && kinds.has('task_card') ? ['plan and task_card cannot be mixed'] : []),
    ...(characters > MOST_CELL_CHARACTERS ? [`tables have ${characters} characters`] : []),
    ...blocks.flatMap(twins),
  ];
}

function twins(each: z.infer<typeof block>): string[] {
  const names =
    each.type === 'actions'
      ? each.elements.map(({ action_id }) => action_id)
      : each.type === 'plan'
        ? (each.tasks ?? []).map(({ task_id }) => task_id)
        : [];
  return new Set(names).size === names.length ? [] : [`an id is given twice in ${each.type}`];
}
