import type { Effect } from '../event.ts';
import { Secret } from '../secrets/index.ts';
import { groupLeaves, type Leaf, sameValue } from './compare.ts';
import type { ChangeEffect } from './field.ts';
import type { Group } from './schema/group.ts';

/** One property that differs between two groups; ready to be shown, secrets hidden. */
export interface Change {
  readonly path: string;
  readonly effect: ChangeEffect;
  /** '' when it was not there. */
  readonly from: string;
  readonly to: string;
}

/**
 * Every property that differs, with what the change does to a group that runs. Secrets that are left out are as if they
 * were not there.
 */
export function diffGroups(from: Group, to: Group, secrets: 'compared' | 'left-out' = 'compared'): Change[] {
  const leaves = (group: Group) => {
    const all = groupLeaves(group);
    const shown = secrets === 'compared' ? all : all.filter((leaf) => !tellsSecrets(leaf));
    return new Map(shown.map((leaf) => [leaf.path, leaf]));
  };
  const [before, after] = [leaves(from), leaves(to)];
  const changes: Change[] = [];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(path), after.get(path)];
    if (old && fresh && sameValue(old.value, fresh.value)) continue;
    const effect = (fresh ?? old)?.effect ?? 'replace';
    const hidden =
      old?.value instanceof Secret && fresh?.value instanceof Secret ? '•••• (changed)' : undefined;
    changes.push({ path, effect, from: shown(old?.value), to: hidden ?? shown(fresh?.value) });
  }
  return changes;
}

function tellsSecrets({ path, value }: Leaf): boolean {
  return value instanceof Secret || path.endsWith('.secureValues');
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  if (value instanceof Secret) return '••••';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A git repository's login stands in its address.
  return text.replace(/(https?:\/\/)[^/\s]*@/gi, '$1••••@');
}

/** What all changes together do: the strongest of them. */
export function effectOf(changes: readonly Change[]): Effect {
  for (const effect of ['replace', 'restart', 'in-place'] as const) {
    if (changes.some((change) => change.effect === effect)) return effect;
  }
  return 'none';
}
