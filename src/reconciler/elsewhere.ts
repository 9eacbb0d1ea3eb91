import { Failure } from '../failure.ts';
import { allocate, isHandedOut, type Pools } from '../network/index.ts';
import type { Feed } from './feed.ts';
import type { DesiredState, Wish } from './wish.ts';

export interface ElsewhereParts {
  readonly desired: DesiredState;
  readonly feed: Feed;
  /** The addresses of a host; without them a group stays where it is. */
  readonly pools?: (host: string) => Pools | undefined;
}

/**
 * The engine knows what the books do not: who else listens on the host. Gives a group that was refused its address (or its
 * port at a shared one) the next one, and tells it. Gives false where it has to be this one, or the cause is another.
 */
export async function movedElsewhere(
  { desired, feed, pools }: ElsewhereParts,
  { key, host, revision, published }: Wish,
  failure: unknown,
): Promise<boolean> {
  if (!(failure instanceof Failure)) return false;
  const { address, port: hostPort } = failure.about;
  const pool = pools?.(host);
  if (!pool || address === undefined || !published.some((each) => each.address === address)) return false;
  const missing = failure.code === 'address-missing' && !isHandedOut(pool, address);
  if (failure.code !== 'port-taken' && !missing) return false;
  const { ipAddress } = revision.group;
  if (ipAddress?.ip !== undefined && !pool.shared) return false;
  const asked = { key, ports: ipAddress?.ports ?? [], refused: { address, hostPort } };
  const allocation = await desired.move(host, key, (taken) => allocate(pool, asked, taken));
  if (!allocation.ok) return false;
  const { published: now } = allocation;
  const before = published.find((each) => each.address === address && each.hostPort === hostPort);
  const after = now.find(({ port, protocol }) => port === before?.port && protocol === before.protocol);
  if (!before || !after) return true;
  feed.tell(key, revision.number, { kind: 'moved', from: before, to: after, why: failure.message });
  return true;
}
