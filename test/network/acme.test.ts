/** Certificates of an authority of others: pebble, which looks at the bot's edge and at the bot's zone for its proofs. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { systemClock } from '../../src/clock.ts';
import { httpsFrom, parseSettings } from '../../src/config.ts';
import { groupKey } from '../../src/event.ts';
import { createEdge, createHttps, type Https } from '../../src/network/index.ts';
import { createFeed, createOutsideDns, createServedDns, type Dns } from '../../src/reconciler/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import type { Store } from '../../src/store/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openTestVault } from '../store/vault.ts';
import { type Pebble, startPebble } from '../world/acme.ts';
import { commitFiles, eventually, startApp } from '../world/bot.ts';
import { startCaddy } from '../world/caddy.ts';
import { groupText } from '../world/groups.ts';
import { dig, freePort, output } from '../world/name-servers.ts';
import { find } from '../world/private-engine.ts';
import { startUpdateServer } from '../world/update-servers.ts';

const ZONE = 'apps.example.com';
const HOST = '127.23.6.1';
const site = { host: `office.${ZONE}`, shared: true, edge: [HOST] };

const folder = mkdtempSync(join(tmpdir(), 'katabot-acme-'));
let store: Store;
let dns: Dns;
let pebble: Pebble;
let httpPort: number;

beforeAll(async () => {
  nock.restore();
  store = await openSqliteStore(join(folder, 'katabot.sqlite'), await openTestVault(folder));
  const { desired, events } = store;
  const feed = createFeed(events, systemClock, (error) => {
    throw error;
  });
  // Every name that the test asks for leads to the edge, as those of groups with a shared address do.
  const names = ['hello', 'again', 'wrong'].map((label) => ({
    name: `${label}.office.${ZONE}`,
    type: 'A' as const,
    data: HOST,
  }));
  dns = createServedDns({
    zone: ZONE,
    listenAt: { host: HOST, port: 0 },
    nameServers: [`ns1.${ZONE}`],
    publicAddresses: [HOST],
    contact: `hostmaster.${ZONE}`,
    responsesPerSecond: 0,
    hosts: names,
    desired,
    feed,
    clock: systemClock,
    siteOf: () => site,
  });
  const address = await dns.start();
  httpPort = await freePort(HOST);
  pebble = await startPebble(HOST, address, httpPort);
}, 60_000);

afterAll(async () => {
  await pebble?.stop();
  await dns?.close();
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As the bot opens it, for names that groups hold. */
function open(
  names: readonly string[],
  acme: Record<string, unknown>,
  more: Partial<Parameters<typeof createHttps>[0]> = {},
) {
  const settings = parseSettings(
    JSON.stringify({
      edge: {
        domain: ZONE,
        https: { acme: { termsAgreed: true, directory: pebble.directory, caFile: pebble.caFile, ...acme } },
      },
      dns: {},
    }),
    'katabot.yml',
  );
  const asked = httpsFrom(settings);
  if (!asked) throw new Error('no https in the settings');
  return createHttps({
    ...asked,
    folder,
    books: store,
    names: () => names.map((name) => ({ name, reached: true })),
    records: undefined,
    clock: systemClock,
    tell: () => {},
    warn: () => {},
    reportInternal: (error) => {
      throw error;
    },
    ...more,
  });
}

async function issued(https: Https, name: string): Promise<void> {
  await eventually(async () => {
    if (!https.security.contextFor(name)) throw new Error(JSON.stringify(https.facts().known));
  }, 30_000);
}

describe('a name is proved over HTTP', () => {
  test('at the edge, and is then served with what everybody who knows the authority trusts', async () => {
    const name = `hello.office.${ZONE}`;
    const https = await open([name], { email: 'ops@example.com' });
    const edge = createEdge(() => undefined, { security: https.security });
    await edge.listen(HOST, httpPort);
    const port = await edge.listenSecurely(HOST, 0);
    await https.start();
    await issued(https, name);
    const socket = connect({ host: HOST, port, servername: name, ca: await pebble.root() });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.getPeerCertificate().subjectaltname]).toEqual([true, `DNS:${name}`]);
    socket.destroy();
    await Promise.all([edge.close(), https.close()]);
  }, 60_000);

  test('once: after a restart it is there at once, and the authority is not asked', async () => {
    const name = `hello.office.${ZONE}`;
    const orders = pebble.said().split('POST /order-plz').length;
    const https = await open([name], {});
    await https.start();
    expect(https.security.contextFor(name)).toBeDefined();
    expect(pebble.said().split('POST /order-plz')).toHaveLength(orders);
    await https.close();
  });

  test('in vain where nobody answers: that is told in the authority’s words, and not tried again at once', async () => {
    const name = `wrong.office.${ZONE}`;
    const warnings: Record<string, unknown>[] = [];
    const https = await open([name], {}, { warn: (fields) => warnings.push(fields) });
    await https.start(); // and no edge listens
    await eventually(async () => expect(warnings).toHaveLength(1), 30_000);
    const [known] = https.facts().known;
    expect(known).toMatchObject({ name, pair: undefined, failures: 1 });
    expect(known?.problem).toMatch(
      /^127\.23\.6\.1:\d+ gives no certificate for wrong\.office\.apps\.example\.com: .*connection refused/,
    );
    expect(known?.retryAtMs).toBeGreaterThan(Date.now() + 4 * 60_000);
    https.look();
    expect(warnings).toHaveLength(1);
    await https.close();
  }, 60_000);
});

describe('a name is proved by a record', () => {
  test('that the bot answers itself; one certificate with a star serves the location, and the record is gone afterwards', async () => {
    const name = `again.office.${ZONE}`;
    const https = await open([name], { proof: 'dns', wildcards: true }, { records: () => dns.proofs });
    await https.start();
    await issued(https, name);
    expect(https.facts().known.map((each) => each.name)).toEqual([`*.office.${ZONE}`]);
    expect(https.security.contextFor(`other.office.${ZONE}`)).toBeDefined();
    await https.close();
    const told = await dns.facts.served?.address();
    const [host = '', port] = (told ?? '').split(':');
    const asked = await dig({ host, port: Number(port) }, `_acme-challenge.office.${ZONE}`, 'TXT');
    expect([asked.status, asked.answer]).toEqual(['NXDOMAIN', []]);
  }, 60_000);

  test('that the bot has another name server say', async () => {
    const knot = await startUpdateServer('Knot', '127.23.6.2', 'groups.example.com');
    const outside = createOutsideDns({
      zone: 'groups.example.com',
      server: knot,
      key: { name: knot.key.name, secret: new Secret(knot.key.secret) },
      owner: 'test',
      book: store.toldNames,
      clock: systemClock,
      siteOf: () => undefined,
    });
    const other = await startPebble('127.23.6.3', `${knot.host}:${knot.port}`, 1);
    const name = 'elsewhere.groups.example.com';
    const https = await open(
      [name],
      { proof: 'dns', directory: other.directory, caFile: other.caFile },
      { records: () => outside.proofs, domain: 'groups.example.com' },
    );
    await https.start();
    await issued(https, name);
    await https.close();
    expect(await store.toldNames.get(groupKey('_acme-challenge', `_acme-challenge.${name}`))).toBeUndefined();
    await other.stop();
    await knot.stop();
  }, 60_000);
});

describe.each([
  ['the bot’s own edge', 4, true],
  ['a Caddy that the bot tells', 5, find('caddy') !== undefined],
])('through the bot, with %s:', (_edge, place, isHere) => {
  (isHere ? test : test.skip)(
    `a group that is pushed has its certificate soon, and HTTP leads to HTTPS${isHere ? '' : ' (not here: apt-get install caddy)'}`,
    async () => {
      const host = `127.23.6.${place}`;
      const caddy = place === 5 ? await startCaddy(host) : undefined;
      const [edgePort, securePort, dnsPort] = [
        await freePort(host),
        await freePort(host),
        await freePort(host),
      ];
      const authority = await startPebble(host, `${host}:${dnsPort}`, edgePort);
      const home = mkdtempSync(join(tmpdir(), 'katabot-acme-push-'));
      const { directory, caFile } = authority;
      const bot = await startApp({
        settings: {
          instance: 'test-acme',
          edge: {
            address: `${host}:${edgePort}`,
            domain: ZONE,
            https: { address: `${host}:${securePort}`, acme: { termsAgreed: true, directory, caFile } },
            ...(caddy ? { caddy: { admin: caddy.admin } } : {}),
          },
          dns: { edge: [host], serve: { address: `${host}:${dnsPort}` } },
          locations: { local: { isolation: 'none', addresses: '127.23.97.1', networks: '198.19.172.0/24' } },
        },
      });
      try {
        await commitFiles(home, { 'containergroup.yaml': groupText({ name: 'public', label: 'public' }) });
        expect((await bot.push(home, { repository: 'public' })).text).toMatch(/ 1\/1 running/);
        const name = `public.local.${ZONE}`;
        await eventually(async () => expect(bot.app.ground.edge.urlOf(name)).toMatch(/^https:/), 30_000);
        const { port } = new URL(bot.app.ground.edge.urlOf(name));
        const root = join(home, 'root.pem');
        writeFileSync(root, await authority.root());
        const places = [`${name}:${edgePort}:${host}`, `${name}:${port}:${host}`].flatMap((each) => [
          '--resolve',
          each,
        ]);
        const said = await output('curl', [
          '-sSL',
          '-m',
          '10',
          ...places,
          '--cacert',
          root,
          '-w',
          ' %{http_code} %{url_effective}',
          `http://${name}:${edgePort}/`,
        ]);
        expect(said).toMatch(new RegExp(`It runs\\.[^]* 200 https://${name}:${port}/$`));
      } finally {
        await bot.run('delete', 'public');
        await bot.stop();
        await authority.stop();
        await caddy?.stop();
        rmSync(home, { recursive: true, force: true });
      }
    },
    90_000,
  );
});
