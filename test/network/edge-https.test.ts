/** HTTPS at the edge, over real sockets: one group, certificates of an authority of the test's own. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { Agent, request as requestSecurely } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectSecurely, createSecureContext, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { createEdge, type Edge, probe } from '../../src/network/index.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { say } from './say.ts';

const GROUP = '127.23.4.1';
const EDGE = '127.23.4.2';
const MEGABYTE = 1_048_576;

const folder = mkdtempSync(join(tmpdir(), 'katabot-https-'));
let ca: Buffer;
let group: Server;
let sockets: WebSocketServer;
let edge: Edge;
let port: number;
let plainPort: number;
let closed = Promise.withResolvers<void>();
let sendEvent = () => {};

async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<unknown> {
  switch (incoming.url) {
    case '/events':
      sendEvent = () => response.write('data: next\n\n');
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    case '/trailers':
      response.writeHead(200, { trailer: 'x-sum', connection: 'keep-alive, X-Mine', 'x-mine': '1' });
      response.addTrailers({ 'x-sum': '42' });
      return response.end('body');
    case '/hang':
      return response.on('close', closed.resolve);
    case '/broken':
      response.writeHead(200, { 'content-length': '100' });
      return response.write('half', () => incoming.socket.destroy());
    case '/echo': {
      const body = Buffer.concat(await Array.fromAsync(incoming));
      return response.writeHead(200, { 'content-length': body.length }).end(body);
    }
    default:
      return response.end(
        JSON.stringify({ ...incoming.headers, url: incoming.url, method: incoming.method }),
      );
  }
}

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  const authority = createAuthority(folder, 'authority');
  ca = readFileSync(authority.cert);
  const { cert, key } = signed(folder, 'hello', authority, '*.local.localhost');
  const context = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
  group = createServer((incoming, response) => void respond(incoming, response));
  sockets = new WebSocketServer({ server: group });
  sockets.on('connection', (each, { headers }) => each.send(String(headers['x-forwarded-proto'])));
  await once(group.listen(0, GROUP), 'listening');
  const target = { address: GROUP, port: (group.address() as AddressInfo).port };
  const down = { address: GROUP, port: 1 };
  edge = createEdge(
    (host) =>
      ({ 'hello.local.localhost': target, 'plain.example': target, 'down.local.localhost': down })[host],
    {
      security: {
        contextFor: (name) => (name.endsWith('.localhost') ? context : undefined),
        redirects: true,
        hstsSeconds: 3600,
        proofOf: (host, token) =>
          host === 'hello.local.localhost' && token === 'abc' ? 'abc.thumb' : undefined,
      },
    },
  );
  port = await edge.listenSecurely(EDGE, 0);
  plainPort = await edge.listen(EDGE, 0);
});

beforeEach(() => {
  closed = Promise.withResolvers();
});

afterAll(async () => {
  await edge.close();
  for (const each of sockets.clients) each.terminate();
  group.closeAllConnections();
  group.close();
  rmSync(folder, { recursive: true, force: true });
});

const ADDRESS = /^hello\.local\.localhost:\d+$/;

async function session(): Promise<ClientHttp2Session> {
  const opened = connectHttp2(`https://hello.local.localhost:${port}`, {
    createConnection: () => secureSocket('hello.local.localhost', ['h2']),
  });
  opened.on('error', () => {});
  return opened;
}

function secureSocket(servername: string, ALPNProtocols?: string[]): TLSSocket {
  return connectSecurely({ host: EDGE, port, servername, ca, ...(ALPNProtocols ? { ALPNProtocols } : {}) });
}

async function ended(stream: ClientHttp2Stream) {
  const trailers = once(stream, 'trailers').catch(() => []);
  const [headers] = await once(stream, 'response');
  const body = Buffer.concat(await Array.fromAsync<Buffer>(stream));
  return { headers, body, trailers };
}

describe('over HTTP/2', () => {
  let client: ClientHttp2Session;
  beforeAll(async () => {
    client = await session();
  });
  afterAll(() => client.destroy());

  test('a group is told the host that was asked, and who asks how', async () => {
    const asked = client.request({ ':path': '/a?b=c', 'x-forwarded-proto': 'gopher', te: 'trailers' });
    const { headers, body } = await ended(asked);
    expect(headers[':status']).toBe(200);
    const heard = JSON.parse(String(body));
    expect(heard).toMatchObject({
      url: '/a?b=c',
      method: 'GET',
      host: expect.stringMatching(ADDRESS),
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': String(port),
    });
    expect(Object.keys(heard).filter((name) => name.startsWith(':') || name === 'te')).toEqual([]);
    expect(heard).not.toHaveProperty('transfer-encoding');
  });

  test('an answer says nothing of the connection to the group, and its trailers follow', async () => {
    const { headers, trailers, body } = await ended(client.request({ ':path': '/trailers' }));
    expect([headers[':status'], String(body)]).toEqual([200, 'body']);
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'x-mine'])
      expect(headers).not.toHaveProperty(name);
    expect((await trailers)[0]).toMatchObject({ 'x-sum': '42' });
  });

  test.each(['POST', 'DELETE'])(
    '%s passes three megabytes both ways, without a length told first',
    async (method) => {
      const sent = Buffer.alloc(3 * MEGABYTE, 'katabot');
      const asked = client.request({ ':path': '/echo', ':method': method }, { endStream: false });
      asked.end(sent);
      expect((await ended(asked)).body.equals(sent)).toBe(true);
    },
  );

  test('two hundred requests at once are not mixed up', async () => {
    const answers = Array.from({ length: 200 }, async (_, index) => {
      const { body } = await ended(client.request({ ':path': `/${index}` }));
      return JSON.parse(String(body)).url;
    });
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 200 }, (_, index) => `/${index}`));
  });

  test('events come as they are sent, and the headers before the first of them', async () => {
    const asked = client.request({ ':path': '/events' });
    const [headers] = await once(asked, 'response');
    expect(headers['content-type']).toBe('text/event-stream');
    sendEvent();
    expect(String((await once(asked, 'data'))[0])).toBe('data: next\n\n');
    sendEvent();
    expect(String((await once(asked, 'data'))[0])).toBe('data: next\n\n');
    asked.close();
  });

  test('the request to the group ends when the client leaves the stream', async () => {
    const arrived = once(group, 'request');
    const asked = client.request({ ':path': '/hang' });
    await arrived;
    asked.close(8);
    await closed.promise;
  });

  test('an answer that the group broke off is not taken for whole, and the connection goes on', async () => {
    const asked = client.request({ ':path': '/broken' });
    const [error] = await once(asked.resume(), 'error');
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    expect((await ended(client.request({ ':path': '/' }))).headers[':status']).toBe(200);
  });

  test('a group that is down is told as over HTTP/1.1', async () => {
    const { headers } = await ended(client.request({ ':path': '/', ':authority': 'down.local.localhost' }));
    expect([headers[':status'], headers['x-katabot-edge']]).toEqual([502, '1']);
  });

  test('a browser is told to stay with HTTPS where the operator says so', async () => {
    const { headers } = await ended(client.request({ ':path': '/' }));
    expect(headers['strict-transport-security']).toBe('max-age=3600');
  });
});

describe('over HTTP/1.1', () => {
  test('the same is served to clients that know nothing newer, trailers too', async () => {
    const asked = requestSecurely({
      host: EDGE,
      port,
      servername: 'hello.local.localhost',
      ca,
      path: '/trailers',
      headers: { host: 'hello.local.localhost' },
      agent: false,
    });
    const [answer] = await once(asked.end(), 'response');
    await once(answer.resume(), 'end');
    expect([answer.httpVersion, answer.statusCode, answer.trailers]).toEqual(['1.1', 200, { 'x-sum': '42' }]);
  });

  test('a websocket is one, and its group knows that it came over HTTPS', async () => {
    const near = new WebSocket(`wss://${EDGE}:${port}/`, {
      agent: new Agent({ ca, servername: 'hello.local.localhost' }),
      headers: { host: 'hello.local.localhost' },
    });
    const [said] = await once(near, 'message');
    expect(String(said)).toBe('https');
    near.close();
    await once(near, 'close');
  });
});

describe('a handshake', () => {
  test('for a name that nobody here has ends with the alert that says so', async () => {
    const [error] = await once(secureSocket('nobody.example'), 'error');
    expect(String(error)).toMatch(/unrecognized name/);
  });

  test('without a name, or in an old version of TLS, ends without a certificate', async () => {
    const nameless = connectSecurely({ host: EDGE, port, ca });
    expect(String((await once(nameless, 'error'))[0])).toMatch(/handshake failure/);
    const old = connectSecurely({
      host: EDGE,
      port,
      servername: 'hello.local.localhost',
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    expect(String((await once(old, 'error'))[0])).toMatch(/protocol version/);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('in %s is taken', async (version) => {
    const socket = connectSecurely({
      host: EDGE,
      port,
      ca,
      servername: 'hello.local.localhost',
      minVersion: version,
      maxVersion: version,
    });
    await once(socket, 'secureConnect');
    expect(socket.getProtocol()).toBe(version);
    socket.destroy();
  });
});

describe('over plain HTTP', () => {
  const ask = (host: string, path: string) =>
    say(
      { host: EDGE, port: plainPort },
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: close',
      'Content-Length: 0',
    );

  test('who asks a name that has a certificate is sent to HTTPS, with method and path', async () => {
    expect(await ask('hello.local.localhost:80', '/a?b=c')).toMatch(
      new RegExp(`^HTTP/1.1 308 [\\s\\S]*location: https://hello.local.localhost:${port}/a\\?b=c\r\n`),
    );
  });

  test('a name without a certificate is served as it is, and told nothing of HTTPS', async () => {
    const answer = await ask('plain.example', '/');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toContain('strict-transport-security');
  });

  test('an authority finds its token; a path that is not asked for is the group’s own', async () => {
    expect(await ask('hello.local.localhost', '/.well-known/acme-challenge/abc')).toMatch(
      /^HTTP\/1\.1 200 [\s\S]*abc\.thumb/,
    );
    expect(await ask('hello.local.localhost', '/.well-known/acme-challenge/other')).toContain(
      '"url":"/.well-known/acme-challenge/other"',
    );
  });
});

test('the look at a new address asks over HTTPS too', async () => {
  const answered = await probe(`https://hello.local.localhost:${port}/`, {
    signal: AbortSignal.timeout(5_000),
    clock: systemClock,
    edge: { host: EDGE, port },
  });
  expect(answered).toMatchObject({ status: 200 });
});

test('an edge that closes lets an answer over HTTP/2 come to its end', async () => {
  const context = createSecureContext({
    cert: readFileSync(join(folder, 'hello.pem')),
    key: readFileSync(join(folder, 'hello.key')),
  });
  const target = { address: GROUP, port: (group.address() as AddressInfo).port };
  const short = createEdge(() => target, {
    security: { contextFor: () => context, redirects: false, hstsSeconds: 0, proofOf: () => undefined },
  });
  const shortPort = await short.listenSecurely(EDGE, 0);
  const client = connectHttp2(`https://hello.local.localhost:${shortPort}`, {
    createConnection: () =>
      connectSecurely({
        host: EDGE,
        port: shortPort,
        servername: 'hello.local.localhost',
        ca,
        ALPNProtocols: ['h2'],
      }),
  });
  const asked = client.request({ ':path': '/echo', ':method': 'POST' });
  const arrived = once(group, 'request');
  asked.write('half, ');
  await arrived;
  const closing = short.close();
  asked.end('half');
  expect(String((await ended(asked)).body)).toBe('half, half');
  await closing;
});
