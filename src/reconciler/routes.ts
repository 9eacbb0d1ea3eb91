import type { Clock } from '../clock.ts';
import type { Fact, GroupKey } from '../event.ts';
import { customDomainsOf, edgePort, type HeldName, type ServedName } from '../network/index.ts';
import { awaitedUntil, isAway } from './awaited.ts';
import type { Domains } from './domains.ts';
import type { Feed } from './feed.ts';
import type { Health } from './health.ts';
import type { DesiredState, Wish } from './wish.ts';

export interface Routes {
  /** Where requests for a host name go; answered from memory. */
  resolve(
    host: string,
  ): { address: string; port: number; ready: boolean; awaited: boolean; up: boolean } | undefined;
  /** Reads every wish once; afterwards the feed keeps the table fresh. */
  load(): Promise<void>;
  /** Names that groups hold, and domains of their own that lead to them. */
  names(): HeldName[];
  /** Every name that is served and where it leads, for an edge that is told instead of asking; from memory. */
  served(): ServedName[];
  /** Called when names may have changed. */
  onChange(callback: () => void): void;
  close(): void;
}

interface Route {
  readonly fqdn: string;
  /** Which one serves. */
  readonly revision: number;
  /** Served only while they lead here. */
  readonly domains: readonly string[];
  readonly address: string;
  readonly port: number;
  /** The container that has the port; '' where none says so. */
  readonly container: string;
  /** Whether its readiness probe says when there is traffic. */
  readonly probed: boolean;
  /** Whether something may be serving that no probe has been asked about: it goes on. */
  readonly wasReady: boolean;
  /** Whether its group has been said to run: by then the name leads somewhere. */
  readonly reached: boolean;
}

/** What may change where a name leads. */
const LEARNED_AT: ReadonlySet<Fact['kind']> = new Set([
  'accepted',
  'placed',
  'moved',
  'running',
  'removing',
  'removed',
]);

/** Which name reaches which group: read from the wishes, kept in memory, mended at every event of a group. */
export function createRoutes(
  desired: DesiredState,
  feed: Feed,
  health: (key: GroupKey) => readonly Health[],
  clock: Clock,
  leads: Domains['leads'],
): Routes {
  const routes = new Map<GroupKey, Route>();
  /** Which groups are served at a name, if it leads there: every request asks. */
  let served: ReadonlyMap<string, readonly GroupKey[]> | undefined;
  /** Of groups that are up, or coming: until when who asks may be kept waiting. */
  const awaited = new Map<GroupKey, number>();
  /** Of which nobody is there to be asked just now. */
  const away = new Set<GroupKey>();
  let changed = () => {};
  const learn = (key: GroupKey, wish: Wish | undefined, wasReady = false) => {
    const port = wish && edgePort(wish.revision.group);
    const place = wish?.published.find((each) => each.port === port && each.protocol === 'TCP');
    served = undefined;
    if (!wish?.fqdn || wish.wanted === 'deleted' || port === undefined || !place) routes.delete(key);
    else
      routes.set(key, {
        fqdn: wish.fqdn,
        revision: wish.revision.number,
        domains: customDomainsOf(wish.key, wish.revision.group),
        address: place.address,
        port: place.hostPort,
        ...containerAt(wish, port),
        wasReady,
        reached: wish.settled === 'Running' || routes.get(key)?.reached === true,
      });
  };
  const close = feed.listen(({ group, revision, fact, atMs }) => {
    const known = routes.get(group);
    if (known && revision > known.revision && isOfTrial(fact)) return;
    const untilMs = awaitedUntil(awaited.get(group) ?? 0, { fact, atMs });
    if (untilMs) awaited.set(group, untilMs);
    else awaited.delete(group);
    if (isAway(away.has(group), fact, known?.container ?? '')) away.add(group);
    else away.delete(group);
    // From here on its probe says whether it is ready; until then what ran before goes on serving.
    if (known && (fact.kind === 'sandbox-started' || fact.kind === 'member-started'))
      routes.set(group, { ...known, wasReady: false });
    if (!LEARNED_AT.has(fact.kind)) return;
    void desired.get(group).then(
      (wish) => {
        learn(group, wish, known !== undefined);
        changed();
      },
      () => {}, // an unreadable book is told elsewhere; the old route stays
    );
  });
  const find = (name: string) => {
    served ??= keysByName(routes);
    const key = served.get(name)?.find((each) => routes.get(each)?.fqdn === name || leads(name, each));
    const route = key && routes.get(key);
    if (!route) return undefined;
    const changing = awaited.get(key) === Number.POSITIVE_INFINITY;
    return { ...route, key, ready: isReady(route, health(key)), changing };
  };
  return {
    resolve(host) {
      const found = find(host.toLowerCase());
      if (!found) return undefined;
      const { key, address, port, ready } = found;
      const isAwaited = clock.now() < (awaited.get(key) ?? 0);
      const isHere = ready && !(isAwaited && away.has(key));
      return { address, port, ready: isHere, awaited: isAwaited, up: awaited.has(key) };
    },
    async load() {
      for (const wish of await desired.list()) learn(wish.key, wish, wish.settled === 'Running');
    },
    names: () => namesIn(routes, leads),
    served: () => servedAt(namesIn(routes, leads), find),
    onChange(callback) {
      changed = callback;
    },
    close,
  };
}

/** A domain that two groups have written leads to one of them. */
function servedAt(
  names: readonly HeldName[],
  find: (name: string) => Omit<ServedName, 'name'> | undefined,
): ServedName[] {
  return [...new Set(names.map(({ name }) => name))].flatMap((name) => {
    const found = find(name);
    if (!found) return [];
    const { address, port, ready, changing } = found;
    return [{ name, address, port, ready, changing }];
  });
}

/** Names of groups, and those domains of their own that lead to them. */
function namesIn(routes: ReadonlyMap<GroupKey, Route>, leads: Domains['leads']): HeldName[] {
  return [...routes].flatMap(([key, { fqdn, domains, reached }]) =>
    [fqdn, ...domains.filter((domain) => leads(domain, key))].map((name) => ({ name, reached })),
  );
}

/** Names of groups, and domains of their own. */
function keysByName(routes: ReadonlyMap<GroupKey, Route>): Map<string, GroupKey[]> {
  const pairs = [...routes].flatMap(([key, { fqdn, domains }]) =>
    [fqdn, ...domains].map((name) => [name, key] as const),
  );
  const all = Map.groupBy(pairs, ([name]) => name);
  return new Map([...all].map(([name, each]) => [name, each.map(([, key]) => key)]));
}

/** What a later revision goes through that is tried beside the one that serves changes nothing for those who ask. */
function isOfTrial(fact: Fact): boolean {
  if (fact.kind === 'accepted') return fact.beside === true;
  return fact.kind !== 'running' && fact.kind !== 'finished';
}

/** Traffic of the edge goes to the container that has its port. */
function containerAt({ revision }: Wish, port: number): Pick<Route, 'container' | 'probed'> {
  const container = revision.group.containers.find(({ ports }) => ports.some((each) => each.port === port));
  return { container: container?.name ?? '', probed: container?.readinessProbe !== undefined };
}

function isReady({ container, probed, wasReady }: Route, health: readonly Health[]): boolean {
  if (!probed) return true;
  return health.find((each) => each.container === container)?.ready ?? wasReady;
}
