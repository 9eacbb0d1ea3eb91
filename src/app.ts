import { createHmac, randomUUID } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import {
  createFigures,
  createOperations,
  createPlaces,
  createReturns,
  createSessions,
  createUsageHistory,
  findRoom,
  type Ground,
  glanceAt,
  glanceBy,
  type Host,
  holdBack,
  type Location,
  type PushCommands,
  parseLine,
  propose,
  pushCommands,
  runCommand,
  type UsageHistory,
} from './commands/index.ts';
import {
  caddyFrom,
  cliTokenFile,
  dnsFrom,
  githubFiles,
  githubFrom,
  type HostSettings,
  hostsIn,
  httpsFrom,
  type LocationSettings,
  livesFrom,
  networksIn,
  placeIn,
  publicUrlIn,
  type Settings,
  slackFrom,
} from './config.ts';
import { createDockerEngine } from './engines/docker/docker-engine.ts';
import { type Engine, gpusOfHost, type NamedNetwork, standbyOfLocation } from './engines/index.ts';
import { Failure } from './failure.ts';
import { pricesFrom } from './metering/index.ts';
import {
  type CaddyEdge,
  createCaddyEdge,
  createDomainLook,
  createEdge,
  createHttps,
  domainProofOf,
  type HeldName,
  type Https,
  isHandedOut,
  isThisMachine,
  lookAtZone,
  type Pools,
  poolsFrom,
  poolsOverlap,
  privateNetworksFrom,
  probe,
  rangesOnHost,
  secureUrlTo,
  siteFor,
  siteRecords,
  spareSubnets,
  urlTo,
} from './network/index.ts';
import { freeSpaceAt, type Log } from './observability/index.ts';
import { createPolicy, createTokens, lifeOf, type Tokens } from './policy/index.ts';
import {
  createDomains,
  createFeed,
  createImageCache,
  createOutsideDns,
  createReconciler,
  createRoutes,
  createServedDns,
  createStandby,
  type Dns,
  type Domains,
  type Feed,
  type Reconciler,
  type Routes,
} from './reconciler/index.ts';
import { openVault, type Vault } from './secrets/index.ts';
import { createShipping, logTargetFrom } from './shipping/index.ts';
import { createLogArchive } from './store/files/log-archive.ts';
import type { Store } from './store/index.ts';
import { openSqliteStore } from './store/sqlite/open.ts';
import type { TokenParts } from './surfaces/cli/index.ts';
import { createGitSurface, hostedSources } from './surfaces/git/index.ts';
import type { Door } from './surfaces/github/index.ts';
import type { SlackDoor, WhoIsWho } from './surfaces/slack/index.ts';
import { createWatch, type Watch } from './surfaces/watch/index.ts';
import { closed, createWeb, listen, portOf, warningFor } from './surfaces/web/index.ts';

const LONGEST_RUN_FOLDER = 70;

/** What the world gives the bot; tests give their own. */
export interface AppParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly dataFolder: string;
  /** The engine of locations that name none. */
  readonly dockerHost: string;
  /** Makes a host's engine; the Docker Engine unless a test says otherwise. */
  readonly engine?: (settings: HostSettings) => Engine;
  /** Who is asked where names lead, such as `127.0.0.1:53`; the machine’s own resolver without it. */
  readonly resolvers?: readonly string[];
  /** Wraps the books, for a test that must know of every write. */
  readonly store?: (opened: Store) => Store;
}

export interface App {
  readonly reconciler: Reconciler;
  readonly store: Store;
  readonly ground: Ground;
  readonly watch: Watch;
  /** Absent without an app in the settings. */
  readonly github: Door | undefined;
  readonly slack: SlackDoor | undefined;
  /** Absent without Slack in the settings. */
  readonly whoIsWho: WhoIsWho | undefined;
  /** Where it listens, once started: the ports are real ones even when the settings say 0. */
  readonly addresses: { http: string; edge: string; edgeTls: string; dns: string };
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Wires the chapters together. What cannot be wired leaves nothing open behind it: the program ends then. */
export async function createApp(settings: Settings, parts: AppParts): Promise<App> {
  const opened: (() => unknown)[] = [];
  try {
    return await wire(settings, parts, opened);
  } catch (error) {
    for (const close of opened.toReversed()) await close();
    throw error;
  }
}

/** No logic: what is decided is decided in the chapters. `opened` is told how to close what goes on by itself. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one flat list of parts is easiest to read in one piece
async function wire(settings: Settings, parts: AppParts, opened: (() => unknown)[]): Promise<App> {
  const { clock, log } = parts;
  const books = await openStore(parts.dataFolder);
  opened.push(() => books.close());
  const store = { ...books, ...parts.store?.(books) };
  const tokens = createTokens(store.tokens, clock);
  const policy = createPolicy(settings);
  const locations = Object.fromEntries(
    Object.entries(settings.locations).map(([name, location]) => [
      name,
      locationFrom(settings, name, location, parts),
    ]),
  );
  const hosts = hostsByName(locations);
  const images = createImageCache({
    book: store.images,
    desired: store.desired,
    limits: imageLimits(hosts),
    clock,
    tell: (fields, message) => log.info(fields, message),
    reportInternal: (error) => log.internal(error),
  });
  const engines = Object.fromEntries(
    Object.entries(hosts).map(([name, { engine }]) => [name, images.guard(name, engine)]),
  );
  refuseOverlaps(hosts);
  const feed = createFeed(store.events, clock, (error) => log.internal(error));
  feed.listen((event) => log.event(event));
  const dns = dnsFor(settings, { store, feed, hosts, clock });
  const logs = createLogArchive(join(parts.dataFolder, 'logs'), clock);
  opened.push(() => logs.close());
  const reconciler = createReconciler({
    ...store,
    ...(dns ? { names: dns.names } : {}),
    logs,
    engines,
    feed,
    clock,
    pepper: store.pepper,
    gpuDevices: (host) => hosts[host]?.gpus ?? [],
    pools: (host) => hosts[host]?.pools,
    networks: (location) => locations[location]?.networks ?? {},
    findRoom: (wish, signal) => findRoom(ground, wish, signal),
    driftPolicy: (location) => settings.locations[location]?.drift ?? 'mend',
    provisioningTimeoutMs: settings.provisioningTimeoutSeconds * 1000,
    pricing: (location) => locations[location]?.prices ?? pricesFrom({}),
    reportInternal: (error, group) => log.internal(error, { group }),
  });
  const targets = logTargetsOf(settings, clock);
  const shipping = createShipping({
    desired: store.desired,
    archive: logs,
    book: store.shipped,
    engines,
    feed,
    target: (location) => targets[location],
    clock,
    random: Math.random,
    tell: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
  const standby = createStandby({
    ...store,
    hosts,
    wanted: (location) => standbyOfLocation(settings.locations[location]?.standby ?? []),
    pricing: (location) => locations[location]?.prices ?? pricesFrom({}),
    feed,
    clock,
    reportInternal: (error) => log.internal(error),
  });
  const domains = createDomains({
    desired: store.desired,
    feed,
    clock,
    lookAt: createDomainLook(parts.resolvers),
    edgeAddresses: edgeAddressesOf(settings),
    isShared: (address) => isSharedIn(hosts, address),
    proofOf: (key) => domainProofOf(key, store.pepper),
    reportInternal: (error) => log.internal(error),
  });
  const routes = createRoutes(store.desired, feed, reconciler.health, clock, domains.leads);
  const caddy = caddyFor(settings, parts, { routes, domains });
  const https = caddy ? undefined : await httpsFor(settings, parts, { store, names: routes.names, dns });
  if (https) opened.push(() => https.close());
  const names = caddy ?? https;
  if (names) {
    routes.onChange(names.look);
    domains.onChange(names.look);
  }
  const edge = caddy ?? createEdge(routes.resolve, https && { security: https.security });
  const addresses = { http: '', edge: '', edgeTls: '', dns: '' };
  const lives = livesFrom(settings);
  const hosted = hostedSources(join(parts.dataFolder, 'repositories'));
  const ground: Ground = {
    ...store,
    logs,
    standby,
    locations,
    hosts,
    turns: new Map(),
    feed,
    clock,
    wake: reconciler.wake,
    health: reconciler.health,
    lastHour: (key) => usage.lastHour(key),
    policy,
    approveWithinMs: settings.approveWithin,
    codeHost: { teamsOf: async (...asked) => github?.teamsOf(...asked) ?? [] },
    linkAddress: (account) => whoIsWho?.linking?.address(account),
    owner: settings.owner,
    dns: () =>
      lookAtZone({
        domain: settings.edge.domain,
        locations: Object.keys(locations),
        resolvers: parts.resolvers,
        ...dns?.facts,
      }),
    https: () => https?.facts(),
    caddy: () => caddy?.facts(),
    logTargets: () => shipping.looks(),
    domains,
    defaultPrices: pricesFrom({}),
    sources: {
      branch: async (...place) => (await watch.sources.branch(...place)) ?? hosted.branch(...place),
    },
    lives: (environment) => lifeOf(lives, environment),
    machine: {
      disk: () => freeSpaceAt(parts.dataFolder),
      watched: () => watch.watched(),
      mail: async () => mailOf(store, settings),
    },
    edge: {
      domain: settings.edge.domain,
      urlOf: (fqdn) => {
        const own = dns && !isThisMachine(fqdn) ? ownPlace(hosts, routes.resolve(fqdn)) : undefined;
        return names?.serves(fqdn) && leadsToEdge(settings, own)
          ? secureUrlTo(fqdn, placeIn(addresses.edgeTls).port)
          : urlTo(fqdn, placeIn(addresses.edge), own);
      },
      probe: (url, signal) => {
        const edgeAt = url.startsWith('https:') ? addresses.edgeTls : addresses.edge;
        return probe(url, { signal, clock, edge: placeIn(edgeAt) });
      },
    },
  };
  const commands = pushCommands(ground);
  const watch = createWatch({
    folder: join(parts.dataFolder, 'watched'),
    repositories: settings.watch,
    commands,
    branches: store.branches,
    clock,
    tell: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
  const git = createGitSurface({
    watchedRepositories: settings.watch.map(({ name }) => name),
    folder: join(parts.dataFolder, 'repositories'),
    temporaryFolder: await emptyFolder(join(parts.dataFolder, 'run')),
    commands,
    namedRepositories: settings.repositories,
    authenticate: (user, token) => tokens.authenticate(token, user),
    // Which branch it is about is known later: the environment is looked at before the ref moves.
    mayRead: (caller, repository) => policy.somewhere(caller, 'reader', `read ${repository}`, { repository }),
    mayPush: (caller, repository) =>
      policy.somewhere(caller, 'deployer', `push to ${repository}`, { repository }),
    mayCreate: (caller, repository) =>
      policy.somewhere(caller, 'operator', 'create a repository by pushing to it', { repository }),
    branches: store.branches,
    options: {
      check: (line) => parseLine(line, 'git') !== undefined,
      run: (line, caller, signal) => runCommand(ground, { words: [], line, caller, surface: 'git' }, signal),
    },
    reportInternal: (error) => log.internal(error),
  });
  const operations = createOperations({
    clock,
    run: (said, signal) => runCommand(ground, said, signal),
    reportInternal: (error) => log.internal(error),
  });
  const ownUrl = () => `${settings.http.tls ? 'https' : 'http'}://${addresses.http}`;
  const github = await githubFor(settings, parts, { ground, store, commands, ownUrl });
  const whoIsWho = await whoIsWhoFor(settings, parts, { ground, store, github, ownUrl });
  const usage = createUsageHistory(ground);
  const returns = createReturns(ground, (error) => log.internal(error));
  const slack = await slackFor(settings, parts, { ground, store, github, whoIsWho, usage });
  const web = createWeb({
    clock,
    authenticate: (token) => tokens.authenticate(token),
    operations,
    sessions: createSessions(ground),
    figures: createFigures(ground),
    keys: store.keys,
    pepper: store.pepper,
    seesAll: (caller) => policy.decide(caller, 'operator', 'see what others have asked').allowed,
    requestsPerSecond: settings.http.requestsPerSecond,
    git: (request, response) => git.handle(request, response),
    ...(github ? { github } : {}),
    ...(slack ? { slack } : {}),
    links: whoIsWho?.linking,
    reportInternal: (error) => log.internal(error),
  });
  const stopping = new AbortController();
  let server: Server | undefined;
  return {
    reconciler,
    store,
    ground,
    watch,
    github,
    slack,
    whoIsWho,
    addresses,
    async start() {
      await routes.load();
      await domains.load();
      addresses.dns = (await dns?.start()) ?? '';
      const edgeAt = placeIn(settings.edge.address);
      addresses.edge = `${edgeAt.host}:${await edge.listen(edgeAt.host, edgeAt.port)}`;
      if (settings.edge.https) {
        const secureAt = placeIn(settings.edge.https.address);
        addresses.edgeTls = `${secureAt.host}:${await edge.listenSecurely(secureAt.host, secureAt.port)}`;
        await https?.start();
      }
      await reconciler.start();
      if (Object.values(targets).some((target) => target)) await shipping.start();
      images.start();
      returns.start();
      standby.start();
      const httpAt = placeIn(settings.http.address);
      server = await listen(web, { ...httpAt, tls: settings.http.tls });
      const warning = warningFor(httpAt.host, settings.http.tls !== undefined);
      if (warning) log.warn({ address: settings.http.address }, warning);
      addresses.http = `${httpAt.host}:${portOf(server)}`;
      await writeFile(cliTokenFile(parts.dataFolder), `${await localToken(store, tokens)}\n`, {
        mode: 0o600,
      });
      watch.start();
      await github?.start();
      await slack?.start();
      const isWatched = slack !== undefined || Object.values(hosts).some(({ gpus }) => gpus.length);
      usage.start(isWatched ? 60_000 : 300_000); // a picture has a point a minute; advice needs fewer
      void git.catchUp(stopping.signal).catch((error: unknown) => log.internal(error));
    },
    async close() {
      stopping.abort(new Error('the bot is stopping'));
      operations.close();
      usage.close();
      server?.closeAllConnections();
      await Promise.all([
        watch.close(),
        github?.close(),
        slack?.close(),
        git.close(),
        edge.close(),
        https?.close(),
        dns?.close(),
        shipping.close(),
        standby.close(),
        returns.close(),
        reconciler.close(),
        images.close(),
        closed(server),
      ]);
      await Promise.all(Object.values(hosts).map(({ engine }) => engine.close()));
      routes.close();
      domains.close();
      logs.close();
      await store.close();
    },
  };
}

async function mailOf({ inbox, outbox }: Store, { github, slack }: Settings) {
  return (github ?? slack) && { deliveries: await inbox.counts(), writes: await outbox.counts() };
}

// What a chat or a code host takes is loaded for a bot that speaks to one: it would be half of the start of any other.

async function githubFor(
  settings: Settings,
  { clock, log, dataFolder }: AppParts,
  {
    ground,
    store,
    commands,
    ownUrl,
  }: { ground: Ground; store: Store & { vault: Vault }; commands: PushCommands; ownUrl: () => string },
): Promise<Door | undefined> {
  if (!settings.github) return undefined;
  const { createDoor } = await import('./surfaces/github/index.ts');
  return createDoor({
    ...store,
    files: githubFiles(settings.github),
    keptFile: join(dataFolder, 'github-app.age'),
    publicUrl: settings.github.publicUrl,
    ownUrl,
    info: (fields, message) => log.info(fields, message),
    settings: githubFrom(settings, settings.github),
    feed: ground.feed,
    clock,
    random: Math.random,
    run: (said, signal) => runCommand(ground, said, signal),
    commands,
    views: (repository, signal) => glanceAt(ground, repository, signal),
    isProtected: ground.policy.isProtected,
    holdBack: (wanted) => holdBack(ground, wanted),
    propose: (wanted) => propose(ground, wanted, { wanted: false }),
    warn: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
}

/** Who says where the names of groups lead; undefined where a wildcard record does. */
function dnsFor(
  settings: Settings,
  parts: {
    store: Store & { pepper: string };
    feed: Feed;
    hosts: Readonly<Record<string, Host>>;
    clock: Clock;
  },
): Dns | undefined {
  const dns = dnsFrom(settings);
  if (!dns) return undefined;
  const { store, feed, hosts, clock } = parts;
  const siteOf = (name: string) =>
    hosts[name] && siteFor(hosts[name].pools, `${name}.${settings.edge.domain}`, dns.edge);
  if (dns.update) {
    const { server, key, secret } = dns.update;
    return createOutsideDns({
      zone: dns.zone,
      server: placeIn(server),
      key: { name: key, secret },
      owner: ownerMark(settings.instance, store.pepper),
      book: store.toldNames,
      clock,
      siteOf,
    });
  }
  const records = Object.values(hosts).flatMap(({ name, pools }) =>
    siteRecords(pools, `${name}.${settings.edge.domain}`),
  );
  const { serve, zone } = dns;
  const listenAt = placeIn(serve.address);
  return createServedDns({
    ...serve,
    zone,
    listenAt,
    hosts: records,
    desired: store.desired,
    feed,
    clock,
    siteOf,
  });
}

/** The Caddy that serves names; undefined where the bot does so itself. */
function caddyFor(
  settings: Settings,
  { clock, log }: AppParts,
  { routes, domains }: { routes: Routes; domains: Domains },
): CaddyEdge | undefined {
  const asked = caddyFrom(settings);
  if (!asked) return undefined;
  return createCaddyEdge({
    ...asked,
    resolve: routes.resolve,
    served: routes.served,
    goOnWith: domains.goOnWith,
    clock,
    tell: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
}

/** What serves names over HTTPS; undefined where the settings do not ask for it. */
async function httpsFor(
  settings: Settings,
  { clock, log, dataFolder }: AppParts,
  { store, names, dns }: { store: Store; names: () => readonly HeldName[]; dns: Dns | undefined },
): Promise<Https | undefined> {
  const asked = httpsFrom(settings);
  if (!asked) return undefined;
  const zone = dns?.facts.zone ?? '';
  return createHttps({
    ...asked,
    folder: join(dataFolder, 'authority'),
    books: store,
    names,
    records:
      asked.acme?.proof === 'dns'
        ? (name) => (name.endsWith(`.${zone}`) ? dns?.proofs : undefined)
        : undefined,
    clock,
    tell: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
}

async function slackFor(
  settings: Settings,
  { clock, log }: AppParts,
  {
    ground,
    store,
    github,
    whoIsWho,
    usage,
  }: {
    ground: Ground;
    store: Store;
    github: Door | undefined;
    whoIsWho: WhoIsWho | undefined;
    usage: UsageHistory;
  },
): Promise<SlackDoor | undefined> {
  if (!settings.slack || !whoIsWho) return undefined;
  const { createSlackDoor } = await import('./surfaces/slack/index.ts');
  return createSlackDoor({
    ...store,
    files: settings.slack,
    settings: slackFrom(settings, settings.slack),
    people: whoIsWho.people,
    subscriptions: whoIsWho.subscriptions,
    pullRequests: github?.pullRequests,
    proposals: ground.proposals,
    feed: ground.feed,
    clock,
    random: Math.random,
    run: (said, signal) => runCommand(ground, said, signal),
    views: (repository, signal) => glanceAt(ground, repository, signal),
    viewsBy: (callers, signal) => glanceBy(ground, callers, signal),
    usage,
    places: createPlaces(
      ground,
      async () => [
        ...settings.watch.map(({ name }) => name),
        ...settings.repositories,
        ...(await store.pulls.unfinished()).map(({ repository }) => repository),
      ],
      async (repository) => [...(await store.branches.all(repository)).keys()],
    ),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
}

async function whoIsWhoFor(
  settings: Settings,
  { clock, log }: AppParts,
  {
    ground,
    store,
    github,
    ownUrl,
  }: { ground: Ground; store: Store; github: Door | undefined; ownUrl: () => string },
): Promise<WhoIsWho | undefined> {
  const { slack } = settings;
  if (!slack) return undefined;
  const [{ createWhoIsWho }, { SIGNED_IN }] = await Promise.all([
    import('./surfaces/slack/index.ts'),
    import('./surfaces/github/index.ts'),
  ]);
  return createWhoIsWho({
    ...store,
    clock,
    files: slack,
    settings: slackFrom(settings, slack),
    enterpriseOf: async (team) => (await store.slack.teams.get(team))?.enterprise ?? '',
    named: (name) => ground.policy.named(name),
    roleOf: github && ((repository, number) => github.callerOf(repository, number)),
    repositories: async () => [...new Set((await store.desired.list()).map(({ repository }) => repository))],
    publicUrl: () => publicUrlIn(settings) || ownUrl(),
    codeHost: () => github?.signIn(),
    codeHostPath: SIGNED_IN,
    warn: (fields, message) => log.warn(fields, message),
    reportInternal: (error) => log.internal(error),
  });
}

/** By location; one that no setting speaks of has none. */
function logTargetsOf({ logs, locations }: Settings, clock: Clock) {
  const shared = logs && logTargetFrom('logs', logs, clock);
  return Object.fromEntries(
    Object.entries(locations).map(([name, location]) => [
      name,
      location.logs ? logTargetFrom(`locations.${name}.logs`, location.logs, clock) : shared,
    ]),
  );
}

function locationFrom(
  settings: Settings,
  name: string,
  location: LocationSettings,
  parts: AppParts,
): Location {
  const hosts = hostsIn(name, location).map((host) => ({
    ...host,
    setting: `locations.${name}${location.hosts ? `.hosts.${host.name}` : ''}`,
    pools: poolsFrom({ ...host, networks: host.bridges }),
  }));
  const networks = privateNetworksFrom(name, networksIn(location), hosts.flatMap(rangesOnHost));
  return {
    hosts: hosts.map(({ setting, pools, ...host }) => ({
      name: host.name,
      location: name,
      zone: host.zone ?? '',
      setting,
      gpus: gpusOfHost(setting, host),
      keepImagesUnderBytes: location.images && location.images.keepUnderGB * 2 ** 30,
      engine:
        parts.engine?.(host) ??
        dockerEngineFor(settings, host, { networks: Object.values(networks), pools }, parts),
      pools,
    })),
    networks,
    answersNames: location.isolation === 'none' && location.resolverFile === undefined,
    prices: pricesFrom(location.prices),
    isolation: location.isolation,
    updates: location.updates,
  };
}

function dockerEngineFor(
  settings: Settings,
  host: HostSettings,
  { networks, pools }: { networks: readonly NamedNetwork[]; pools: Pools },
  parts: AppParts,
): Engine {
  return createDockerEngine(
    {
      way: { ...host, engine: host.engine ?? parts.dockerHost },
      folder: sshFolder(parts.dataFolder, host.name),
      runtime: host.runtime,
      isolation: host.isolation,
      tee: host.tee,
      ...(host.resolverFile === undefined ? {} : { resolverFile: host.resolverFile }),
      gpus: host.gpus,
      gpusElsewhere: Object.values(host.hosts ?? {}).some(({ gpus }) => gpus.length > 0),
      shares: { servers: host.shares, mountedBy: host.sharesMountedBy },
      nfsServers: host.nfsServers,
      mayWiden: host.securityContext === 'widen',
      shipsLogs: (host.logs ?? settings.logs) !== undefined,
      zoned: Object.values(host.hosts ?? {}).some(({ zone }) => zone),
      networks,
      spareSubnets: spareSubnets(pools),
      owner: settings.instance,
      stopGraceSeconds: settings.stopGraceSeconds,
    },
    parts.clock,
  );
}

/** In bytes, by host; those of a location that names no limit have none. */
function imageLimits(hosts: Readonly<Record<string, Host>>): ReadonlyMap<string, number> {
  return new Map(
    Object.values(hosts).flatMap(({ name, keepImagesUnderBytes }) =>
      keepImagesUnderBytes === undefined ? [] : [[name, keepImagesUnderBytes] as const],
    ),
  );
}

function hostsByName(locations: Readonly<Record<string, Location>>): Record<string, Host> {
  const all = Object.values(locations).flatMap(({ hosts }) => hosts);
  return Object.fromEntries(all.map((host) => [host.name, host]));
}

/** Whether whoever asks a name comes to the edge: the name does not lead to the group, or the edge listens there too. */
function leadsToEdge({ edge }: Settings, own: { port: number } | undefined): boolean {
  const { host } = placeIn(edge.https?.address ?? '');
  return own === undefined || host === '0.0.0.0' || host === '::';
}

/** Where a name leads, unless that is an address which several groups share. */
function ownPlace(
  hosts: Readonly<Record<string, Host>>,
  place: { address: string; port: number } | undefined,
) {
  return place && !isSharedIn(hosts, place.address) ? place : undefined;
}

function isSharedIn(hosts: Readonly<Record<string, Host>>, address: string): boolean {
  return Object.values(hosts).some(({ pools }) => pools.shared && isHandedOut(pools, address));
}

/** Where clients reach the edge; nothing where it listens on every address. */
function edgeAddressesOf(settings: Settings): readonly string[] {
  const { host } = placeIn(settings.edge.address);
  const everywhere = host === '0.0.0.0' || host === '::';
  return [...(everywhere ? [] : [host]), ...(dnsFrom(settings)?.edge ?? [])];
}

/** Tells this bot's names in a zone from those of another bot; follows from the data folder, which has one bot. */
function ownerMark(instance: string, pepper: string): string {
  return createHmac('sha256', pepper).update(`dns ${instance}`).digest('hex').slice(0, 16);
}

/** An address that two hosts hand out would be given to two groups. */
function refuseOverlaps(hosts: Readonly<Record<string, Host>>): void {
  const pools = Object.values(hosts).map((host) => [host.setting, host.pools] as const);
  const overlap = poolsOverlap(Object.fromEntries(pools));
  if (overlap === undefined) return;
  throw new Failure('range-invalid', `${overlap}.`, {
    advice: 'Give every location, and every host of one, addresses of its own.',
  });
}

/** The bot's books of tokens, for `katabot token`; a running bot reads the same file. */
export async function openTokens(dataFolder: string, clock: Clock): Promise<TokenParts> {
  const store = await openStore(dataFolder);
  const { tokens: book, audit } = store;
  return { tokens: createTokens(book, clock), book, audit, clock, close: () => store.close() };
}

/** Where the connection of a host that is reached over ssh keeps what it needs; not made before that. */
function sshFolder(dataFolder: string, host: string): string {
  const folder = join(dataFolder, 'ssh', host);
  return folder.length <= LONGEST_RUN_FOLDER ? folder : join(tmpdir(), `katabot-ssh-${randomUUID()}`);
}

/** A folder for sockets and hooks; what a bot that was killed has left in it goes. */
async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  // A socket's path has room for some 100 characters; a data folder that is deeper has its sockets elsewhere.
  return folder.length <= LONGEST_RUN_FOLDER ? folder : tmpdir();
}

/** The database and the key of fingerprints, in a folder that nobody else may enter. */
async function openStore(
  dataFolder: string,
): Promise<Store & { readonly pepper: string; readonly vault: Vault }> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  await chmod(dataFolder, 0o700);
  const vault = await openVault(join(dataFolder, 'identity.age'));
  return {
    ...(await openSqliteStore(join(dataFolder, 'katabot.sqlite'), vault)),
    pepper: vault.pepper,
    vault,
  };
}

/** The command line on the bot's own machine speaks as `local`, with a token that is new at every start. */
async function localToken(store: Store, tokens: Tokens): Promise<string> {
  await store.tokens.remove('local');
  return tokens.create('local', 'admin');
}
