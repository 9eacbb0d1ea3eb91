import type Docker from 'dockerode';
import { type GroupKey, groupKey, partsOf } from '../../event.ts';
import { LABEL, ownedBy } from './labels.ts';

// A sandbox that waited and that a group has taken over. Labels cannot be changed, names can, in one step: so its name
// says all that the labels of other sandboxes say.

/** What its name says. */
export interface Adoption {
  readonly key: GroupKey;
  /** The pod that it is the sandbox of; see `podId`. */
  readonly podId: string;
  readonly fingerprint: string;
  readonly atMs: number;
}

/** `katabot.production.shop.r3.sandbox.0f5e….m1x2y3z4` */
export function adoptedName({ podId, fingerprint, atMs }: Omit<Adoption, 'key'>): string {
  return `${podId}.sandbox.${fingerprint}.${atMs.toString(36)}`;
}

/** Reads a container's name; undefined for one that waits. */
export function adoptionIn(owner: string, name: string): Adoption | undefined {
  const prefix = `${owner}.`;
  const rest = name.replace(/^\//, '');
  const match = /^([^.]+)\.([^.]+)\.r(\d+)\.sandbox\.([^.]+)\.([0-9a-z]+)$/.exec(rest.slice(prefix.length));
  if (!rest.startsWith(prefix) || !match) return undefined;
  const [, environment = '', group = '', revision = '', fingerprint = '', at = ''] = match;
  return {
    key: groupKey(environment, group),
    podId: `${prefix}${environment}.${group}.r${revision}`,
    fingerprint,
    atMs: Number.parseInt(at, 36),
  };
}

/** The labels that it would have, had it been made for its group. Pure. */
export function adoptedLabels(
  owner: string,
  { key, podId, fingerprint, atMs }: Adoption,
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    ...labels,
    [LABEL.owner]: owner,
    [LABEL.group]: key,
    [LABEL.pod]: podId,
    [LABEL.role]: 'sandbox',
    [LABEL.fingerprint]: fingerprint,
    [LABEL.meteredFrom]: String(atMs),
  };
}

/**
 * The containers of one group, or of all groups of this bot, those that run or all, in a list's own form. A group may have a
 * sandbox of each kind: one that was made for it is tried beside one that waited, or the other way round.
 */
export async function containersOf(
  docker: Docker,
  owner: string,
  which: { readonly key?: GroupKey | undefined; readonly all: boolean },
): Promise<Docker.ContainerInfo[]> {
  const { key, all } = which;
  const [made, adopted] = await Promise.all([
    docker.listContainers({ all, filters: ownedBy(owner, key) }),
    adoptedSandboxes(docker, owner, which),
  ]);
  return [...made, ...adopted];
}

/** With the labels that they would have, had they been made for their groups. */
export async function adoptedSandboxes(
  docker: Docker,
  owner: string,
  { key, all }: Parameters<typeof containersOf>[2],
): Promise<Docker.ContainerInfo[]> {
  const label = [`${LABEL.standby}=${owner}`];
  const filters = key === undefined ? { label } : { label, name: [namesOf(owner, key)] };
  const found = await docker.listContainers({ all, filters });
  return found.flatMap((container) => {
    const adoption = adoptionIn(owner, container.Names[0] ?? '');
    if (!adoption || (key !== undefined && adoption.key !== key)) return [];
    return [{ ...container, Labels: adoptedLabels(owner, adoption, container.Labels) }];
  });
}

/** The engine takes a regular expression. */
function namesOf(owner: string, key: GroupKey): string {
  const { environment, name } = partsOf(key);
  return `^/${[owner, environment, name].map((part) => part.replaceAll('.', '\\.')).join('\\.')}\\.r`;
}

/** As an inspection shows it, with the labels that it would have; it is as old as its group. Pure. */
export function asOfGroup(
  owner: string,
  container: Docker.ContainerInspectInfo,
): Docker.ContainerInspectInfo {
  const adoption = adoptionIn(owner, container.Name);
  if (container.Config.Labels[LABEL.standby] !== owner || !adoption) return container;
  const Labels = adoptedLabels(owner, adoption, container.Config.Labels);
  return {
    ...container,
    Created: new Date(adoption.atMs).toISOString(),
    Config: { ...container.Config, Labels },
  };
}
