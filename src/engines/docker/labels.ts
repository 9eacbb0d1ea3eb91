import { type GroupKey, partsOf } from '../../event.ts';
import type { Pod } from '../index.ts';

/** Labels on every object. A lost store can be rebuilt from them, and nothing in them is secret. */
export const LABEL = {
  owner: 'katabot.owner',
  group: 'katabot.group',
  pod: 'katabot.pod',
  revision: 'katabot.revision',
  role: 'katabot.role',
  container: 'katabot.container',
  fingerprint: 'katabot.fingerprint',
  /** Where sandbox and container are one: `fingerprint` is the container's. */
  podFingerprint: 'katabot.pod-fingerprint',
  limits: 'katabot.limits',
  gpus: 'katabot.gpus',
  address: 'katabot.address',
  subnet: 'katabot.subnet',
  /** On the volume of a file share that the bot has mounted: its name in the file. */
  share: 'katabot.share',
  meteredFrom: 'katabot.metered-from',
  /** Of the containers with which the bot looks at a runtime, whose bot it is: they belong to no group. */
  look: 'katabot.look',
  /** Of the networks that groups join, whose bot has made it: they belong to no group. */
  network: 'katabot.network',
  /** Of sandboxes that wait and their networks, whose bot has made them: what they were made for names no group. */
  standby: 'katabot.standby',
  standbyId: 'katabot.standby-id',
  size: 'katabot.size',
  repository: 'katabot.repository',
  commit: 'katabot.commit',
  path: 'katabot.path',
} as const;

/** `whole`: the only container of its group, and its sandbox as well. */
export type Role = 'sandbox' | 'whole' | 'member' | 'init' | 'network' | 'volume';

/** Whether a container is what stands for its group, whatever else it is. */
export function isSandbox(labels: Readonly<Record<string, string>>): boolean {
  return labels[LABEL.role] === 'sandbox' || labels[LABEL.role] === 'whole';
}

/**
 * The name of a pod, and the first part of the name of each of its objects. It follows from (group, revision),
 * so a step that is repeated after a crash finds its own work. Dots cannot stand in a group's or an
 * environment's name, so two groups never meet in one name.
 */
export function podId(owner: string, key: GroupKey, revision: number): string {
  const { environment, name } = partsOf(key);
  return `${owner}.${environment}.${name}.r${revision}`;
}

export function podLabels(owner: string, pod: Pod, role: Role): Record<string, string> {
  return {
    [LABEL.owner]: owner,
    [LABEL.group]: pod.key,
    [LABEL.pod]: podId(owner, pod.key, pod.podRevision),
    [LABEL.revision]: String(pod.revision),
    [LABEL.role]: role,
    [LABEL.repository]: pod.origin.repository,
    [LABEL.commit]: pod.origin.commit,
    [LABEL.path]: pod.origin.path,
  };
}

/** The revision that a pod was made for, as its name says; 0 for none of ours. */
export function podRevisionIn(labels: Record<string, string>): number {
  return Number(/\.r(\d+)$/.exec(labels[LABEL.pod] ?? '')?.[1] ?? 0);
}

/** The filter that finds every object of this bot, or of one group. */
export function ownedBy(owner: string, key?: GroupKey): { label: string[] } {
  return { label: [`${LABEL.owner}=${owner}`, ...(key ? [`${LABEL.group}=${key}`] : [])] };
}
