import type { ContextBlock, InputBlock, KnownBlock, ModalView, PlainTextOption, Select } from '@slack/types';
import { VERBS } from '../../../commands/index.ts';
import type { Money } from '../../../metering/index.ts';
import * as say from '../../../replies/index.ts';
import { CLASSES, type DeployField, MODAL_FIELD } from './deploy-fields.ts';
import { MOST, note, plain } from './elements.ts';
import { cut, verbatimLine } from './text.ts';

/** What Slack calls the view when it comes back. */
export const DEPLOY_MODAL = 'katabot:deploy-modal';
/** What somebody may choose from, and what is chosen so far. Text may come from outside. */
export interface DeployForm {
  /** `owner/name` */
  readonly repositories: readonly string[];
  readonly repository?: string;
  /** Of the chosen repository. */
  readonly pulls: readonly { readonly number: number; readonly title: string }[];
  readonly branches: readonly string[];
  readonly ref?: Ref;
  /** `note` is such as `locked by bo`. */
  readonly environments: readonly { readonly name: string; readonly note: string }[];
  readonly environment?: string;
  /** Such as `4h`; '' for none. */
  readonly ttl?: string;
  readonly reason?: string;
  readonly price:
    | { readonly kind: 'unknown' }
    | { readonly kind: 'known'; readonly perHour: Money; readonly untilThen?: Money }
    | { readonly kind: 'failed'; readonly message: string };
  /** An opaque id that comes back with the form. */
  readonly id: string;
}

export type Ref = { readonly pull: number } | { readonly branch: string };

/** Options of a list, with what they are under. */
interface Group {
  readonly label: string;
  readonly options: readonly PlainTextOption[];
}

/** How long something may live, as it is typed. */
const LIVES = ['1h', '4h', '8h', '1d', '3d', '7d'];
/** Slack takes no more options in a list; a longer list is asked for as somebody types. */
const MOST_OPTIONS = 100;
const LABELS: Readonly<Record<DeployField, string>> = {
  repository: 'Repository',
  ref: 'Pull request or branch',
  environment: 'Environment',
  ttl: 'Time to live',
  reason: 'Reason',
};

/** The form that deploys: the verb's own arguments and options, and the price before anything is pressed. Pure. */
export function deployModal(form: DeployForm): ModalView {
  return {
    type: 'modal',
    callback_id: DEPLOY_MODAL,
    private_metadata: cut(form.id, 3_000),
    title: plain('Deploy', MOST.title),
    submit: plain('Deploy', MOST.title),
    close: plain('Close', MOST.title),
    blocks: [
      choice(form, 'repository', form.repository),
      choice(form, 'ref', form.ref && refValue(form.ref)),
      choice(form, 'environment', form.environment),
      choice(form, 'ttl', form.ttl),
      reasonInput(form),
      { type: 'divider' },
      priceBlock(form),
    ],
  };
}

/** What Slack is told when it asks for the options of a long list, as somebody types. Pure. */
export function deployOptions(
  form: DeployForm,
  field: DeployField,
  typed: string,
):
  | { options: PlainTextOption[] }
  | { option_groups: { label: PlainTextOption['text']; options: PlainTextOption[] }[] } {
  const wanted = typed.trim().toLowerCase();
  const groups = groupsOf(form, field).map(({ label, options }) => ({
    label: plain(label, MOST.option),
    options: options.filter(({ text }) => text.text.toLowerCase().includes(wanted)).slice(0, MOST_OPTIONS),
  }));
  const [first, ...more] = groups.filter(({ options }) => options.length);
  return more.length && first ? { option_groups: [first, ...more] } : { options: first?.options ?? [] };
}

/** The block of a field. Slack keeps what is chosen in a block of the same id, so what hangs on the repository has its name. */
function blockId(field: DeployField, { repository = '' }: DeployForm): string {
  return field === 'ref' || field === 'environment' ? cut(`${field}@${repository}`, 255) : field;
}

function groupsOf(form: DeployForm, field: DeployField): Group[] {
  const named = (label: string, options: readonly PlainTextOption[]): Group => ({
    label,
    options: [
      ...new Map(
        options
          .filter(({ value = '' }) => value.length <= MOST.option && CLASSES[field][0].test(value))
          .map((each) => [each.value, each]),
      ).values(),
    ],
  });
  switch (field) {
    case 'repository':
      return [
        named(
          'Repositories',
          form.repositories.map((name) => option(name, name)),
        ),
      ];
    case 'ref':
      return [
        named(
          'Pull requests',
          form.pulls.map(({ number, title }) => option(`#${number}`, `#${number} ${title}`)),
        ),
        named(
          'Branches',
          form.branches.map((name) => option(`@${name}`, name)),
        ),
      ];
    case 'environment':
      return [
        named(
          'Environments',
          form.environments.map(({ name, note }) => option(name, note ? `${name} · ${note}` : name)),
        ),
      ];
    case 'ttl':
      return [
        named(
          'Time to live',
          LIVES.map((life) => option(life, life)),
        ),
      ];
    case 'reason':
      return [];
  }
}

function option(value: string, text: string): PlainTextOption {
  return { text: plain(text, MOST.option), value };
}

function choice(form: DeployForm, field: DeployField, chosen: string | undefined): InputBlock | ContextBlock {
  const groups = groupsOf(form, field).filter(({ options }) => options.length);
  const options = groups.flatMap((group) => group.options);
  const block_id = blockId(field, form);
  if (!options.length) return { ...note(`${LABELS[field]}: ${say.nothingToChoose(field)}`), block_id };
  const initial = options.find(({ value }) => value === chosen);
  const hint = hintOf(field);
  return {
    type: 'input',
    block_id,
    label: plain(LABELS[field], MOST.field),
    optional: field === 'ttl',
    dispatch_action: true,
    ...(hint ? { hint: plain(hint, MOST.field) } : {}),
    element: {
      ...listOf(groups),
      action_id: `${MODAL_FIELD}${field}`,
      ...(initial ? { initial_option: initial } : {}),
    },
  };
}

function listOf(groups: readonly Group[]): Select {
  const options = groups.flatMap((group) => group.options);
  if (groups.some((group) => group.options.length > MOST_OPTIONS))
    return { type: 'external_select', min_query_length: 0 };
  if (groups.length === 1) return { type: 'static_select', options };
  return {
    type: 'static_select',
    option_groups: groups.map((group) => ({
      label: plain(group.label, MOST.option),
      options: [...group.options],
    })),
  };
}

/** The verb table says what a field is for. */
function hintOf(field: DeployField): string | undefined {
  const deploy = VERBS.find(({ name }) => name === 'deploy');
  const says = deploy?.options.find(({ name }) => name === field)?.says;
  return says && say.asSentence(says);
}

function refValue(ref: Ref): string {
  return 'pull' in ref ? `#${ref.pull}` : `@${ref.branch}`;
}

function reasonInput({ reason }: DeployForm): InputBlock {
  const hint = hintOf('reason');
  return {
    type: 'input',
    block_id: 'reason',
    label: plain(LABELS.reason, MOST.field),
    optional: true,
    ...(hint ? { hint: plain(hint, MOST.field) } : {}),
    element: {
      type: 'plain_text_input',
      action_id: `${MODAL_FIELD}reason`,
      max_length: 500,
      ...(reason ? { initial_value: verbatimLine(reason, 500) } : {}),
    },
  };
}

function priceBlock({ price }: DeployForm): KnownBlock {
  const words =
    price.kind === 'failed' ? price.message : say.modalPrice(price.kind === 'known' ? price : undefined);
  return { ...note(words), block_id: 'price' };
}
