import { dump } from 'js-yaml';
import { SEALED, Secret } from '../secrets/index.ts';
import type { Field, Fields } from './field.ts';
import { KEPT } from './references.ts';
import { type Group, groupSchema } from './schema/group.ts';

/**
 * A group as the text of a containergroup.yaml: reading it again gives the same group. Secrets stand as they stood in the
 * file, sealed or as references, and those that it held as references to the group's own (`katabot:kept`): so the text may
 * be shown and committed. What is a default is left out.
 */
export function writeGroup(group: Group): string {
  const document = written(groupSchema, group);
  const { name, apiVersion, location, ...rest } = isRecord(document) ? document : {};
  return dump(
    {
      ...(apiVersion === undefined ? {} : { apiVersion }),
      type: 'Microsoft.ContainerInstance/containerGroups',
      name,
      ...(location === undefined ? {} : { location }),
      ...rest,
    },
    { lineWidth: -1, noRefs: true },
  );
}

/** The value as it is written; undefined for what need not be. */
function written(field: Field, value: unknown): unknown {
  if (value === undefined || field.kind === 'ignored') return undefined;
  if (value instanceof Secret) return value.source ?? KEPT;
  switch (field.kind) {
    case 'list':
      return Array.isArray(value) ? value.map((each) => written(field.item, each)) : undefined;
    case 'map':
      return isRecord(value)
        ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, written(field.value, each)]))
        : undefined;
    case 'names':
      return Array.isArray(value) ? Object.fromEntries(value.map((each) => [each, {}])) : undefined;
    case 'object':
      return isRecord(value) ? writtenObject(field, value) : undefined;
    default:
      return value;
  }
}

function writtenObject(
  { fields, inner }: Extract<Field, { kind: 'object' }>,
  value: Record<string, unknown>,
): Record<string, unknown> {
  const outside = writtenFields(fields, value);
  return inner ? { ...outside, properties: writtenFields(inner, value) } : outside;
}

function writtenFields(fields: Fields, value: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).flatMap(([name, field]): (readonly [string, unknown])[] => {
    const each = value[name];
    if (isDefault(field, each)) return [];
    const reference = `${name}Reference` in fields ? `${name}Reference` : name;
    if (field.kind === 'map' && isSecretText(field.value)) return writtenFiles(name, reference, field, each);
    const text = written(field, each);
    if (text === undefined) return [];
    return [[isSecretText(field) && !isSealed(each) ? reference : name, text]];
  });
  return Object.fromEntries(entries);
}

/** A secret is written under the name of its reference, `secureValue` under `secureValueReference`; a sealed one is no reference. */
function writtenFiles(
  name: string,
  reference: string,
  field: Field,
  files: unknown,
): (readonly [string, unknown])[] {
  if (!isRecord(files)) return [];
  const { sealed = [], others = [] } = Object.groupBy(Object.entries(files), ([, each]) =>
    isSealed(each) ? 'sealed' : 'others',
  );
  const parts = [[name, sealed] as const, [reference, others] as const];
  return parts.flatMap(([as, entries]) =>
    entries.length ? [[as, written(field, Object.fromEntries(entries))] as const] : [],
  );
}

function isSealed(value: unknown): boolean {
  return value instanceof Secret && value.source?.startsWith(SEALED) === true;
}

function isSecretText(field: Field): boolean {
  return field.kind === 'text' && field.secret;
}

function isDefault(field: Field, value: unknown): boolean {
  return field.presence === 'default' && JSON.stringify(value) === JSON.stringify(field.fallback);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
