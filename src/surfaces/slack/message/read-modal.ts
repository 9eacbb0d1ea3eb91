import { CLASSES, type DeployField, MODAL_FIELD } from './deploy-fields.ts';

/** What somebody chose in the form, as words of the one grammar; or what is wrong, by the block where it is. */
export type DeployChoice =
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly chosen: Chosen }
  | { readonly kind: 'mistakes'; readonly errors: Readonly<Record<string, string>> };

/** The same, typed. */
export interface Chosen {
  readonly repository: string;
  readonly pull?: number;
  readonly branch?: string;
  readonly environment: string;
  readonly ttl?: string;
  readonly reason?: string;
}

const FIELDS: readonly DeployField[] = ['repository', 'ref', 'environment', 'ttl', 'reason'];

/**
 * What came back with the form (`view.state.values`), checked again, since Slack passes on what its client sends. It gives
 * words, never a line, so that no value can become more than a value. Pure.
 */
export function readDeployModal(values: unknown): DeployChoice {
  const found = FIELDS.map((field) => ({ field, ...valueIn(values, field) }));
  const wrong = found.filter(({ field, value }) => !CLASSES[field][0].test(value));
  if (wrong.length) {
    return {
      kind: 'mistakes',
      errors: Object.fromEntries(wrong.map(({ field, block }) => [block, CLASSES[field][1]])),
    };
  }
  const [repository = '', ref = '', environment = '', ttl = '', reason = ''] = found.map(
    ({ value }) => value,
  );
  return {
    kind: 'command',
    words: [
      'deploy',
      `${repository}${ref}`,
      'to',
      environment,
      ...(ttl ? [`--ttl=${ttl}`] : []),
      ...(reason ? [`--reason=${reason}`] : []),
    ],
    chosen: {
      repository,
      ...(ref.startsWith('#') ? { pull: Number(ref.slice(1)) } : { branch: ref.slice(1) }),
      environment,
      ...(ttl ? { ttl } : {}),
      ...(reason ? { reason } : {}),
    },
  };
}

/** The value of a field, and the block that it stands in: the first one where the field is not in the form at all. */
function valueIn(values: unknown, field: DeployField): { block: string; value: string } {
  for (const [block, elements] of membersOf(values)) {
    const element = membersOf(elements).find(([name]) => name === `${MODAL_FIELD}${field}`);
    if (element) return { block, value: chosenIn(element[1]).trim() };
  }
  return { block: 'repository', value: '' };
}

function chosenIn(element: unknown): string {
  const members = new Map(membersOf(element));
  const value = members.get('value') ?? new Map(membersOf(members.get('selected_option'))).get('value');
  return typeof value === 'string' ? value : '';
}

function membersOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
