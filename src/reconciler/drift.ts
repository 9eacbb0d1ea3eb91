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
  // What was changed is mended by making it anew: a member that is missing then was removed by the bot itself.
  const own = told !== undefined && standing.kind === 'incomplete';
  if (drift && told !== drift && !(own && !held)) {
    parts.feed.tell(key, revision.number, { kind: 'drifted', what: drift, mended: !held });
    drifts.set(key, drift);
  }
  return held;
}
