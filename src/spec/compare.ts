import { Secret } from '../secrets/index.ts';
import type { ChangeEffect, Field, Fields } from './field.ts';
import { type Group, groupSchema } from './schema/group.ts';

/** One property of an understood value: where it is, what it is, what a change of it does. */
export interface Leaf {
  readonly path: string;
  /** The container it belongs to; '' for what belongs to the group. */
  readonly container: string;
  readonly value: unknown;
  readonly effect: ChangeEffect;
}

/**
 * Every property of a value with the effect that the schema gives it. Diff and fingerprints are both made from this list,
 * so they cannot disagree. Entries of lists are named where they have names, so that order does not count as a change.
 */
export function leavesOf(field: Field, value: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  visit(field, value, { path: '', container: '', effect: 'replace' }, leaves);
  return [
    ...leaves,
    ...ownVolumes(leaves, /\.secureValue$/, 'secureValues'),
    ...ownVolumes(leaves, /\.configMap\.keyValuePairs\./, 'configMaps'),
  ];
}

/** Those of a group. A Windows group is one container and nothing around it: what restarts that makes the group anew. */
export function groupLeaves(group: Group): Leaf[] {
  const leaves = leavesOf(groupSchema, group);
  if (group.osType !== 'Windows') return leaves;
  return leaves.map((leaf) => (leaf.effect === 'restart' ? { ...leaf, effect: 'replace' } : leaf));
}

/**
 * Whether a container has secure values or a config map at all: both come in a volume of their own, and a sandbox gets its
 * volumes when it is made. So the first of them, and the last that goes, take a new pod, while a change of one does not.
 */
function ownVolumes(leaves: readonly Leaf[], property: RegExp, name: string): Leaf[] {
  const owners = new Set(
    leaves.flatMap(({ path, container }) =>
      container && property.test(path) ? [path.slice(0, path.indexOf(']') + 1)] : [],
    ),
  );
  return [...owners].map((owner) => ({
    path: `${owner}.${name}`,
    container: '',
    value: 'present',
    effect: 'replace',
  }));
}

interface Place {
  readonly path: string;
  readonly container: string;
  readonly effect: ChangeEffect;
}

function visit(field: Field, value: unknown, place: Place, leaves: Leaf[]): void {
  if (value === undefined || field.kind === 'ignored') return;
  const here = { ...place, effect: field.about.effect ?? place.effect };
  if (field.kind === 'object') visitObject({ ...field.fields, ...field.inner }, value, here, leaves);
  else if (field.kind === 'list' && Array.isArray(value)) visitList(field.item, value, here, leaves);
  else if (field.kind === 'map' && isRecord(value)) {
    for (const [name, each] of Object.entries(value))
      leaves.push({ ...here, path: `${here.path}.${name}`, value: each });
  } else leaves.push({ ...here, value });
}

function visitObject(fields: Fields, value: unknown, place: Place, leaves: Leaf[]): void {
  if (!isRecord(value)) return;
  // An object that is there without properties is still something, such as emptyDir: {}.
  if (!Object.values(value).some((each) => each !== undefined)) leaves.push({ ...place, value: '{}' });
  for (const [name, field] of Object.entries(fields)) {
    visit(field, value[name], { ...place, path: place.path ? `${place.path}.${name}` : name }, leaves);
  }
}

function visitList(item: Field, value: readonly unknown[], place: Place, leaves: Leaf[]): void {
  const listOfContainers = place.path === 'containers' || place.path === 'initContainers';
  const times = new Map<string, number>();
  for (const [index, each] of value.entries()) {
    const plain = nameOf(each) ?? String(index);
    const time = (times.get(plain) ?? 0) + 1;
    times.set(plain, time);
    // Two headers may have one name; two paths may not.
    const name = time > 1 ? `${plain}#${time}` : plain;
    const path = `${place.path}[${name}]`;
    const container = listOfContainers ? name : place.container;
    // That an entry is there at all is a fact of the list, not of the entry.
    leaves.push({
      ...place,
      path,
      container: '',
      value: place.path === 'initContainers' ? index : 'present',
      effect: place.effect,
    });
    visit(item, each, { ...place, path, container }, leaves);
  }
}

/** What tells the entries of a list apart: one volume may be mounted at several paths. Init containers run in order, elsewhere order means nothing. */
export function nameOf(entry: unknown): string | undefined {
  if (!isRecord(entry)) return undefined;
  const name = entry['mountPath'] ?? entry['name'] ?? entry['port'] ?? entry['server'] ?? entry['id'];
  return name === undefined ? undefined : String(name);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

/** Whether two leaves hold the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Secret || b instanceof Secret)
    return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal();
  return JSON.stringify(a) === JSON.stringify(b);
}
