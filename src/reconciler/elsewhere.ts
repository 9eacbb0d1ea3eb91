import type { Published } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import {
  type Asked,
  allocate,
  allocatePrivate,
  bookOf,
  type Decide,
  isHandedOut,
  type Pools,
  type PrivateNetwork,
} from '../network/index.ts';
import { joinedNetwork } from '../spec/index.ts';
import type { Feed } from './feed.ts';
import type { DesiredState, Wish } from './wish.ts';

export interface ElsewhereParts {
  readonly desired: DesiredState;
  readonly feed: Feed;
  /** The addresses of a host; without them a group stays where it is. */
  readonly pools?: (host: string) => Pools | undefined;
  /** The networks of a location that groups may join, by name. */
  readonly networks?: (location: string) => Readonly<Record<string, PrivateNetwork>>;
}

/**
 * The engine knows what the books do not: who else listens on the host. Gives a group that was refused its address (or its
 * port at a shared one) the next one, and tells it. Gives false where it has to be this one, or the cause is another. Its place
 * stands in the books under `placeKey`.
 */
export async function movedElsewhere(
  parts: ElsewhereParts,
  wish: Wish,
  failure: unknown,
  placeKey: GroupKey = wish.key,
): Promise<boolean> {
  if (!(failure instanceof Failure)) return false;
  const { address, port: hostPort } = failure.about;
  if (address === undefined || !wish.published.some((each) => each.address === address)) return false;
  const asked = {
    key: placeKey,
    ports: wish.revision.group.ipAddress?.ports ?? [],
    refused: { address, hostPort },
  };
  const other = otherPlace(parts, wish, failure, asked);
  if (!other) return false;
  const allocation = await parts.desired.move(other.book, placeKey, other.decide);
  if (!allocation.ok) return false;
  tellMove(parts.feed, wish, { address, hostPort, now: allocation.published, why: failure.message });
  return true;
}

/** Where another address would come from; undefined where it has to be this one, or the cause is another. */
function otherPlace(
  { pools, networks }: ElsewhereParts,
  { host, location, revision: { group } }: Wish,
  { code, about }: Failure,
  asked: Asked,
): { readonly book: string; readonly decide: Decide } | undefined {
  const wantsThis = group.ipAddress?.ip !== undefined;
  if (code === 'private-address-taken') {
    const network = networks?.(location)[joinedNetwork(group)?.name ?? ''];
    if (!network || wantsThis) return undefined;
    return { book: bookOf(network), decide: (taken) => allocatePrivate(network, asked, taken) };
  }
  const pool = pools?.(host);
  if (!pool || (wantsThis && !pool.shared)) return undefined;
  const missing = code === 'address-missing' && !isHandedOut(pool, about.address ?? '');
  if (code !== 'port-taken' && !missing) return undefined;
  return { book: host, decide: (taken) => allocate(pool, asked, taken) };
}

function tellMove(
  feed: Feed,
  { key, revision, published }: Wish,
  {
    address,
    hostPort,
    now,
    why,
  }: { address: string; hostPort: number | undefined; now: readonly Published[]; why: string },
): void {
  const before = published.find(
    (each) => each.address === address && (hostPort === undefined || each.hostPort === hostPort),
  );
  const after = now.find(({ port, protocol }) => port === before?.port && protocol === before.protocol);
  if (before && after) feed.tell(key, revision.number, { kind: 'moved', from: before, to: after, why });
}
