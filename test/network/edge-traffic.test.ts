/** What passes through the edge, over real sockets: two groups, each of which signs its answers. */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { createEdge, type Edge } from '../../src/network/index.ts';
import { say } from './say.ts';

const EDGE = '127.23.2.9';
const MEGABYTE = 1_048_576;

/** What is listened to on a port that the system chose. */
const portOf = (server: Server) => (server.address() as AddressInfo).port;

class Group {
  connections = 0;
  readonly server = createServer((incoming, response) => this.#answer(incoming, response));
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    this.server.on('connection', () => this.connections++);
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<unknown> {
    response.setHeader('x-group', this.name);
    switch (incoming.url) {
      case '/full': // says no before it has read what it was sent
        return response.writeHead(413, { connection: 'close' }).end('too much');
      case '/odd':
        return response
          .writeHead(200, 'Odd', {
            connection: 'keep-alive, X-Mine',
            'keep-alive': 'timeout=77',
            'x-mine': 'for the edge only',
            'x-katabot-edge': '1',
            'set-cookie': ['a=1', 'b=2'],
            upgrade: 'h2c',
          })
          .end();
      case '/same':
        return response.writeHead(304, { etag: '"1"' }).end();
      default: {
        const body = Buffer.concat(await Array.fromAsync(incoming));
        response.setHeader('x-transfer-encoding', incoming.headers['transfer-encoding'] ?? '');
        response.setHeader('x-url', incoming.url ?? '');
        return response.end(body);
      }
    }
  }
}

const groups = { a: new Group('a'), b: new Group('b') };
let edge: Edge;
let port: number;

beforeAll(async () => {
  nock.restore(); // it hands requests on once they are whole; here it is the wire that counts
  for (const [index, { server }] of Object.values(groups).entries()) {
    await once(server.listen(0, `127.23.2.${index + 1}`), 'listening');
  }
  const targets: Record<string, { address: string; port: number }> = {
    'a.localhost': { address: '127.23.2.1', port: portOf(groups.a.server) },
    'b.localhost': { address: '127.23.2.2', port: portOf(groups.b.server) },
    'down.localhost': { address: '127.23.2.1', port: 1 },
  };
  edge = createEdge((host) => targets[host]);
  port = await edge.listen(EDGE, 0);
});

afterAll(async () => {
  await edge.close();
  for (const { server } of Object.values(groups)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Question {
  readonly host: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  /** Parts are sent chunked, without a length told first. */
  readonly body?: Buffer | readonly Buffer[];
  readonly agent?: Agent | false;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly socket: Socket;
}

function ask({ host, headers = {}, body = [], agent = false, ...rest }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const question = request(
      { ...rest, host: EDGE, port, headers: { ...headers, host }, agent },
      (response) => {
        const { socket } = response;
        Array.fromAsync(response).then(
          (parts) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
              socket,
            }),
          reject,
        );
      },
    );
    question.on('error', reject);
    if (!Buffer.isBuffer(body)) for (const part of body) question.write(part);
    question.end(Buffer.isBuffer(body) ? body : undefined);
  });
}

describe('bodies', () => {
  test('of ten megabytes pass both ways unchanged', async () => {
    const body = Buffer.alloc(10 * MEGABYTE, 'katabot');
    const answer = await ask({ host: 'a.localhost', method: 'POST', body });
    expect(answer.body.equals(body)).toBe(true);
  });

  test('sent in parts reach the group in parts, and come back whole', async () => {
    const body = [Buffer.from('one, '), Buffer.from('two, '), Buffer.alloc(MEGABYTE, '3')];
    const answer = await ask({ host: 'a.localhost', method: 'PUT', body });
    expect(answer.headers['x-transfer-encoding']).toBe('chunked');
    expect(answer.body.equals(Buffer.concat(body))).toBe(true);
  });

  test('that a group does not want to read do not keep its answer from the client', async () => {
    const body = Buffer.alloc(64 * 1024, 'x');
    const answer = await ask({ host: 'a.localhost', method: 'POST', path: '/full', body });
    expect([answer.status, String(answer.body)]).toEqual([413, 'too much']);
  });

  test('for a group that is down do not keep the edge’s answer from the client', async () => {
    const body = Buffer.alloc(64 * 1024, 'x');
    const answer = await ask({ host: 'down.localhost', method: 'POST', body });
    expect([answer.status, answer.headers['x-katabot-edge']]).toEqual([502, '1']);
  });
});

describe('answers', () => {
  test('say nothing about the connection between the edge and the group', async () => {
    const { headers } = await ask({ host: 'a.localhost', path: '/odd', headers: { connection: 'close' } });
    expect(Object.keys(headers).sort()).toEqual([
      'connection',
      'content-length',
      'date',
      'set-cookie',
      'x-group',
    ]);
    expect(headers).toMatchObject({ connection: 'close', 'set-cookie': ['a=1', 'b=2'] });
  });

  test('of a group cannot pass for the edge’s own', async () => {
    const { headers } = await ask({ host: 'a.localhost', path: '/odd' });
    expect(headers['x-katabot-edge']).toBeUndefined();
  });

  test('without a body stay without one', async () => {
    expect(await ask({ host: 'a.localhost', path: '/same' })).toMatchObject({
      status: 304,
      headers: { etag: '"1"' },
    });
    const head = await ask({ host: 'a.localhost', method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
  });

  test('reach a client of HTTP/1.0, which knows no parts', async () => {
    const text = await say({ host: EDGE, port }, 'GET /odd HTTP/1.0', 'Host: a.localhost');
    expect(text).toMatch(/^HTTP\/1\.1 200 Odd\r\n/);
    expect(text.toLowerCase()).not.toContain('transfer-encoding');
  });

  test.each(['/a?b=c&d=%20', '//double', '/%2e%2e/x', '/?'])(
    'to %s are to that path, untouched',
    async (path) => {
      expect((await ask({ host: 'a.localhost', path })).headers['x-url']).toBe(path);
    },
  );
});

describe('connections', () => {
  test('of a client serve one request after another', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await ask({ host: 'a.localhost', agent });
    const second = await ask({ host: 'b.localhost', agent });
    expect([first.headers['x-group'], second.headers['x-group']]).toEqual(['a', 'b']);
    expect(second.socket).toBe(first.socket);
    agent.destroy();
  });

  test('to a group are used again, whoever asks', async () => {
    await ask({ host: 'b.localhost' });
    const before = groups.b.connections;
    for (let count = 0; count < 5; count++) await ask({ host: 'b.localhost' });
    expect(groups.b.connections - before).toBeLessThanOrEqual(1);
  });

  test('are never mixed up, whatever is asked at once and over whose connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const names = ['a', 'b'] as const;
    const questions = Array.from({ length: 300 }, async (_, index) => {
      const name = names[index % 2] ?? 'a';
      const body = Buffer.from(`${name} ${index} `.repeat(1 + (index % 50)));
      const answer = await ask({ host: `${name}.localhost`, method: 'POST', body, agent });
      expect([answer.headers['x-group'], String(answer.body)]).toEqual([name, String(body)]);
    });
    await Promise.all(questions);
    agent.destroy();
  });
});

test('a client that is slow with its headers is cut off, and not before its time', async () => {
  const quick = createEdge(() => undefined, { headersTimeoutMs: 60 });
  const quickPort = await quick.listen(EDGE, 0);
  const text = await say(
    { host: EDGE, port: quickPort, unfinished: true },
    'GET / HTTP/1.1',
    'Host: a.localhost',
  );
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  await quick.close();
});

test('an edge that cannot listen says why', async () => {
  await expect(createEdge(() => undefined).listen(EDGE, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('an edge that has closed answers nobody, and closes again without harm', async () => {
  const short = createEdge(() => undefined);
  const shortPort = await short.listen(EDGE, 0);
  await short.close();
  await short.close();
  expect(await say({ host: EDGE, port: shortPort }, 'GET / HTTP/1.1', 'Host: a.localhost')).toBe('');
});
