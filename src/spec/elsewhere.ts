import type { Field, Fields } from './field.ts';
import { groupSchema } from './schema/group.ts';

/** Lower-cased property name -> every place of the schema that has it, as paths with `[]` for lists. */
const PLACES = placesOf(groupSchema);

/** Where a property that stands in the wrong place belongs; nearer places first. */
export function placesNamed(name: string, from: string): string[] {
  // What an init container cannot have is mostly what a container can.
  const here = from
    .replace(/\[\d+\]/g, '[]')
    .replace('initContainers', 'containers')
    .split('.');
  const places = PLACES.get(name.toLowerCase()) ?? [];
  const shared = (place: string) => {
    const there = place.split('.');
    const differs = there.findIndex((part, index) => part !== here[index]);
    return differs < 0 ? there.length : differs;
  };
  return [...places].sort((a, b) => shared(b) - shared(a) || a.length - b.length);
}

function placesOf(root: Field): Map<string, string[]> {
  const places = new Map<string, string[]>();
  const note = (name: string, path: string) => {
    const key = name.toLowerCase();
    places.set(key, [...(places.get(key) ?? []), path]);
  };
  const visitFields = (fields: Fields, path: string) => {
    for (const [name, field] of Object.entries(fields)) {
      if (field.kind === 'ignored') continue;
      const place = path ? `${path}.${name}` : name;
      for (const each of [name, ...(field.about.aliases ?? [])]) note(each, place);
      visit(field, place);
    }
  };
  const visit = (field: Field, path: string) => {
    if (field.kind === 'list') visit(field.item, `${path}[]`);
    if (field.kind !== 'object') return;
    visitFields(field.fields, path);
    if (field.inner) visitFields(field.inner, path ? `${path}.properties` : 'properties');
  };
  visit(root, '');
  return places;
}
