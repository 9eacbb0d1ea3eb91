/** The look at an address that has just been given out: it waits for the group, and takes nobody else's answer. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import { probe } from '../../src/network/index.ts';

const EDGE = '127.23.4.1';
const ANSWER_TIMEOUT_MS = 2_000;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Pauses are over at once, though the time they stand for has passed; nobody is ever too late with an answer. */
function hurriedClock(): Clock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      if (delayMs >= ANSWER_TIMEOUT_MS) return () => {};
      nowMs += delayMs;
      const soon = setImmediate(callback);
      return () => clearImmediate(soon);
    },
  };
}

async function look(answer: RequestListener, { path = '/', signal = new AbortController().signal } = {}) {
  server = createServer(answer);
  await once(server.listen(0, EDGE), 'listening');
  const { port } = server.address() as AddressInfo;
  const edge = { host: EDGE, port };
  return probe(`http://hello.local.localhost:${port}${path}`, { signal, clock: hurriedClock(), edge });
}

/** The edge's own answers a few times, then the group's. */
function comesUp(after: number, status: number): { answer: RequestListener; asked: () => number } {
  let count = 0;
  return {
    asked: () => count,
    answer(_request, response) {
      count++;
      if (count <= after) response.writeHead(count % 2 ? 404 : 502, { 'x-katabot-edge': '1' });
      else response.writeHead(status);
      response.end();
    },
  };
}

test.each([200, 204, 302, 401, 404, 500, 502])('%d from the group is an answer, at once', async (status) => {
  const { answer, asked } = comesUp(0, status);
  expect(await look(answer)).toMatchObject({ status });
  expect(asked()).toBe(1);
});

test('404 and 502 from the edge are none: it asks again until the group answers', async () => {
  const { answer, asked } = comesUp(7, 404);
  expect(await look(answer)).toMatchObject({ status: 404, tookMs: expect.any(Number) });
  expect(asked()).toBe(8);
});

test('it asks no more once it has asked often enough', async () => {
  const { answer, asked } = comesUp(Number.POSITIVE_INFINITY, 200);
  expect(await look(answer)).toBeUndefined();
  expect(asked()).toBe(25);
});

test('a connection that breaks is no answer, and it asks again', async () => {
  let count = 0;
  const answered = await look((request, response) => {
    if (++count < 3) request.socket.destroy();
    else response.end();
  });
  expect([answered?.status, count]).toEqual([200, 3]);
});

test('it asks by name, port and path, and says who it is', async () => {
  let seen: unknown;
  await look(
    (request, response) => {
      seen = { url: request.url, agent: request.headers['user-agent'], host: request.headers.host };
      response.end();
    },
    { path: '/health' },
  );
  expect(seen).toEqual({
    url: '/health',
    agent: 'katabot',
    host: expect.stringMatching(/^hello\.local\.localhost:\d+$/),
  });
});

test('it does not read what it is answered, however long that is', async () => {
  const answered = await look((_request, response) => {
    response.write('the first words of an answer without an end');
  });
  expect(answered).toMatchObject({ status: 200 });
});

test('it gives up as soon as nobody waits for it: before it asks, and while it asks', async () => {
  expect(await look((_request, response) => response.end(), { signal: AbortSignal.abort() })).toBeUndefined();
  server?.close();
  const leaving = new AbortController();
  let count = 0;
  const answered = await look(
    () => {
      count++;
      leaving.abort();
    },
    { signal: leaving.signal },
  );
  expect([answered, count]).toEqual([undefined, 1]);
});
