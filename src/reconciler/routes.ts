import type { GroupKey } from '../event.ts';
import { edgePort } from '../network/index.ts';
import type { Feed } from './feed.ts';
import type { DesiredState, Wish } from './wish.ts';

export interface Routes {
  /** Where requests for a host name go; answered from memory. */
  resolve(host: string): { address: string; port: number } | undefined;
  /** Reads every wish once; afterwards the feed keeps the table fresh. */
  load(): Promise<void>;
  close(): void;
}

/** Which name reaches which group: read from the wishes, kept in memory, mended at every event of a group. */
export function createRoutes(desired: DesiredState, feed: Feed): Routes {
  const routes = new Map<GroupKey, { fqdn: string; address: string; port: number }>();
  const learn = (key: GroupKey, wish: Wish | undefined) => {
    const port = wish && edgePort(wish.revision.group);
    if (!wish?.fqdn || wish.wanted === 'deleted' || port === undefined) routes.delete(key);
    else routes.set(key, { fqdn: wish.fqdn, address: wish.address, port });
  };
  const close = feed.listen(({ group, fact }) => {
    if (fact.kind !== 'accepted' && fact.kind !== 'removed' && fact.kind !== 'removing') return;
    void desired.get(group).then(
      (wish) => learn(group, wish),
      () => {}, // an unreadable book is told elsewhere; the old route stays
    );
  });
  return {
    resolve: (host) => routes.values().find((route) => route.fqdn === host.toLowerCase()),
    async load() {
      for (const wish of await desired.list()) learn(wish.key, wish);
    },
    close,
  };
}
