import type { GroupKey } from '../event.ts';
import { type OutsideZone, recordsOf, type Site, type Zone, type ZoneRecord } from '../network/index.ts';
import type { Feed } from './feed.ts';
import type { DesiredState, Wish } from './wish.ts';

/** How the names of groups become known outside. Both may be repeated, and throw a Failure when that did not work. */
export interface Names {
  /** When it resolves, the group's name leads to where the group is. */
  publish(wish: Wish): Promise<void>;
  /** When it resolves, nothing is said any more of the group. */
  withdraw(wish: Wish): Promise<void>;
}

export interface ServedNames extends Names {
  /** Reads every wish once: what has been said goes on being said after a new start. */
  load(): Promise<void>;
  close(): void;
}

/** Names that the bot answers for itself, from memory. */
export function createServedNames(parts: {
  readonly zone: Zone;
  readonly desired: DesiredState;
  readonly feed: Feed;
  readonly siteOf: (host: string) => Site | undefined;
}): ServedNames {
  const { zone, desired, feed, siteOf } = parts;
  const say = (wish: Wish) => zone.put(wish.key, wish.wanted === 'deleted' ? [] : recordsFor(wish, siteOf));
  const close = feed.listen(({ group, fact }) => {
    // Nobody is led to a group that is going.
    if (fact.kind === 'removing') zone.put(group, []);
  });
  return {
    publish: async (wish) => say(wish),
    withdraw: async ({ key }) => zone.put(key, []),
    async load() {
      for (const wish of await desired.list()) say(wish);
    },
    close,
  };
}

/** Names that a name server of somebody else says. */
export function createOutsideNames(outside: OutsideZone, siteOf: (host: string) => Site | undefined): Names {
  return {
    async publish(wish) {
      const records = recordsFor(wish, siteOf);
      if (records.length) await outside.publish(wish.key, { fqdn: wish.fqdn, records });
      else await outside.withdraw(wish.key);
    },
    withdraw: ({ key }: { key: GroupKey }) => outside.withdraw(key),
  };
}

function recordsFor(
  { fqdn, published, host }: Wish,
  siteOf: (host: string) => Site | undefined,
): ZoneRecord[] {
  const site = siteOf(host);
  return site ? recordsOf({ fqdn, published, ...site }) : [];
}
