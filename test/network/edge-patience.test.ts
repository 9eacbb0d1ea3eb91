/** Requests to a group that is being changed: it is away, or breaks off in the middle, and comes back. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import nock from 'nock';
import { createEdge } from '../../src/network/index.ts';
import { freePort } from '../world/name-servers.ts';
import { say } from './say.ts';

const [GROUP, EDGE] = ['127.23.7.1', '127.23.7.2'];
const closing: (() => unknown)[] = [];

beforeAll(() => nock.restore()); // it hands requests on once they are whole; here it is the wire that counts

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function group(answer: RequestListener): Server {
  const server = createServer(answer);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

/** An edge in front of a group; `looked` hears how often it has been asked where that is, and how it goes. */
async function edgeTo(
  port: number,
  state: boolean | (() => { awaited?: boolean; up?: boolean }),
  looked: (times: number) => void = () => {},
): Promise<number> {
  let times = 0;
  const edge = createEdge(() => {
    looked(++times);
    return { address: GROUP, port, ...(typeof state === 'boolean' ? { awaited: state } : state()) };
  });
  closing.push(() => edge.close());
  return edge.listen(EDGE, 0);
}

function get(at: number): Promise<string> {
  return say({ host: EDGE, port: at }, 'GET / HTTP/1.1', 'Host: a.localhost', 'Connection: close');
}

const POST = ['POST / HTTP/1.1', 'Host: a.localhost', 'Content-Length: 5', 'Connection: close', '', 'hello'];

test('a request waits until somebody is there, and its body arrives whole', async () => {
  const port = await freePort(GROUP);
  const server = group(async (incoming, response) => {
    response.end(`heard ${Buffer.concat(await Array.fromAsync(incoming))}`);
  });
  const at = await edgeTo(port, true, (times) => times === 3 && server.listen(port, GROUP));
  expect(await say({ host: EDGE, port: at, unfinished: true }, ...POST)).toMatch(
    /^HTTP\/1\.1 200 [\s\S]*heard hello/,
  );
});

test.each([true, false])(
  'a short answer that breaks off is asked for again where that is so: %s',
  async (awaited) => {
    let asked = 0;
    const server = group((incoming, response) => {
      asked++;
      response.writeHead(200, { 'content-length': 5 });
      if (asked === 1) response.write('he', () => incoming.socket.destroy());
      else response.end('hello');
    });
    const port = await freePort(GROUP);
    await once(server.listen(port, GROUP), 'listening');
    const at = await edgeTo(port, awaited);
    const text = await get(at);
    expect([text.endsWith('hello'), asked]).toEqual(awaited ? [true, 2] : [false, 1]);
  },
);

test('what may not be sent twice is sent once somebody is there, though an engine takes connections for nobody', async () => {
  let [connections, asked] = [0, 0];
  const server = group(async (incoming, response) => {
    asked++;
    response.end(`heard ${Buffer.concat(await Array.fromAsync(incoming))}`);
  });
  server.prependListener('connection', (socket) => void (++connections < 3 && socket.destroy()));
  const port = await freePort(GROUP);
  await once(server.listen(port, GROUP), 'listening');
  const at = await edgeTo(port, true);
  const text = await say({ host: EDGE, port: at, unfinished: true }, ...POST);
  expect([text.endsWith('heard hello'), connections, asked]).toEqual([true, 3, 1]);
});

test.each([
  ['waits for a group that is being changed', true, /^HTTP\/1\.1 101 /],
  [
    'is refused at once by one that is just down',
    false,
    /^HTTP\/1\.1 502 Bad Gateway\r\nx-katabot-edge: 1\r\n/,
  ],
])('who asks for a websocket %s', async (_, awaited, said) => {
  const port = await freePort(GROUP);
  const server = group(() => {});
  server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  );
  const at = await edgeTo(port, awaited, (times) => times === 3 && server.listen(port, GROUP));
  const lines = ['GET / HTTP/1.1', 'Host: a.localhost', 'Connection: Upgrade', 'Upgrade: websocket'];
  expect(await say({ host: EDGE, port: at }, ...lines)).toMatch(said);
});

test('what may have had an effect is not asked for again', async () => {
  let asked = 0;
  const server = group((incoming) => {
    asked++;
    incoming.socket.destroy();
  });
  const port = await freePort(GROUP);
  await once(server.listen(port, GROUP), 'listening');
  const at = await edgeTo(port, true);
  const lines = ['POST / HTTP/1.1', 'Host: a.localhost', 'Content-Length: 0', 'Connection: close'];
  expect(await say({ host: EDGE, port: at }, ...lines)).toMatch(/^HTTP\/1\.1 502 /);
  expect(asked).toBe(1);
});

test('a client that leaves is not waited for', async () => {
  const port = await freePort(GROUP);
  const { promise: third, resolve } = Promise.withResolvers<void>();
  let looks = 0;
  const at = await edgeTo(port, true, (times) => {
    looks = times;
    if (times === 3) resolve();
  });
  const client = fetch(`http://${EDGE}:${at}/`, { signal: AbortSignal.timeout(10_000) });
  const gone = client.catch(() => 'gone');
  await third;
  await closing.splice(0).reduce((before, close) => before.then(close), Promise.resolve<unknown>(undefined));
  expect(await gone).toBe('gone');
  expect(looks).toBeLessThan(30);
});

test('a request that was under way when the change began is asked again', async () => {
  let [changing, asked] = [false, 0];
  const server = group((incoming, response) => {
    asked += 1;
    if (asked > 1) return void response.end('hello');
    changing = true; // the program is ended while it thinks about an answer
    incoming.socket.destroy();
  });
  const port = await freePort(GROUP);
  await once(server.listen(port, GROUP), 'listening');
  const at = await edgeTo(port, () => ({ awaited: changing }));
  const text = await get(at);
  expect([text.endsWith('hello'), asked]).toEqual([true, 2]);
});

test.each([true, false])(
  'of a group that is said to run a moment is waited for, to hear what happens to it: %s',
  async (up) => {
    const port = await freePort(GROUP);
    const server = group((_incoming, response) => response.end('hello'));
    let looks = 0;
    const at = await edgeTo(
      port,
      () => ({ up }),
      (times) => {
        looks = times;
        if (times === 5) server.listen(port, GROUP);
      },
    );
    const text = await get(at);
    expect([text.endsWith('hello'), looks < 5]).toEqual(up ? [true, false] : [false, true]);
  },
);
