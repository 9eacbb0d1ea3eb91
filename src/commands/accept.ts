import { labelTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import { settle } from './addresses.ts';
import type { Followed } from './follow.ts';
import type { Ground } from './ground.ts';
import type { Accepted } from './plan-files.ts';
import { nameFor } from './visible.ts';

/** Where a revision comes from, and what people said about it. */
export interface Origin {
  readonly commit: string;
  readonly caller: Caller;
  readonly reason?: string;
  /** The revision that is gone back to. */
  readonly rollbackOf?: number;
  /** Used as they are: nothing is asked of a registry. */
  /** When the group is to go by itself; what was wished before stays when nothing is said. */
  readonly expiresAtMs?: number | null;
}

/** Writes the wish. From here on the deploy happens, whether anybody watches or not. */
export async function accept(
  ground: Ground,
  accepted: Accepted,
  plan: Followed['plan'],
  { commit, caller, reason, rollbackOf, expiresAtMs }: Origin,
): Promise<Followed> {
  const { key, group, repository, locationName, facts, fqdn, effect, before, existing } = accepted;
  const acceptedAtMs = ground.clock.now();
  const place = await settle(ground, accepted, caller);
  const claim = fqdn ? await ground.labels.claim(fqdn, key) : { ok: true as const };
  if (!claim.ok) throw labelTaken(fqdn, await nameFor(ground, caller, claim.holder));
  if (!fqdn && before?.fqdn) await ground.labels.release(key);
  const wish = await ground.desired.put({
    key,
    location: locationName,
    repository,
    ...place,
    fqdn,
    after: existing.revision,
    expiresAtMs: expiresAtMs === undefined ? (before?.expiresAtMs ?? null) : expiresAtMs,
    revision: {
      commit,
      path: plan.path,
      group,
      acceptedBy: caller.name,
      acceptedAtMs,
      ...(reason === undefined ? {} : { reason }),
      ...(rollbackOf === undefined ? {} : { rollbackOf }),
    },
  });
  if (before && before.wanted !== 'deleted') {
    ground.feed.tell(key, before.revision.number, { kind: 'superseded', by: wish.revision.number });
  }
  ground.feed.tell(key, wish.revision.number, { kind: 'accepted', by: caller.name, commit, change: effect });
  ground.wake(key);
  return { wish, facts, plan };
}
