/** What every edge does with traffic: the bot's own, and a Caddy that the bot tells where names lead. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, get, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { Agent as SecureAgent } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectSecurely, createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { createCaddyAdmin } from '../../src/network/caddy/admin.ts';
import { namesServedIn } from '../../src/network/caddy/with-own-part.ts';
import {
  type CaddyEdge,
  createCaddyEdge,
  createEdge,
  type Edge,
  probe,
  type ServedName,
} from '../../src/network/index.ts';
import { eventually } from '../world/bot.ts';
import { type Caddy, startCaddy } from '../world/caddy.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { freePort } from '../world/name-servers.ts';
import { find } from '../world/private-engine.ts';

const GROUP = '127.23.7.1';
const OWN = '127.23.7.2';
const CADDY = '127.23.7.3';
const MEGABYTE = 1_048_576;

interface Place {
  readonly host: string;
  port: number;
  securePort: number;
  ca: string;
}

const places = { own: placeAt(OWN), caddy: placeAt(CADDY) };
const folder = mkdtempSync(join(tmpdir(), 'katabot-edges-'));
/** Of which both edges know. Names below `local.localhost` have certificates, and are served over HTTPS alone. */
const served: ServedName[] = [];
/** Of these a bot that starts does not know yet whether they lead here. */
const unseen = new Set<string>();
let group: Server;
let sockets: WebSocketServer;
let groupPort: number;
let asked: string[] = [];
let left = Promise.withResolvers<void>();
let sendEvent = () => {};
let own: Edge;
let caddy: Caddy;
let told: CaddyEdge;
const warned: string[] = [];

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  await startGroup();
  served.push(
    { ...at(), name: 'hello.local.localhost' },
    { ...at(), name: 'hello.example.com' }, // a domain of the group's own: no certificate, plain HTTP
    { ...at(), name: 'down.example.com', port: 1 },
    { ...at(), name: 'unready.example.com', ready: false },
    { ...at(), name: 'back.example.com', port: await freePort(GROUP) },
  );
  await startOwn();
  if (find('caddy')) await startTold();
}, 60_000);

afterAll(async () => {
  await told?.close();
  await own?.close();
  await caddy?.stop();
  for (const client of sockets.clients) client.terminate();
  group.closeAllConnections();
  group.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Where the group is. */
const at = () => ({ address: GROUP, port: groupPort, ready: true, changing: false });

function placeAt(host: string): Place {
  return { host, port: 0, securePort: 0, ca: '' };
}

async function startGroup(): Promise<void> {
  group = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (incoming.url === '/hang') return void response.on('close', () => left.resolve());
    if (incoming.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first\n');
      sendEvent = () => response.end('last\n');
      return;
    }
    let size = 0;
    incoming.on('data', (part: Buffer) => {
      size += part.length;
    });
    incoming.on('end', () => {
      response.writeHead(incoming.url === '/missing' ? 404 : 200, {
        'x-size': size,
        'x-url': incoming.url,
        'x-katabot-edge': 'forged',
      });
      response.end(JSON.stringify(incoming.headers));
    });
  });
  sockets = new WebSocketServer({ server: group });
  sockets.on('connection', (socket) =>
    socket.on('message', (data) =>
      String(data) === 'bye' ? socket.close(4001, 'so long') : socket.send(`echo ${data}`),
    ),
  );
  await once(group.listen(0, GROUP), 'listening');
  groupPort = (group.address() as AddressInfo).port;
}

async function startOwn(): Promise<void> {
  const authority = createAuthority(folder, 'authority');
  const { cert, key } = signed(folder, 'hello', authority, '*.local.localhost');
  const context = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
  own = createEdge(resolve, {
    security: {
      contextFor: (name) => (name.endsWith('.local.localhost') && resolve(name) ? context : undefined),
      redirects: true,
      hstsSeconds: 60,
      proofOf: () => undefined,
    },
  });
  places.own.port = await own.listen(OWN, 0);
  places.own.securePort = await own.listenSecurely(OWN, 0);
  places.own.ca = readFileSync(authority.cert, 'utf8');
}

/** Where a name leads; the group of one is being changed. */
function resolve(host: string) {
  const found = served.find(({ name }) => name === host);
  return found && { ...found, awaited: host === 'back.example.com' };
}

async function startTold(): Promise<void> {
  caddy = await startCaddy(CADDY);
  places.caddy.port = await freePort(CADDY);
  places.caddy.securePort = await freePort(CADDY);
  told = await tell(places.caddy.port);
  places.caddy.ca = await eventually(() => caddy.authority(), 15_000); // whoever asks during a change may be cut off
}

/** As a bot that starts: it knows of all names, and says where Caddy is to listen. */
async function tell(port: number, admin = caddy.admin): Promise<CaddyEdge> {
  const edge = createCaddyEdge({
    instance: 'test',
    domain: 'local.localhost',
    tls: { acme: undefined, redirects: true, hstsSeconds: 60 },
    admin,
    resolve,
    served: () => served.filter(({ name }) => !unseen.has(name)),
    goOnWith: async (names) => {
      for (const name of names) unseen.delete(name);
    },
    clock: systemClock,
    tell: () => {},
    warn: ({ problem }, message) => warned.push(`${message}: ${problem}`),
    reportInternal: (error) => {
      throw error;
    },
  });
  await edge.listen(CADDY, port);
  await edge.listenSecurely(CADDY, places.caddy.securePort);
  if (port === places.caddy.port && admin === caddy.admin) await inPlace(edge);
  return edge;
}

/** What Caddy has. */
async function configuration(): Promise<unknown> {
  let seen: unknown;
  const look = (found: unknown) => {
    seen = found;
    return found;
  };
  await createCaddyAdmin(caddy.admin).bring(look, AbortSignal.timeout(10_000));
  return seen;
}

/** Caddy has all that it should. */
async function inPlace(edge = told): Promise<void> {
  edge.look();
  await eventually(async () => expect(await edge.facts()).toMatchObject({ problem: '' }), 20_000);
}

interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  { host: edge, port }: Place,
  host: string,
  { method = 'GET', path = '/', headers = {}, body = Buffer.alloc(0) } = {},
): Promise<Heard> {
  const question = request({
    host: edge,
    port,
    method,
    path,
    headers: { ...headers, host },
    agent: false,
  });
  question.end(body.length ? body : undefined);
  const [response] = await once(question, 'response');
  const text = String(Buffer.concat(await Array.fromAsync<Buffer>(response)));
  return { status: response.statusCode, headers: response.headers, text };
}

describe.each([
  ['the bot’s own edge', places.own],
  [`a Caddy that the bot tells${find('caddy') ? '' : ' (not here: apt-get install caddy)'}`, places.caddy],
])('%s', (_name, place) => {
  const cases = place === places.own || find('caddy') ? test : test.skip;

  cases.each(['hello.example.com', 'HELLO.example.com', 'hello.example.com:7080'])(
    'finds the group of %s',
    async (host) => {
      expect((await ask(place, host, { path: '/a?b=c&d=%20' })).headers['x-url']).toBe('/a?b=c&d=%20');
    },
  );

  cases.each([
    ['nobody.localhost', 404, 'No group here is called nobody.localhost.\n'],
    ['unready.example.com', 503, 'The group behind unready.example.com is not ready yet.\n'],
    ['down.example.com', 502, 'The group behind down.example.com does not answer on port 1.\n'],
  ])('answers for %s itself, with %i', async (host, status, text) => {
    asked = [];
    const { headers, ...heard } = await ask(place, host);
    expect(heard).toEqual({ status, text });
    expect(headers).toMatchObject({
      'x-katabot-edge': '1',
      'cache-control': 'no-store',
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(headers['retry-after']).toBe(status === 503 ? '2' : undefined);
    expect(asked).toEqual([]);
  });

  cases('is told from a group by who looks at a new address', async () => {
    const clock = {
      ...systemClock,
      after: (ms: number, then: () => void) => systemClock.after(ms / 20, then),
    };
    const look = (host: string, path = '/') =>
      probe(`http://${host}:${place.port}${path}`, {
        signal: AbortSignal.timeout(5_000),
        clock,
        edge: place,
      });
    expect(await look('hello.example.com')).toMatchObject({ status: 200 });
    expect(await look('hello.example.com', '/missing')).toMatchObject({ status: 404 });
    expect(await look('down.example.com')).toBeUndefined();
    expect(await look('nobody.localhost')).toBeUndefined();
  });

  cases('gives a name back as text that can do no harm', async () => {
    const { status, text, headers } = await ask(place, '<b>nobody</b>.localhost');
    expect([text.includes('<'), headers['content-type']]).toEqual([
      false,
      expect.stringMatching(/^text\/plain; charset=utf-8$/),
    ]);
    expect([400, 404]).toContain(status);
  });

  cases('tells the group who asks, and believes nobody else about that', async () => {
    const host = `hello.example.com:${place.port}`;
    const forged = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'else.where',
      'x-forwarded-port': '1',
      'x-real-ip': '1.2.3.4',
      forwarded: 'for=1.2.3.4',
    };
    const { text, headers } = await ask(place, host, { headers: forged });
    const heard = JSON.parse(text);
    expect(heard).toMatchObject({
      host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': host,
      'x-forwarded-port': `${place.port}`,
    });
    expect(heard).not.toHaveProperty('x-real-ip');
    expect(heard).not.toHaveProperty('forwarded');
    expect(heard).not.toHaveProperty('accept-encoding');
    expect(headers['x-katabot-edge']).toBeUndefined(); // a group does not speak as the edge
  });

  cases('passes ten megabytes through', async () => {
    const body = Buffer.alloc(10 * MEGABYTE);
    const { headers } = await ask(place, 'hello.example.com', { method: 'POST', body });
    expect(headers['x-size']).toBe(`${body.length}`);
  });

  cases('passes an answer on as it comes, before it ends', async () => {
    const seen: string[] = [];
    const question = get({
      host: place.host,
      port: place.port,
      path: '/events',
      headers: { host: 'hello.example.com' },
      agent: false,
    });
    const [response] = await once(question, 'response');
    for await (const part of response) {
      seen.push(String(part).trim());
      if (seen.length === 1) sendEvent(); // the last is sent only after the first has arrived
    }
    expect(seen).toEqual(['first', 'last']);
  });

  cases('ends the request to the group when the client leaves', async () => {
    left = Promise.withResolvers();
    const arrived = once(group, 'request');
    const client = connect(place.port, place.host, () =>
      client.write('GET /hang HTTP/1.1\r\nHost: hello.example.com\r\n\r\n'),
    );
    client.on('error', () => {});
    await arrived;
    client.destroy();
    await left.promise;
  });

  cases('keeps requests until a group that is up listens, and loses none', async () => {
    const { port = 0 } = served.find(({ name }) => name === 'back.example.com') ?? {};
    const headers = { 'x-forwarded-for': '1.2.3.4', 'x-katabot-behind': 'a guess' };
    const answers = ['GET', 'POST', 'DELETE'].map((method) =>
      ask(place, `back.example.com:${place.port}`, { method, headers }),
    );
    await ask(place, 'hello.example.com'); // they have set out by then
    if (place === places.caddy) {
      served.push({ ...at(), name: 'meanwhile.example.com' });
      await inPlace(); // they go on waiting though Caddy is told of something else
    }
    const told: IncomingHttpHeaders[] = [];
    const late = createServer((incoming, response) => {
      told.push(incoming.headers);
      response.end(incoming.method);
    });
    await once(late.listen(port, GROUP), 'listening');
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual(['GET', 'POST', 'DELETE']);
    for (const each of told) {
      expect(each).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-port': `${place.port}` });
      expect(each).not.toHaveProperty('x-katabot-behind');
    }
    // Engines take connections for programs that are not there, and close them at once.
    late.closeAllConnections();
    let connections = 0;
    late.prependListener('connection', (socket) => void (++connections < 3 && socket.destroy()));
    expect([(await ask(place, 'back.example.com')).text, connections]).toEqual(['GET', 3]);
    late.closeAllConnections();
    late.close();
  });

  cases('passes websockets both ways, with their goodbye, over HTTP and HTTPS', async () => {
    const agent = new SecureAgent({ ca: place.ca, servername: 'hello.local.localhost' });
    for (const [url, host, options] of [
      [`ws://${place.host}:${place.port}/`, 'hello.example.com', { agent: new Agent() }],
      [`wss://${place.host}:${place.securePort}/`, 'hello.local.localhost', { agent }],
    ] as const) {
      const socket = new WebSocket(url, { ...options, headers: { host } });
      await once(socket, 'open');
      socket.send('hi');
      expect(String((await once(socket, 'message'))[0])).toBe('echo hi');
      socket.send('bye');
      expect((await once(socket, 'close'))[0]).toBe(4001);
    }
  });

  cases('refuses a websocket to nobody', async () => {
    const socket = new WebSocket(`ws://${place.host}:${place.port}/`, {
      headers: { host: 'nobody.localhost' },
    });
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain('404');
  });

  cases('sends to HTTPS who asks a name that has a certificate, with method and path', async () => {
    const { status, headers } = await ask(place, 'hello.local.localhost', { method: 'POST', path: '/a?b=c' });
    expect(status).toBe(308);
    expect(headers['location']).toBe(`https://hello.local.localhost:${place.securePort}/a?b=c`);
  });

  cases('serves HTTP/2 over TLS, and tells the group and the browser so', async () => {
    const client: ClientHttp2Session = connectHttp2(`https://hello.local.localhost:${place.securePort}`, {
      createConnection: () =>
        connectSecurely({
          host: place.host,
          port: place.securePort,
          servername: 'hello.local.localhost',
          ca: place.ca,
          ALPNProtocols: ['h2'],
        }),
    });
    const heard = client.request({ ':path': '/echo', ':method': 'POST' }, { endStream: false });
    heard.end(Buffer.alloc(MEGABYTE));
    const [headers] = await once(heard, 'response');
    const body = JSON.parse(String(Buffer.concat(await Array.fromAsync<Buffer>(heard))));
    expect(headers).toMatchObject({
      ':status': 200,
      'x-size': `${MEGABYTE}`,
      'strict-transport-security': 'max-age=60',
    });
    expect(body).toMatchObject({
      host: `hello.local.localhost:${place.securePort}`,
      'x-forwarded-proto': 'https',
      'x-forwarded-port': `${place.securePort}`,
    });
    client.destroy();
  });

  cases('shows a name that nobody holds no certificate of anybody else', async () => {
    const { host, securePort: port, ca } = place;
    const socket = connectSecurely({ host, port, ca, servername: 'nobody.local.localhost' });
    expect(String((await once(socket, 'error'))[0])).toMatch(/alert/);
  });
});

(find('caddy') ? describe : describe.skip)('a Caddy that the bot tells', () => {
  test('that ends is asked again and again, and told all of it once it is back; what others have in it stays', async () => {
    await caddy.end();
    await eventually(async () =>
      expect(warned.join()).toMatch(/Caddy is not told of names: Caddy does not answer/),
    );
    expect(await told.facts()).toMatchObject({
      problem: expect.stringMatching(
        /^Caddy does not answer at http:\/\/127.23.7.3:\d+: connect ECONNREFUSED/,
      ),
      advice: expect.stringContaining('edge.caddy.admin'),
    });
    await caddy.start();
    await inPlace();
    expect((await ask(places.caddy, 'hello.example.com')).status).toBe(200);
    expect(await (await fetch(caddy.theirs)).text()).toBe('theirs');
  });

  test('goes on when the bot ends, and a bot that starts again finds all in place', async () => {
    await told.close();
    expect((await ask(places.caddy, 'hello.example.com')).status).toBe(200);
    expect(await ask(places.caddy, 'nobody.localhost')).toMatchObject({
      status: 502,
      text: 'The bot is away, and nobody.localhost leads to nobody without it.\n',
    });
    expect((await ask(places.caddy, 'down.example.com')).status).toBe(502);
    for (const name of ['hello.example.com', 'never.example.com']) unseen.add(name);
    served.push({ ...at(), name: 'never.example.com' });
    const before = await configuration();
    told = await tell(places.caddy.port);
    // Domains that it has not looked at stay as they were.
    expect([...unseen]).toEqual(['never.example.com']);
    const hosts = (found: unknown) => namesServedIn(found, 'test');
    expect(hosts(await configuration())).toEqual(hosts(before));
    unseen.clear();
  });

  test('loses no request while it is told of a name', async () => {
    const question = get({
      host: CADDY,
      port: places.caddy.port,
      path: '/events',
      headers: { host: 'hello.example.com' },
      agent: false,
    });
    const [response] = await once(question, 'response');
    served.push({ ...at(), name: 'new.example.com' });
    await inPlace();
    expect((await ask(places.caddy, 'new.example.com')).status).toBe(200);
    sendEvent();
    expect(String(Buffer.concat(await Array.fromAsync<Buffer>(response)))).toBe('first\nlast\n');
  });

  test('that refuses is left as it is, and doctor is told why', async () => {
    const other = await tell(Number(new URL(caddy.theirs).port));
    await eventually(async () => expect(warned.join()).toMatch(/does not take/));
    expect(await other.facts()).toMatchObject({
      problem: expect.stringMatching(/^Caddy does not take what the bot tells it: .*listen/),
      advice: expect.stringContaining('edge.address'),
    });
    await other.close();
    expect(await (await fetch(caddy.theirs)).text()).toBe('theirs');
    await inPlace();
  });

  test('that is told by two at the same moment has what both have said', async () => {
    const server = (name: string) => (found: unknown) => {
      const { apps } = Object(found);
      const servers = { ...apps.http.servers, [name]: { listen: [], routes: [] } };
      return { ...Object(found), apps: { ...apps, http: { ...apps.http, servers } } };
    };
    const signal = AbortSignal.timeout(10_000);
    const admin = createCaddyAdmin(caddy.admin);
    await Promise.all(['one', 'other'].map((name) => admin.bring(server(name), signal)));
    expect(await configuration()).toHaveProperty('apps.http.servers.one');
    expect(await configuration()).toHaveProperty('apps.http.servers.other');
    expect(await configuration()).toHaveProperty('apps.http.servers.theirs');
  });

  test('is told to forget a name that nobody holds any more', async () => {
    served.splice(0, served.length);
    await inPlace();
    expect((await ask(places.caddy, 'hello.example.com')).status).toBe(404);
    expect(JSON.stringify(await configuration())).not.toContain('local.localhost');
  });

  test('has nothing left of a bot whose servers were taken out by hand', async () => {
    await told.close();
    await caddy.ask('/config/apps/http/servers/test-http', 'DELETE');
    expect(JSON.stringify(await configuration())).not.toContain('"test-');
    expect(await (await fetch(caddy.theirs)).text()).toBe('theirs');
  });
});
