import type { Field, Fields } from './field.ts';
import { groupSchema } from './schema/group.ts';

/** JSON Schema (draft 7, which editors understand best) of containergroup.yaml, made from the one table. */
export function jsonSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Container group (Azure Container Instances), as Katabot reads it',
    ...schemaOf(groupSchema),
  };
}

type Schema = Record<string, unknown>;

function schemaOf(field: Field): Schema {
  const { about } = field;
  const described = {
    description: `${about.says}${about.since ? ` Since API ${about.since}.` : ''}`,
    ...(about.example && field.kind !== 'object' && field.kind !== 'list'
      ? { examples: [exampleOf(field, about.example)] }
      : {}),
    ...(field.presence === 'default' && typeof field.fallback === 'string'
      ? { default: field.fallback }
      : {}),
  };
  return { ...described, ...shapeOf(field) };
}

function exampleOf(field: Field, example: string): unknown {
  return field.kind === 'number' ? Number(example) : example.replace(/^'|'$/g, '');
}

function shapeOf(field: Field): Schema {
  switch (field.kind) {
    case 'text':
      return {
        type: ['string', 'number', 'boolean'],
        ...(field.rules.pattern ? { pattern: field.rules.pattern.source } : {}),
        ...(field.rules.most ? { maxLength: field.rules.most } : {}),
      };
    case 'number':
      return {
        type: [field.whole ? 'integer' : 'number', 'string'],
        ...(field.rules.least === undefined ? {} : { minimum: field.rules.least }),
        ...(field.rules.most === undefined ? {} : { maximum: field.rules.most }),
      };
    case 'flag':
      return { type: 'boolean' };
    case 'choice':
      return { type: 'string', enum: field.values };
    case 'list':
      return field.lone
        ? { anyOf: [{ type: 'array', items: schemaOf(field.item) }, schemaOf(field.item)] }
        : { type: 'array', items: schemaOf(field.item) };
    case 'map':
      return { type: ['object', 'null'], additionalProperties: schemaOf(field.value) };
    case 'names':
      return { type: 'object' };
    case 'object':
      return objectSchema(field.fields, field.inner);
    case 'ignored':
      return {};
  }
}

function objectSchema(fields: Fields, inner: Fields | undefined): Schema {
  const properties: Schema = Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      [name, ...(field.about.aliases ?? [])].map((each) => [each, schemaOf(field)]),
    ),
  );
  const needed = Object.entries(fields)
    .filter(([, field]) => field.presence === 'required')
    .map(([name]) => name);
  if (inner) {
    properties['properties'] = { description: 'The properties.', ...objectSchema(inner, undefined) };
    needed.push('properties');
  }
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(needed.length ? { required: needed } : {}),
  };
}
