import type { ObservedGroup, ObservedMember, Pod } from '../engines/index.ts';
import { partedBy } from './beside.ts';
import { podOf } from './pod.ts';
import { triedOf, type Wish } from './wish.ts';

/** A revision of a group and what runs of it. */
export interface Seen {
  readonly wish: Wish;
  readonly pod: Pod;
  readonly members: readonly ObservedMember[];
  /** Whether it is only tried beside the one that serves. */
  readonly beside: boolean;
}

/** Whether a container of it has a probe. */
export function isProbed({ revision }: Wish): boolean {
  return revision.group.containers.some(
    ({ livenessProbe, readinessProbe }) => livenessProbe ?? readinessProbe,
  );
}

/** A group has two revisions while one is tried beside the other. Pure. */
export function seenOf(pepper: string, wish: Wish, observed: ObservedGroup | undefined): Seen[] {
  const { serving, beside } = partedBy(wish, observed);
  const tried = triedOf(wish);
  const seen = (each: Wish, group: ObservedGroup | undefined) => ({
    wish: each,
    pod: podOf(each, group, pepper),
    members: (group?.pods ?? []).flatMap(({ members }) => members.filter(({ state }) => state === 'running')),
  });
  return [
    { ...seen(wish, serving), beside: false },
    ...(tried ? [{ ...seen(tried, beside), beside: true }] : []),
  ];
}
