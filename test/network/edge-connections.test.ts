import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../src/clock.ts';
import { createEdge, probe } from '../../src/network/index.ts';
import { createManualClock } from '../world/clock.ts';

const GROUP = '127.23.1.1';
const EDGE = '127.23.1.2';

let group: Server;
let sockets: WebSocketServer;
let groupPort = 0;
let finishSlow = () => {};
/** Answers the next request that reaches the group under `path`. */
let reached: (path: string) => Promise<IncomingMessage>;

beforeAll(async () => {
  const waiting = new Map<string, (request: IncomingMessage) => void>();
  reached = (path) => new Promise((resolve) => waiting.set(path, resolve));
  group = createServer((request, response) => {
    if (request.url === '/slow') {
      response.write('begun, ');
      finishSlow = () => response.end('done');
    } else if (request.url === '/broken') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    } else if (request.url !== '/silent') {
      response.end(JSON.stringify(request.headers));
    }
    waiting.get(request.url ?? '')?.(request);
  });
  sockets = new WebSocketServer({ server: group });
  await new Promise<void>((resolve) => group.listen(0, GROUP, resolve));
  const address = group.address();
  groupPort = typeof address === 'object' && address ? address.port : 0;
});

afterAll(async () => {
  for (const client of sockets.clients) client.terminate();
  group.closeAllConnections();
  await new Promise((resolve) => group.close(resolve));
});

async function openEdge(clock = systemClock, behind = '') {
  const targets: Record<string, { address: string; port: number }> = {
    'hello.localhost': { address: GROUP, port: groupPort },
    'down.localhost': { address: GROUP, port: 1 },
  };
  const edge = createEdge((host) => targets[host], { clock, behind });
  return { edge, port: await edge.listen(EDGE, 0) };
}

/** All that comes back for a request written by hand, up to the end of the connection. */
function say(port: number, ...lines: string[]): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const client = connect(port, EDGE, () => client.write(`${lines.join('\r\n')}\r\n\r\n`));
    client.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    client.on('error', () => {});
    client.on('close', () => resolve(text));
  });
}

const headersSeen = (answer: string) => JSON.parse(answer.slice(answer.indexOf('{')));

describe('what is about one connection only', () => {
  let opened: Awaited<ReturnType<typeof openEdge>>;
  beforeAll(async () => {
    opened = await openEdge();
  });
  afterAll(() => opened.edge.close());

  test('does not reach the group, nor does anything that the client names in Connection', async () => {
    const seen = headersSeen(
      await say(
        opened.port,
        'GET / HTTP/1.1',
        'Host: hello.localhost',
        'Connection: close, X-Private, Host',
        'X-Private: 1',
        'Keep-Alive: timeout=3',
        'TE: trailers',
        'Proxy-Authorization: Basic eDp5',
        'X-Real-IP: 9.9.9.9',
        'Accept: text/plain',
      ),
    );
    expect(Object.keys(seen).sort()).toEqual([
      'accept',
      'connection',
      'host',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-port',
      'x-forwarded-proto',
    ]);
  });

  test('does not lose a body whose length is named in Connection', async () => {
    const answer = await say(
      opened.port,
      'POST / HTTP/1.1',
      'Host: hello.localhost',
      'Connection: close, Content-Length',
      'Content-Length: 0',
    );
    expect(headersSeen(answer)).toMatchObject({ 'content-length': '0' });
  });

  test('is refused as an offer of HTTP/2, and the request is answered', async () => {
    const answer = await say(
      opened.port,
      'GET / HTTP/1.1',
      'Host: hello.localhost',
      'Connection: close, Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(Object.keys(headersSeen(answer))).not.toContain('upgrade');
  });

  test('does not keep a name with a dot at its end from its group', async () => {
    expect(
      await say(opened.port, 'GET / HTTP/1.1', 'Host: hello.localhost.:80', 'Connection: close'),
    ).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('leaves a request without a host a sentence of its own', async () => {
    expect(await say(opened.port, 'GET / HTTP/1.0')).toContain('names no host');
  });

  test('is what a proxy in front says of the client, if it knows the word', async () => {
    const { edge, port } = await openEdge(systemClock, 'word');
    const seenFrom = async (word: string) => {
      const said = [
        'GET / HTTP/1.1',
        'Host: hello.localhost',
        'Connection: close',
        'X-Forwarded-For: 192.0.2.1',
      ];
      return headersSeen(await say(port, ...said, `X-Katabot-Behind: ${word}`));
    };
    expect(await seenFrom('word')).toMatchObject({ 'x-forwarded-for': '192.0.2.1' });
    expect(await seenFrom('guess')).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
    expect(await seenFrom('word')).not.toHaveProperty('x-katabot-behind');
    await edge.close();
  });

  test('ends with an answer that the group broke off, instead of pretending that it was whole', async () => {
    const error = await new Promise<Error>((resolve) => {
      get(
        {
          host: EDGE,
          port: opened.port,
          path: '/broken',
          headers: { host: 'hello.localhost' },
          agent: false,
        },
        (response) => response.on('error', resolve).resume(),
      );
    });
    expect(error.message).toBe('aborted');
  });

  test('says 502 to a websocket whose group does not answer', async () => {
    const socket = new WebSocket(`ws://${EDGE}:${opened.port}/`, { headers: { host: 'down.localhost' } });
    expect((await new Promise<Error>((resolve) => socket.once('error', resolve))).message).toContain('502');
  });
});

describe('an edge that closes', () => {
  test('ends websockets on both sides, and does not wait for them', async () => {
    const { edge, port } = await openEdge(createManualClock()); // the grace never ends
    const far = new Promise<WebSocket>((resolve) => sockets.once('connection', resolve));
    const near = new WebSocket(`ws://${EDGE}:${port}/`, { headers: { host: 'hello.localhost' } });
    near.on('error', () => {});
    const nearClosed = new Promise((resolve) => near.once('close', resolve));
    await new Promise((resolve) => near.once('open', resolve));
    const farClosed = far.then((socket) => new Promise((resolve) => socket.once('close', resolve)));
    await Promise.all([edge.close(), nearClosed, farClosed]);
  });

  test('lets an answer that has begun come to its end', async () => {
    const { edge, port } = await openEdge(createManualClock());
    const arrived = reached('/slow');
    const answer = say(port, 'GET /slow HTTP/1.1', 'Host: hello.localhost', 'Connection: close');
    await arrived;
    const closing = edge.close();
    finishSlow();
    expect(await answer).toContain('done');
    await closing;
  });

  test('cuts off what does not end by itself once the grace is over', async () => {
    const clock = createManualClock();
    const { edge, port } = await openEdge(clock);
    const arrived = reached('/slow');
    const answer = say(port, 'GET /slow HTTP/1.1', 'Host: hello.localhost');
    await arrived;
    const closing = edge.close();
    clock.advance(1_000);
    await closing;
    expect(await answer).not.toContain('done');
  });
});

test('a program that takes requests and answers none does not hold up the look at its address', async () => {
  const { edge, port } = await openEdge();
  let nowMs = 0;
  const clock = {
    now: () => nowMs,
    // Long waits are over soon after they were asked for; the time they stand for has passed all the same.
    after: (delayMs: number, callback: () => void) =>
      systemClock.after(delayMs / 20, () => {
        nowMs += delayMs;
        callback();
      }),
  };
  const answered = await probe(`http://hello.localhost:${port}/silent`, {
    signal: new AbortController().signal,
    clock,
    edge: { host: EDGE, port },
  });
  expect(answered).toBeUndefined();
  expect(nowMs).toBe(3 * (2_000 + 100)); // three tries and their pauses: the fourth would begin after five seconds
  await edge.close();
});
