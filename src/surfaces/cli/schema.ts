import { jsonSchema } from '../../spec/index.ts';

/** The JSON Schema of containergroup.yaml, for editors. */
export function schemaText(): string {
  return `${JSON.stringify(jsonSchema(), null, 2)}\n`;
}
