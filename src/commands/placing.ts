import { within } from '../clock.ts';
import {
  type Candidate,
  type EngineFacts,
  needOf,
  type Placement,
  type Published,
  place,
  type Shortage,
  shortagesOn,
} from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { isOneAddress } from '../network/index.ts';
import { promisedTo, type Wish } from '../reconciler/index.ts';
import type { Group } from '../spec/index.ts';
import { hasAddressFor } from './addresses.ts';
import { evictablesOn, evictions, isSpot, placeByEvicting } from './evictions.ts';
import { gpuRoom } from './gpu-problems.ts';
import type { Ground, Host, Location } from './ground.ts';
import { withReserved, zoneFor } from './line.ts';
import { hasWaiting } from './standby.ts';

// On which host of its location a group is, or goes.

/** What an engine holds of a group, whatever the books say: its newest revision (0 for none), and where it is. */
export interface Existing {
  readonly revision: number;
  readonly published: readonly Published[];
  readonly subnet: string;
  /** The first one, also where nothing is published; '' without one. */
  readonly address: string;
}

export const NOTHING: Existing = { revision: 0, published: [], subnet: '', address: '' };

export interface Spot {
  /** Undefined when none has room. */
  readonly host: Host | undefined;
  /** Of that host, or of the first one that answers. */
  readonly facts: EngineFacts;
  readonly existing: Existing;
  /** How it was chosen; absent for a group that stays where it is. */
  readonly placement?: Extract<Placement, { host: string }>;
  /** Spot groups of the host that have to go for it. */
  readonly evicts?: readonly GroupKey[];
  /** What keeps the group from the host that it is on, or from each that it could go to; empty when nothing does. */
  readonly missing: ReadonlyMap<string, readonly Shortage[]>;
  /** Decides anew on what was seen, with the books as they are then: others may have been placed meanwhile. */
  again(): Promise<Spot>;
}

interface Asking {
  readonly key: GroupKey;
  readonly group: Group;
  readonly location: Location;
  readonly before: Pick<Wish, 'host'> | undefined;
}

/** A host as it was seen just now; without facts when it did not answer. */
interface Seen {
  readonly host: Host;
  readonly facts?: EngineFacts;
  readonly existing: Existing;
  readonly failure?: Failure;
}

/**
 * A group that is somewhere stays there, also when its host is drained or full of others. A new one goes where it fits. A host
 * that does not answer is asked nothing: what runs there stays there. Throws the Failure of the host that has to answer, or
 * of the first one when none does. Changes nothing.
 */
export async function spotFor(ground: Ground, asking: Asking, signal: AbortSignal): Promise<Spot> {
  const { key, location, before } = asking;
  const home = location.hosts.find(({ name }) => name === before?.host);
  const seen = await Promise.all((home ? [home] : location.hosts).map((host) => look(host, key, signal)));
  const there = home ? seen[0] : seen.find(({ existing }) => existing.revision > 0);
  if (there && !there.facts) throw there.failure;
  if (!seen.some(({ facts }) => facts)) throw seen[0]?.failure;
  const decide = async (): Promise<Spot> => ({
    ...(there?.facts
      ? await stay(ground, asking, there, there.facts)
      : await choose(ground, asking, seen, signal)),
    again: decide,
  });
  return decide();
}

/**
 * Another host of its location that would take a group which has outgrown its own, were it a new one; undefined where none would
 * as it is. Changes nothing.
 */
export async function otherHostFor(
  ground: Ground,
  asking: Asking,
  home: Host,
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(OTHERS_LIMIT_MS)]);
  try {
    const others = asking.location.hosts.filter(({ name }) => name !== home.name);
    const seen = await Promise.all(others.map((host) => look(host, asking.key, limit)));
    const free = await Promise.all(seen.map((each) => hasFreeGpus(ground, asking, each, limit)));
    const able = seen.filter((_, index) => free[index]);
    if (!able.length) return undefined;
    const { host, evicts } = await choose(ground, asking, able, limit);
    return evicts ? undefined : host?.name;
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    return undefined; // one that hangs is no way out
  }
}

/** An advice is not worth a longer wait. */
const OTHERS_LIMIT_MS = 3_000;

async function hasFreeGpus(
  ground: Ground,
  { key, group }: Asking,
  { host, facts }: Seen,
  signal: AbortSignal,
): Promise<boolean> {
  return facts !== undefined && (await gpuRoom(ground, { key, group, host }, signal)) !== 'held';
}

type Decided = Omit<Spot, 'again'>;

async function stay(
  { desired }: Ground,
  { key, group, location }: Asking,
  { host, existing }: Seen,
  facts: EngineFacts,
): Promise<Decided> {
  const wishes = await desired.list();
  const candidate = { ...promisedOn(wishes, key, { host, facts }), drained: false, hasAddress: true };
  // What runs stays where it is, whatever zone its file names now.
  const need = { ...needOf(group, location.isolation), zone: '' };
  const shortages = shortagesOn(need, candidate);
  const evicts =
    shortages.length && !isSpot(group) && evictions(need, candidate, evictablesOn(wishes, key, candidate));
  if (evicts) return { host, facts, existing, missing: new Map(), evicts };
  return { host, facts, existing, missing: new Map(shortages.length ? [[host.name, shortages]] : []) };
}

async function choose(
  ground: Ground,
  { key, group, location }: Asking,
  seen: readonly Seen[],
  signal: AbortSignal,
): Promise<Decided> {
  const wishes = withReserved(await ground.desired.list(), key);
  const drained = new Set((await ground.drains.all()).map(({ host }) => host));
  const isChoice = location.hosts.length > 1;
  const candidates = await Promise.all(
    seen.map(
      async (each): Promise<Candidate> => ({
        ...promisedOn(wishes, key, each),
        drained: drained.has(each.host.name),
        gpus:
          isChoice && each.facts ? await gpuRoom(ground, { key, group, host: each.host }, signal) : undefined,
        standby: isChoice && (await hasWaiting(ground, { group, host: each.host })),
        // Where there is no choice, the taking of it says what is missing.
        hasAddress:
          !isChoice || (await hasAddressFor(ground, { key, group, host: each.host, existing: NOTHING })),
      }),
    ),
  );
  const wanted = { ...needOf(group, location.isolation), zone: zoneFor(group, location.hosts) };
  const asItIs = place(wanted, candidates);
  const made =
    'host' in asItIs || isSpot(group)
      ? undefined
      : placeByEvicting(wanted, candidates, (candidate) => evictablesOn(wishes, key, candidate));
  const placement = made?.placement ?? asItIs;
  const answering = seen.find(({ facts }) => facts);
  const chosen = 'host' in placement ? seen.find(({ host }) => host.name === placement.host) : undefined;
  const facts = chosen?.facts ?? answering?.facts;
  if (!facts) throw seen[0]?.failure;
  return {
    host: chosen?.host,
    facts,
    existing: NOTHING,
    ...(made ? { evicts: made.evicts } : {}),
    ...('host' in placement ? { placement, missing: new Map() } : { missing: placement.missing }),
  };
}

async function look(host: Host, key: GroupKey, signal: AbortSignal): Promise<Seen> {
  try {
    const [facts, existing] = await Promise.all([
      within(signal, host.engine.describe(signal)),
      foundOn(host, key, signal),
    ]);
    return { host, facts, existing };
  } catch (error) {
    if (error instanceof Failure) return { host, existing: NOTHING, failure: error };
    if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    const failure = new Failure('engine-unreachable', 'The engine does not answer in time.', {
      cause: error,
    });
    return { host, existing: NOTHING, failure };
  }
}

/** With a lost store, the engine's labels know which revisions and which place a group already has. */
async function foundOn({ engine }: Host, key: GroupKey, signal: AbortSignal): Promise<Existing> {
  const pods = (await within(signal, engine.observe(signal, key))).get(key)?.pods ?? [];
  const revisions = pods.flatMap((pod) => [pod.revision, ...pod.members.map(({ revision }) => revision)]);
  // Of two that run the older one serves: the other was only tried beside it.
  const serving = pods.filter(({ state, published }) => state === 'running' && published?.length).slice(0, 1);
  const first = serving.length ? serving : pods;
  return {
    revision: Math.max(0, ...revisions),
    published: first.findLast((pod) => pod.published?.length)?.published ?? [],
    subnet: first.findLast((pod) => pod.subnet)?.subnet ?? '',
    address: first.findLast((pod) => pod.address)?.address ?? '',
  };
}

/** What a host has promised to groups other than this one. */
export function promisedOn(
  wishes: readonly Wish[],
  key: GroupKey | undefined,
  { host, facts }: Pick<Seen, 'host' | 'facts'>,
): Pick<Candidate, 'name' | 'zone' | 'facts' | 'promised' | 'isOneAddress'> {
  const others = wishes.filter((wish) => wish.key !== key);
  const promised = promisedTo(others, host.name, facts?.overheadBytes ?? 0);
  const { name, zone, pools } = host;
  return { name, zone, facts, promised, isOneAddress: isOneAddress(pools) };
}
