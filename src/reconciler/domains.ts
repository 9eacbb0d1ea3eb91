import type { Clock } from '../clock.ts';
import type { Fact, GroupKey } from '../event.ts';
import { customDomainsOf, type LookAtDomain, lookAgainAt, whereItLeads } from '../network/index.ts';
import type { Feed } from './feed.ts';
import { inTurn } from './in-turn.ts';
import type { DesiredState, Wish } from './wish.ts';

/** What is known of one domain of a group. */
export interface DomainState {
  readonly domain: string;
  /** `unseen` until a resolver has answered. */
  readonly state: 'leads' | 'unproved' | 'elsewhere' | 'unseen';
}

/** Which domains of one's own lead to their groups: looked at when a group changes and again and again, kept in memory. */
export interface Domains {
  /** Whether the group is served at the domain; answers from memory. */
  leads(domain: string, key: GroupKey): boolean;
  /** Of a group, in the order of its file; answers from memory. */
  of(wish: Wish): DomainState[];
  /** The text of the record that says that a domain is meant for the group. */
  proofOf(key: GroupKey): string;
  /** As `of`, after a look. */
  look(wish: Wish): Promise<DomainState[]>;
  /** Looks at those of every wish, without keeping anybody waiting. */
  load(): Promise<void>;
  /** These were served before the bot started: each leads to the group that has it until a look says more. */
  goOnWith(domains: readonly string[]): Promise<void>;
  /** Called when one has begun to lead to its group, or no longer does. */
  onChange(callback: () => void): void;
  close(): void;
}

export interface DomainParts {
  readonly desired: Pick<DesiredState, 'get' | 'list'>;
  readonly feed: Pick<Feed, 'listen'>;
  readonly clock: Clock;
  readonly lookAt: LookAtDomain;
  /** Where clients reach the edge. */
  readonly edgeAddresses: readonly string[];
  /** Whether several groups may be reached at an address. */
  readonly isShared: (address: string) => boolean;
  /** The text of the record that says that a domain is meant for a group. */
  readonly proofOf: (key: GroupKey) => string;
  readonly reportInternal: (error: unknown) => void;
}

/** What may change which domains a group has, or where it is. */
const LEARNED_AT: ReadonlySet<Fact['kind']> = new Set([
  'accepted',
  'moved',
  'running',
  'removing',
  'removed',
]);

/** A look that went wrong, through no fault of a resolver's, is tried again. */
const RETRY_MS = 60_000;

export function createDomains(parts: DomainParts): Domains {
  const { desired, feed, clock, reportInternal } = parts;
  const sightings = createSightings();
  const timers = new Map<GroupKey, () => void>();
  const turns = new Map<string, Promise<void>>();
  let isClosed = false;
  let changed = () => {};
  const of = (wish: Wish) =>
    domainsOf(wish).map((domain) => ({ domain, state: sightings.stateOf(domain, wish.key) }));
  const again = (key: GroupKey, delayMs: number | undefined) => {
    timers.get(key)?.();
    timers.delete(key);
    if (delayMs === undefined || isClosed) return;
    timers.set(
      key,
      clock.after(delayMs, () => lookSoon(key)),
    );
  };
  const lookNow = (key: GroupKey) =>
    inTurn(turns, key, async () => {
      const wish = await desired.get(key);
      const states = wish ? await Promise.all(of(wish).map((each) => seen(parts, wish, each))) : [];
      // Resolvers take their time: a domain that has left the group meanwhile may be another one's by now.
      const newest = await desired.get(key);
      if (isClosed) return;
      const kept = newest ? domainsOf(newest) : [];
      const mine = states.filter(({ domain }) => kept.includes(domain));
      if (sightings.note(key, mine)) changed();
      again(key, newest && kept.length ? delayFor(newest, mine, clock.now()) : undefined);
    });
  const lookSoon = (key: GroupKey) =>
    void lookNow(key).catch((error: unknown) => {
      if (isClosed) return;
      reportInternal(error);
      again(key, RETRY_MS);
    });
  const close = feed.listen(({ group, fact }) => {
    if (LEARNED_AT.has(fact.kind)) lookSoon(group);
  });
  return {
    leads: sightings.leads,
    of,
    proofOf: parts.proofOf,
    async look(wish) {
      if (domainsOf(wish).length) await lookNow(wish.key);
      return of(wish);
    },
    async load() {
      for (const wish of await desired.list()) if (domainsOf(wish).length) lookSoon(wish.key);
    },
    async goOnWith(served) {
      for (const wish of await desired.list()) {
        const unseen = of(wish).filter(({ state }) => state === 'unseen');
        for (const { domain } of unseen) if (served.includes(domain)) sightings.goOnWith(domain, wish.key);
      }
    },
    onChange(callback) {
      changed = callback;
    },
    close() {
      isClosed = true;
      close();
      for (const cancel of timers.values()) cancel();
    },
  };
}

/** What was seen of each domain last, and for which group. */
function createSightings() {
  const known = new Map<string, { key: GroupKey; state: DomainState['state'] }>();
  /** Served before the bot started, and not seen since: the groups that had them then. */
  const before = new Map<string, GroupKey>();
  const leading = () => {
    const seen = [...known].flatMap(([domain, { state }]) => (state === 'leads' ? [domain] : []));
    return [...seen, ...before.keys()].sort().join();
  };
  const stateOf = (domain: string, key: GroupKey): DomainState['state'] => {
    const found = known.get(domain);
    return found?.key === key ? found.state : 'unseen';
  };
  return {
    stateOf,
    leads: (domain: string, key: GroupKey) => stateOf(domain, key) === 'leads' || before.get(domain) === key,
    goOnWith: (domain: string, key: GroupKey) => void before.set(domain, key),
    /** These are all of the group's; gives whether other domains are served than before. */
    note(key: GroupKey, states: readonly DomainState[]): boolean {
      const led = leading();
      for (const [domain, { key: holder }] of known) if (holder === key) known.delete(domain);
      for (const { domain, state } of states) known.set(domain, { key, state });
      const unseen = states.flatMap(({ domain, state }) => (state === 'unseen' ? [domain] : []));
      for (const [domain, holder] of before)
        if (holder === key && !unseen.includes(domain)) before.delete(domain);
      return leading() !== led;
    },
  };
}

function delayFor({ revision }: Wish, states: readonly DomainState[], nowMs: number): number {
  const allLead = states.every(({ state }) => state === 'leads');
  const allSeen = states.every(({ state }) => state !== 'unseen');
  return lookAgainAt({ sinceMs: revision.acceptedAtMs, nowMs, allLead, allSeen }) - nowMs;
}

function domainsOf({ key, wanted, revision }: Wish): readonly string[] {
  return wanted === 'deleted' ? [] : customDomainsOf(key, revision.group);
}

async function seen(
  { lookAt, edgeAddresses, isShared, proofOf }: DomainParts,
  { key, fqdn, published }: Wish,
  { domain, state }: DomainState,
): Promise<DomainState> {
  const sight = await lookAt(domain, fqdn);
  if (!sight) return { domain, state };
  const addresses = published.map(({ address }) => address);
  const own = addresses.filter((each) => !isShared(each) && !edgeAddresses.includes(each));
  const shared = [...edgeAddresses, ...addresses];
  return { domain, state: whereItLeads(sight, { fqdn, own, shared, proof: proofOf(key) }) };
}
