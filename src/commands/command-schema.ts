import { VERBS } from './table.ts';
import type { Option } from './verb.ts';

/** JSON Schema (2020-12) of a command as the HTTP API takes it, with each verb's options. Made from the table. */
export function commandSchema(): Record<string, unknown> {
  const asked = VERBS.filter(({ surfaces }) => surfaces.includes('api'));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Command',
    description: 'A command as words, or as one line of text.',
    type: 'object',
    additionalProperties: false,
    oneOf: [{ required: ['words'] }, { required: ['line'] }],
    properties: {
      words: {
        description: 'The verb and what follows it, one word an entry.',
        type: 'array',
        maxItems: 64,
        prefixItems: [{ enum: asked.flatMap(({ name, aliases }) => [name, ...aliases]) }],
        items: { type: 'string', maxLength: 2000 },
      },
      line: { description: 'Such as `/kata status hello`.', type: 'string', maxLength: 2000 },
      secret: {
        description:
          'The value that goes with `secret set` and `secret seal`; kept sealed, and never given out.',
        type: 'string',
        maxLength: 65_536,
        writeOnly: true,
      },
      files: {
        description: 'Files that the command names, such as a containergroup.yaml.',
        type: 'array',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['path', 'text'],
          properties: { path: { type: 'string' }, text: { type: 'string' } },
        },
      },
    },
    $defs: Object.fromEntries(
      asked.map(({ name, summary, right, mutating, options }) => [
        name,
        {
          description: `${summary}. Takes the right ${right}.`,
          'x-right': right,
          'x-mutating': mutating,
          type: 'object',
          additionalProperties: false,
          properties: Object.fromEntries(options.map((option) => [option.name, schemaOf(option)])),
        },
      ]),
    ),
  };
}

function schemaOf({ type, says, values }: Option): Record<string, unknown> {
  const description = says;
  if (values) return { description, enum: values };
  switch (type) {
    case 'flag':
      return { description, type: 'boolean' };
    case 'number':
      return { description, type: 'integer', minimum: 0 };
    case 'duration':
      return { description, type: 'string', pattern: '^([0-9]+[smhd])+$' };
    default:
      return { description, type: 'string' };
  }
}
