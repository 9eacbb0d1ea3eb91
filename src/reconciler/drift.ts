import type { GroupKey } from '../event.ts';
import { SANDBOX_STOPPED, type Standing } from './assess.ts';
import type { Feed } from './feed.ts';
import type { Wish } from './wish.ts';

interface DriftParts {
  readonly parts: {
    readonly feed: Feed;
    readonly driftPolicy?: (location: string) => 'mend' | 'report';
  };
  readonly drifts: Map<GroupKey, string>;
}

/** Tells what somebody did behind the bot's back, once; whether it is to be left so. */
export function heldByDrift(
  { parts, drifts }: DriftParts,
  { key, revision, location }: Wish,
  standing: Standing,
): boolean {
  const drift = 'drift' in standing ? standing.drift : '';
  // A sandbox that stopped did so with its host, more often than not: nobody wants that kept.
  const held = drift !== '' && drift !== SANDBOX_STOPPED && parts.driftPolicy?.(location) === 'report';
  const told = drifts.get(key);
  // Mending takes steps of its own, a removal among them: what the bot sees of those is not told as somebody's deed.
  if (drift && (told === undefined || (held && told !== drift))) {
    parts.feed.tell(key, revision.number, { kind: 'drifted', what: drift, mended: !held });
    drifts.set(key, drift);
  }
  if (!drift) drifts.delete(key);
  return held;
}
