/** Domains of one's own over an engine in memory: when they are served, and when no longer. */
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createEdge, type Edge, type LookAtDomain } from '../../src/network/index.ts';
import {
  createDomains,
  createFeed,
  createRoutes,
  type Domains,
  type Feed,
} from '../../src/reconciler/index.ts';
import { type GroupWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const FQDN = 'hello.local.localhost';
const SHOP = 'shop.example.com';
const WORDS: GroupWords = {
  containers: { web: {} },
  ports: [80],
  dnsNameLabel: 'hello',
  customDomains: [SHOP, 'www.example.com'],
};
const MINUTE_MS = 60_000;

let world: ReconciledWorld;
let feed: Feed;
let domains: Domains;
let routes: ReturnType<typeof createRoutes>;
/** Alias of each domain; undefined: the resolver does not answer. */
let aliases: Record<string, string | undefined>;
let looks: string[];
/** What answers wait for. */
let held: Promise<void>;
/** Both, as a bot that starts makes them. */
let start: () => void;

beforeEach(async () => {
  world = await createReconciledWorld();
  feed = createFeed(world.store.events, world.clock, () => {});
  aliases = { [SHOP]: 'elsewhere.example.net', 'www.example.com': 'elsewhere.example.net' };
  looks = [];
  held = Promise.resolve();
  const lookAt: LookAtDomain = async (domain) => {
    looks.push(domain);
    await held;
    const alias = aliases[domain];
    return alias === undefined
      ? undefined
      : { aliases: [alias], addresses: [], ownAddresses: [], proofs: [] };
  };
  const withName = <W extends object>(wish: W) => ({ ...wish, fqdn: FQDN });
  const desired = {
    ...world.store.desired,
    get: async (key: typeof KEY) => {
      const wish = await world.store.desired.get(key);
      return wish && withName(wish);
    },
    list: async () => (await world.store.desired.list()).map(withName),
  };
  start = () => {
    domains = createDomains({
      desired,
      feed,
      clock: world.clock,
      lookAt,
      edgeAddresses: [],
      isShared: () => false,
      proofOf: () => '',
      reportInternal: (error) => {
        throw error;
      },
    });
    routes = createRoutes(desired, feed, world.health, world.clock, domains.leads);
  };
  start();
  await world.wish(WORDS);
  await world.pass(1_000);
  await Promise.all([routes.load(), domains.load()]);
  await rest();
});

afterEach(async () => {
  routes.close();
  domains.close();
  await world.close();
});

/** A look is a few turns of promises, without any other wait. */
async function rest(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

async function pass(durationMs: number): Promise<void> {
  await world.pass(durationMs);
  await rest();
}

const served = () => routes.names().map(({ name }) => name);

test('a domain that leads elsewhere is not served, and a minute later it is, if it leads to the group by then', async () => {
  expect([routes.resolve(SHOP), served()]).toEqual([undefined, [FQDN]]);
  aliases[SHOP] = FQDN;
  await pass(MINUTE_MS - 2_000);
  expect(routes.resolve(SHOP)).toBeUndefined();
  await pass(2_000);
  expect(routes.resolve(SHOP)).toEqual(routes.resolve(FQDN));
  expect(routes.resolve('SHOP.example.com')).toBeDefined();
  expect(routes.resolve('www.example.com')).toBeUndefined();
  expect(served()).toEqual([FQDN, SHOP]); // for these a certificate is asked for
  // An edge that is told hears of the same.
  const { address, port } = routes.resolve(FQDN) ?? {};
  const told = { address, port, ready: true, changing: false };
  expect(routes.served()).toEqual([FQDN, SHOP].map((name) => ({ ...told, name })));
});

test('it is no longer served once it is seen to lead elsewhere, and goes on while the resolver does not answer', async () => {
  for (const domain of WORDS.customDomains ?? []) aliases[domain] = FQDN;
  await pass(MINUTE_MS);
  aliases[SHOP] = undefined;
  await pass(10 * MINUTE_MS);
  expect(served()).toEqual([FQDN, SHOP, 'www.example.com']);
  aliases[SHOP] = 'elsewhere.example.net';
  await pass(10 * MINUTE_MS);
  expect(served()).toEqual([FQDN, 'www.example.com']);
});

test('what was served before the bot started goes on until a resolver answers, which is asked each minute', async () => {
  domains.close();
  routes.close();
  aliases = {};
  await pass(24 * 60 * MINUTE_MS); // the group is no new one
  start();
  await Promise.all([routes.load(), domains.load()]);
  await rest();
  expect(served()).toEqual([FQDN]);
  await domains.goOnWith([SHOP, 'unknown.example.com']);
  expect([domains.leads(SHOP, KEY), domains.leads(SHOP, 'production/other')]).toEqual([true, false]);
  await pass(60 * MINUTE_MS);
  expect(routes.resolve(SHOP)).toEqual(routes.resolve(FQDN));
  expect(served()).toEqual([FQDN, SHOP]);
  let heard = 0;
  domains.onChange(() => heard++);
  aliases[SHOP] = 'elsewhere.example.net';
  await pass(MINUTE_MS);
  expect([served(), heard]).toEqual([[FQDN], 1]);
  await domains.goOnWith([SHOP]); // it has been looked at
  expect(served()).toEqual([FQDN]);
});

test('a domain that was served before the bot started goes with its place in the file', async () => {
  domains.close();
  routes.close();
  aliases = {};
  start();
  await Promise.all([routes.load(), domains.load()]);
  await domains.goOnWith([SHOP]);
  const wish = await world.wish({ ...WORDS, customDomains: ['www.example.com'] });
  feed.tell(KEY, wish.revision.number, { kind: 'accepted', by: 'david', commit: '', change: 'in-place' });
  await pass(1_000);
  expect([domains.leads(SHOP, KEY), served()]).toEqual([false, [FQDN]]);
});

test('whoever keeps certificates hears of every change, and of nothing else', async () => {
  let heard = 0;
  domains.onChange(() => heard++);
  await pass(2 * MINUTE_MS);
  expect(heard).toBe(0);
  aliases[SHOP] = FQDN;
  await pass(2 * MINUTE_MS);
  expect(heard).toBe(1);
});

test('one that does not come is looked at sixty times in the first hour, and six times in the next', async () => {
  const passMinutes = async (count: number) => {
    for (let minute = 0; minute < count; minute++) await pass(MINUTE_MS);
  };
  await passMinutes(59);
  expect(looks.filter((domain) => domain === SHOP)).toHaveLength(60);
  await passMinutes(1);
  looks = [];
  await passMinutes(60);
  expect(looks.filter((domain) => domain === SHOP)).toHaveLength(6);
});

test('an answer that comes after the domain has left the file counts for nothing', async () => {
  aliases[SHOP] = FQDN;
  const answer = Promise.withResolvers<void>();
  held = answer.promise;
  await pass(MINUTE_MS); // it is being looked at
  await world.wish({ ...WORDS, customDomains: ['www.example.com'] });
  answer.resolve();
  await rest();
  expect(domains.leads(SHOP, KEY)).toBe(false);
  expect(routes.resolve(SHOP)).toBeUndefined();
});

test('a domain that has left the file, or whose group goes, is no longer served nor looked at', async () => {
  aliases[SHOP] = FQDN;
  await pass(MINUTE_MS);
  const wish = await world.wish({ ...WORDS, customDomains: ['www.example.com'] });
  feed.tell(KEY, wish.revision.number, { kind: 'accepted', by: 'david', commit: '', change: 'in-place' });
  await pass(1_000);
  expect([routes.resolve(SHOP), served()]).toEqual([undefined, [FQDN]]);
  await world.unwish();
  feed.tell(KEY, wish.revision.number, { kind: 'removing', by: 'david' });
  await pass(1_000);
  looks = [];
  await pass(60 * MINUTE_MS);
  expect([served(), looks]).toEqual([[], []]);
});

test('the edge answers a request for the domain from the group', async () => {
  const group = await listening(
    createServer((request, response) => response.end(`for ${request.headers.host}`)),
  );
  const { port } = group.address() as AddressInfo;
  const edge: Edge = createEdge((host) => {
    const found = routes.resolve(host);
    return found && { ...found, address: '127.44.0.3', port };
  });
  const edgePort = await edge.listen('127.44.0.2', 0);
  try {
    expect(await ask(edgePort, SHOP)).toMatchObject({ status: 404 });
    aliases[SHOP] = FQDN;
    await pass(MINUTE_MS);
    expect(await ask(edgePort, SHOP)).toEqual({ status: 200, text: `for ${SHOP}` });
  } finally {
    await edge.close();
    group.close();
  }
});

async function listening(server: Server): Promise<Server> {
  server.listen(0, '127.44.0.3');
  await once(server, 'listening');
  return server;
}

async function ask(port: number, host: string): Promise<{ status: number | undefined; text: string }> {
  const request = get({ host: '127.44.0.2', port, headers: { host }, agent: false });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const part of response) text += part;
  return { status: response.statusCode, text };
}
