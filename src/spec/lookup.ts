import type { Field, Fields } from './field.ts';
import type { MapNode } from './node.ts';

// Made once for each object of the schema: a file is read in a fraction of a millisecond.
const TABLES = new WeakMap<Fields, Map<string, string>>();
const MANDATORY = new WeakMap<Fields, readonly (readonly [string, Field])[]>();

/** The properties that are there in the end, whether they were written or not. */
export function mandatoryOf(fields: Fields): readonly (readonly [string, Field])[] {
  const known = MANDATORY.get(fields);
  if (known) return known;
  const mandatory = Object.entries(fields).filter(([, { presence }]) => presence !== 'optional');
  MANDATORY.set(fields, mandatory);
  return mandatory;
}

/** Names as they are, and names and aliases in lower case -> the property's own name. */
export function tableOf(fields: Fields): Map<string, string> {
  const known = TABLES.get(fields);
  if (known) return known;
  const table = new Map(
    Object.entries(fields).flatMap(([name, { about }]) => [
      [name, name] as const,
      ...[name, ...(about.aliases ?? [])].map((each) => [each.toLowerCase(), name] as const),
    ]),
  );
  TABLES.set(fields, table);
  return table;
}

/** The names that people may write. */
export function namesOf(fields: Fields): string[] {
  return Object.keys(fields).filter((name) => fields[name]?.kind !== 'ignored');
}

/** The names of a mapping that belong to one table and not to the other. */
export function namesKnownTo(fields: Fields, others: Fields, node: MapNode): string[] {
  const [known, own] = [tableOf(fields), tableOf(others)];
  return node.entries
    .map(({ key }) => key.text)
    .filter((name) => known.has(name.toLowerCase()) && !own.has(name.toLowerCase()));
}
