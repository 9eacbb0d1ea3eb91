import { type RawBuilder, sql } from 'kysely';
import type { GroupKey } from '../../event.ts';

/** Keys are written by us alone, always as `environment/name`. */
export function keyFrom(text: string): GroupKey {
  const [environment = '', name = ''] = text.split('/');
  return `${environment}/${name}`;
}

/** `column in (…)` with one parameter however many values there are, so that the statement stays the same. */
export function isOneOf(column: string, values: readonly string[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`;
}
