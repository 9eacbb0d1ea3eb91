import type { webApi } from '@slack/bolt';
import { inQuotes, repaired } from '../../commands/index.ts';
import type { SlackUser } from '../../store/index.ts';
import { ask } from './ask.ts';
import {
  type DeployField,
  type DeployForm,
  deployModal,
  deployOptions,
  MODAL_FIELD,
  readDeployModal,
} from './message/index.ts';
import type { Desk } from './parts.ts';

/** Where a form was opened, and what for. */
export interface Opened {
  /** Lives three seconds. */
  readonly trigger: string;
  readonly team: string;
  readonly user: SlackUser;
  readonly channel: string;
  /** What is chosen already, such as `acme/shop#412`. */
  readonly words: string;
}

/** A view as it comes back from Slack. */
interface ComeBack {
  readonly id: string;
  readonly private_metadata: string;
  readonly state: { readonly values: unknown };
}

/** Opens the form at once, since the trigger lives three seconds; what there is to choose from is filled in afterwards. */
export async function openModal(desk: Desk, client: webApi.WebClient, opened: Opened): Promise<void> {
  const id = JSON.stringify({ channel: opened.channel, words: opened.words });
  const { view } = await client.views.open({
    trigger_id: opened.trigger,
    view: deployModal({ ...EMPTY, id }),
  });
  if (!view?.id) return;
  await client.views.update({ view_id: view.id, view: deployModal(await formOf(desk, id, undefined)) });
}

const EMPTY: Omit<DeployForm, 'id'> = {
  repositories: [],
  pulls: [],
  branches: [],
  environments: [],
  price: { kind: 'unknown' },
};

/** Something was chosen: what there is to choose of it, and its price, come with it. */
export async function changeModal(desk: Desk, client: webApi.WebClient, view: ComeBack): Promise<void> {
  const form = await formOf(desk, view.private_metadata, view.state.values);
  await client.views.update({ view_id: view.id, view: deployModal(form) });
}

/** What is wrong with a form is answered at once, at the blocks that are wrong; undefined for one that is right. */
export function mistakesIn(view: unknown): Record<string, string> | undefined {
  const choice = readDeployModal(Object(Object(view).state).values);
  return choice.kind === 'mistakes' ? { ...choice.errors } : undefined;
}

const FIELDS: readonly DeployField[] = ['repository', 'ref', 'environment', 'ttl', 'reason'];

/** What Slack asks for while somebody types into a list that is too long to be sent whole. */
export async function suggestions(
  desk: Desk,
  view: Pick<ComeBack, 'private_metadata' | 'state'>,
  { action, typed }: { readonly action: string; readonly typed: string },
) {
  const field = FIELDS.find((each) => action === `${MODAL_FIELD}${each}`) ?? 'repository';
  return deployOptions(await formOf(desk, view.private_metadata, view.state.values), field, typed);
}

/** The form is a command like any other. */
export async function submitModal(desk: Desk, user: SlackUser, view: ComeBack): Promise<void> {
  const choice = readDeployModal(view.state.values);
  if (choice.kind === 'mistakes') return; // told when it was pressed
  const { channel } = openedIn(view.private_metadata);
  const line = `/kata ${choice.words.map((word) => (/^[\w./#@:=-]+$/.test(word) ? word : quotedOption(word))).join(' ')}`;
  const nowMs = desk.parts.clock.now();
  const spoken = { team: user.team, user, channel, thread: '', responseUrl: '', saidAtMs: nowMs };
  await ask(desk, `form:${user.team}:${view.id}`, spoken, [line]);
}

/** `--reason=two words` as it is typed: the name as it is, the value in quotes. */
function quotedOption(word: string): string {
  const at = word.indexOf('=') + 1;
  return `${word.slice(0, at)}${inQuotes(repaired(word.slice(at)))}`;
}

function openedIn(metadata: string): { channel: string; words: string } {
  try {
    const { channel = '', words = '' }: { channel?: unknown; words?: unknown } = JSON.parse(metadata);
    return { channel: String(channel), words: String(words) };
  } catch {
    return { channel: '', words: '' };
  }
}

async function formOf(desk: Desk, id: string, values: unknown): Promise<DeployForm> {
  const { places, pullRequests, settings } = desk.parts;
  const choice = readDeployModal(values);
  const { words } = openedIn(id);
  const [, wantedRepository = '', wantedPull] = /^([^#@]+)(?:#(\d+))?/.exec(words) ?? [];
  const repositories = [
    ...new Set([...(await places.repositories()), ...Object.values(settings.repositories)]),
  ];
  const chosen = 'chosen' in choice ? choice.chosen : partlyChosen(values);
  const repository =
    chosen.repository || wantedRepository || (repositories.length === 1 ? repositories[0] : undefined);
  const pulls = repository && pullRequests ? await pullRequests.open(repository) : [];
  const branches = repository ? await places.branches(repository) : [];
  const groups = (await places.groups()).filter((each) => each.repository === repository);
  const environments = [
    ...new Set([...settings.environments, ...groups.map(({ environment }) => environment), 'production']),
  ];
  const ref =
    'pull' in chosen && chosen.pull
      ? { pull: chosen.pull }
      : chosen.branch
        ? { branch: chosen.branch }
        : wantedPull
          ? { pull: Number(wantedPull) }
          : undefined;
  return {
    repositories,
    ...(repository ? { repository } : {}),
    pulls,
    branches,
    ...(ref ? { ref } : {}),
    environments: environments.map((name) => ({ name, note: '' })),
    ...(chosen.environment ? { environment: chosen.environment } : {}),
    ...(chosen.ttl ? { ttl: chosen.ttl } : {}),
    ...(chosen.reason ? { reason: chosen.reason } : {}),
    price: await priceOf(desk, repository, chosen.environment, ref),
    id,
  };
}

/** What is chosen of a form that is not complete yet. */
function partlyChosen(values: unknown) {
  const fields = Object.values(Object(values)).flatMap((block) => Object.entries(Object(block)));
  const value = (field: string) => {
    const element = Object(fields.find(([name]) => name === `${MODAL_FIELD}${field}`)?.[1]);
    const found: unknown = Object(element.selected_option).value ?? element.value;
    return typeof found === 'string' ? found : '';
  };
  const ref = value('ref');
  return {
    repository: value('repository'),
    pull: ref.startsWith('#') ? Number(ref.slice(1)) : undefined,
    branch: ref.startsWith('@') ? ref.slice(1) : undefined,
    environment: value('environment'),
    ttl: value('ttl'),
    reason: value('reason'),
  };
}

/** What it will cost, by the files of what is chosen; until something is, by those of the environment's branch. */
async function priceOf(
  desk: Desk,
  repository: string | undefined,
  environment = '',
  ref: DeployForm['ref'],
): Promise<DeployForm['price']> {
  if (!repository || !environment) return { kind: 'unknown' };
  const { places, pullRequests, warn } = desk.parts;
  const branch = ref && 'branch' in ref ? ref.branch : undefined;
  const tree =
    ref &&
    (await pullRequests?.tree(repository, ref).catch((error: unknown) => {
      warn({ why: String(error).slice(0, 300) }, 'a form is shown without the price of what is chosen');
      return undefined;
    }));
  const price = await places.price(repository, environment, { branch, files: tree?.files });
  return price ? { kind: 'known', perHour: price } : { kind: 'unknown' };
}
