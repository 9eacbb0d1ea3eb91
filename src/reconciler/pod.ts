import type { ObservedGroup, Pod } from '../engines/index.ts';
import { memberFingerprint, podFingerprint } from '../spec/index.ts';
import type { DesiredState, Wish } from './wish.ts';

/** The wish as an engine needs it. A sandbox that still fits is kept, and so is the revision it was made for. */
export function podOf(
  wish: Wish,
  observed: ObservedGroup | undefined,
  pepper: string,
  {
    meteredFromMs,
    gpus = {},
  }: { readonly meteredFromMs?: number | undefined; readonly gpus?: Pod['gpus'] } = {},
): Pod {
  const { group, number, commit, path, images } = wish.revision;
  const fingerprint = podFingerprint(group, pepper);
  // One that has stopped, or of which only volumes are left, is made anew under its old name.
  const kept = observed?.pods.findLast((pod) => pod.fingerprint === fingerprint);
  return {
    key: wish.key,
    revision: number,
    podRevision: kept?.revision ?? number,
    group,
    origin: { repository: wish.repository, commit, path },
    fingerprint,
    memberFingerprints: Object.fromEntries(
      [...group.initContainers, ...group.containers].map((container) => [
        container.name,
        memberFingerprint(container, pepper),
      ]),
    ),
    address: wish.address,
    published: wish.published,
    subnet: wish.subnet,
    gpus,
    images: images ?? {},
    ...(meteredFromMs === undefined ? {} : { meteredFromMs }),
  };
}

/** A revision that goes back to another one begins with the images which that one ran. */
export async function withPins(desired: DesiredState, wish: Wish): Promise<Wish> {
  const { number, images, rollbackOf } = wish.revision;
  if (images !== null || !rollbackOf) return wish;
  const revisions = await desired.revisions(wish.key, 1 + number - rollbackOf);
  const before = revisions.find((revision) => revision.number === rollbackOf);
  return { ...wish, revision: { ...wish.revision, images: before?.images ?? null } };
}
