import { createServer, get, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { createEdge, type Edge, probe } from '../../src/network/index.ts';

let group: Server;
let sockets: WebSocketServer;
let edge: Edge;
let port: number;
let aborted: Promise<void>;
let sendEvent = () => {};

beforeAll(async () => {
  const left = Promise.withResolvers<void>();
  aborted = left.promise;
  group = createServer((incoming, response) => {
    if (incoming.url === '/hang') {
      response.on('close', () => left.resolve());
      return;
    }
    if (incoming.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      sendEvent = () => response.end('data: last\n\n');
      return;
    }
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
    });
    incoming.on('end', () => {
      response.writeHead(incoming.url === '/missing' ? 404 : 200, { 'x-size': size });
      response.end(JSON.stringify(incoming.headers));
    });
  });
  sockets = new WebSocketServer({ server: group });
  sockets.on('connection', (socket) =>
    socket.on('message', (data) =>
      String(data) === 'bye' ? socket.close(4001, 'so long') : socket.send(`echo ${data}`),
    ),
  );
  await new Promise<void>((resolve) => group.listen(0, '127.23.0.1', resolve));
  const address = group.address();
  const upstream = { address: '127.23.0.1', port: typeof address === 'object' && address ? address.port : 0 };
  edge = createEdge(
    (host) =>
      ({ 'hello.local.localhost': upstream, 'down.local.localhost': { address: '127.23.0.1', port: 1 } })[
        host
      ],
  );
  port = await edge.listen('127.23.0.2', 0);
});

afterAll(async () => {
  await edge.close();
  for (const client of sockets.clients) client.terminate();
  group.closeAllConnections();
  await new Promise((resolve) => group.close(resolve));
});

function ask(host: string, path = '/', headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    get({ host: '127.23.0.2', port, path, headers: { host, ...headers }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    }).on('error', reject);
  });
}

describe('the edge', () => {
  test.each(['hello.local.localhost', 'HELLO.local.localhost', 'hello.local.localhost:7080'])(
    'finds the group of %s',
    async (host) => {
      expect((await ask(host)).status).toBe(200);
    },
  );

  test('says that there is no such group, and names no other', async () => {
    const { status, text } = await ask('<b>nobody</b>.localhost');
    expect([status, text]).toEqual([404, 'No group here is called ?b?nobody??b?.localhost.\n']);
  });

  test('says that a group does not answer', async () => {
    expect(await ask('down.local.localhost')).toMatchObject({
      status: 502,
      text: expect.stringContaining('does not answer on port 1'),
    });
  });

  test('tells the group who asks, and believes nobody else about that', async () => {
    const { text } = await ask('hello.local.localhost', '/', {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-proto': 'https',
    });
    expect(JSON.parse(text)).toMatchObject({
      host: 'hello.local.localhost',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  test('passes ten megabytes through', async () => {
    const size = await new Promise((resolve, reject) => {
      const upload = request(
        {
          host: '127.23.0.2',
          port,
          method: 'POST',
          headers: { host: 'hello.local.localhost' },
          agent: false,
        },
        (response) => {
          response.resume();
          resolve(response.headers['x-size']);
        },
      );
      upload.on('error', reject);
      upload.end(Buffer.alloc(10 * 1_048_576));
    });
    expect(size).toBe(String(10 * 1_048_576));
  });

  test('passes events as they come, before the answer ends', async () => {
    const seen: string[] = [];
    await new Promise<void>((resolve, reject) => {
      get(
        {
          host: '127.23.0.2',
          port,
          path: '/events',
          headers: { host: 'hello.local.localhost' },
          agent: false,
        },
        (response) => {
          response.setEncoding('utf8').on('data', (chunk: string) => {
            seen.push(chunk.trim());
            if (seen.length === 1) sendEvent(); // the last is sent only after the first has arrived
          });
          response.on('end', () => resolve());
        },
      ).on('error', reject);
    });
    expect(seen).toEqual(['data: first', 'data: last']);
  });

  test('passes websockets both ways, with their goodbye', async () => {
    const socket = new WebSocket(`ws://127.23.0.2:${port}/`, { headers: { host: 'hello.local.localhost' } });
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send('hi');
    expect(String(await new Promise((resolve) => socket.once('message', resolve)))).toBe('echo hi');
    socket.send('bye');
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(4001);
  });

  test('refuses a websocket to nobody', async () => {
    const socket = new WebSocket(`ws://127.23.0.2:${port}/`, { headers: { host: 'nobody.localhost' } });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toContain('404');
  });

  test('ends the request to the group when the client leaves', async () => {
    const client = connect(port, '127.23.0.2', () =>
      client.write('GET /hang HTTP/1.1\r\nHost: hello.local.localhost\r\n\r\n'),
    );
    client.on('error', () => {});
    await new Promise<void>((resolve) => group.once('request', () => resolve()));
    client.destroy();
    await aborted;
  });
});

describe('the look at a new address', () => {
  const look = (host: string, path: string) =>
    probe(`http://${host}:${port}${path}`, {
      signal: AbortSignal.timeout(5_000),
      clock: { ...systemClock, after: (delayMs, callback) => systemClock.after(delayMs / 20, callback) },
      edge: { host: '127.23.0.2', port },
    });

  test('takes any answer of the group itself', async () => {
    expect(await look('hello.local.localhost', '/')).toMatchObject({ status: 200 });
    expect(await look('hello.local.localhost', '/missing')).toMatchObject({ status: 404 });
  });

  test('takes no answer of the edge for the group’s', async () => {
    expect(await look('down.local.localhost', '/')).toBeUndefined();
    expect(await look('nobody.localhost', '/')).toBeUndefined();
  });
});
