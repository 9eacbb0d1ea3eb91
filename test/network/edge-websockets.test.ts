/** Websockets through the edge, and what is left of them when either side goes. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { WebSocket, WebSocketServer } from 'ws';
import { createEdge, type Edge } from '../../src/network/index.ts';
import { say } from './say.ts';

const GROUP = '127.23.3.1';
const EDGE = '127.23.3.2';

let group: Server;
let sockets: WebSocketServer;
let edge: Edge;
let port: number;
let upgrades: Promise<{ request: IncomingMessage; socket: Socket }>;

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  group = createServer();
  sockets = new WebSocketServer({ noServer: true });
  group.on('upgrade', (request, socket, head) => {
    if (request.url === '/silent') return; // takes the request and never answers
    if (request.url === '/no') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\nConnection: close\r\n\r\nnobody');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (each) => sockets.emit('connection', each, request));
  });
  sockets.on('connection', (each) => {
    each.send('welcome');
    each.on('message', (data, isBinary) => {
      if (!isBinary && String(data) === 'bye') each.close(4002, 'as you wish');
      else each.send(data, { binary: isBinary });
    });
  });
  await once(group.listen(0, GROUP), 'listening');
  const target = { address: GROUP, port: (group.address() as AddressInfo).port };
  edge = createEdge((host) => (host === 'hello.localhost' ? target : undefined));
  port = await edge.listen(EDGE, 0);
});

beforeEach(() => {
  upgrades = new Promise((resolve) =>
    group.once('upgrade', (request: IncomingMessage, socket: Socket) => resolve({ request, socket })),
  );
});

afterAll(async () => {
  await edge.close();
  for (const each of sockets.clients) each.terminate();
  group.closeAllConnections();
  group.close();
});

/** A websocket through the edge, and its first message, which the group sends unasked. */
async function open(): Promise<{ near: WebSocket; far: WebSocket; welcome: string }> {
  const far = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
  const near = new WebSocket(`ws://${EDGE}:${port}/`, { headers: { host: 'hello.localhost' } });
  const [welcome] = await once(near, 'message');
  return { near, far: await far, welcome: String(welcome) };
}

/** A client that asks for a websocket by hand, and can be gone without a word. */
function knock(path: string): Socket {
  const client = connect(port, EDGE, () =>
    client.write(
      `GET ${path} HTTP/1.1\r\nHost: hello.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ),
  );
  return client.on('error', () => {});
}

describe('a websocket', () => {
  test('is told what the group says first, and hears back what it says itself, text and bytes', async () => {
    const { near, welcome } = await open();
    expect(welcome).toBe('welcome');
    for (const message of ['hello', Buffer.from([0, 255, 13, 10]), Buffer.alloc(1_048_576, 7)]) {
      near.send(message);
      const [data, isBinary] = await once(near, 'message');
      expect([Buffer.from(message).equals(data), isBinary]).toEqual([true, typeof message !== 'string']);
    }
    near.close();
    await once(near, 'close');
  });

  test('keeps the order of what is sent at once', async () => {
    const { near } = await open();
    const heard: string[] = [];
    const all = new Promise<void>((resolve) =>
      near.on('message', (data) => heard.push(String(data)) === 500 && resolve()),
    );
    const sent = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    for (const message of sent) near.send(message);
    await all;
    expect(heard).toEqual(sent);
    near.close();
    await once(near, 'close');
  });

  test('ends with the reason that the group gives', async () => {
    const { near } = await open();
    near.send('bye');
    const [code, reason] = await once(near, 'close');
    expect([code, String(reason)]).toEqual([4002, 'as you wish']);
  });

  test('ends with the reason that the client gives', async () => {
    const { near, far } = await open();
    near.close(4003, 'enough');
    const [code, reason] = await once(far, 'close');
    expect([code, String(reason)]).toEqual([4003, 'enough']);
  });

  test('tells the group who asks, as any request does', async () => {
    const client = knock('/');
    const { headers } = (await upgrades).request;
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'hello.localhost',
      'x-forwarded-port': '80',
      'x-forwarded-proto': 'http',
    });
    client.destroy();
  });

  test('that the group refuses is refused in the group’s own words', async () => {
    const client = knock('/no');
    const text = String(Buffer.concat(await Array.fromAsync(client)));
    expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(text).toMatch(/\r\n\r\nnobody$/);
  });

  test('to nobody is refused by the edge, and the connection ends', async () => {
    const text = await say(
      { host: EDGE, port },
      'GET / HTTP/1.1',
      'Host: nobody.localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
    );
    expect(text).toMatch(/^HTTP\/1\.1 404 Not Found\r\nx-katabot-edge: 1\r\n/);
  });
});

describe('when one side is gone', () => {
  test('the group hears that a client is gone', async () => {
    const { near, far } = await open();
    const closed = once(far, 'close');
    near.terminate();
    expect(await closed).toEqual([1006, expect.anything()]);
  });

  test('the group hears of a client that did not wait for its answer', async () => {
    const client = knock('/silent');
    const { socket } = await upgrades;
    const ended = once(socket.on('error', () => {}).resume(), 'end');
    client.destroy();
    await ended;
    socket.destroy();
  });

  test('a client hears that the group is gone', async () => {
    const { near, far } = await open();
    const closed = once(near, 'close');
    far.terminate();
    expect(await closed).toEqual([1006, expect.anything()]);
  });

  test('a client that keeps its end open does not keep the edge’s', async () => {
    const client = knock('/');
    const { socket } = await upgrades;
    await once(client, 'data');
    const closed = once(client, 'close');
    socket.destroy();
    await closed;
  });
});
