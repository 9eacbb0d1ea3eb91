import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'httpxy';
import { type Clock, systemClock } from '../clock.ts';
import { EDGE_HEADER, forAnswer, forRequest, forUpgrade } from './headers.ts';
import { withPort } from './ranges.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
  /** False while it is to get no requests: who asks is told to come back. */
  readonly ready?: boolean;
}

export interface Edge {
  /** Resolves with the port it listens on. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no new connections. Websockets end at once, requests that are being answered get a moment to finish. */
  close(): Promise<void>;
}

/** A client that has not sent its headers by then is not going to. */
const HEADERS_TIMEOUT_MS = 15_000;

/**
 * How long a connection to a group is kept for the next request. Programs close theirs after five seconds and more, and a
 * request must not meet that; nor must it meet a connection to a container that has since been replaced.
 */
const IDLE_CONNECTION_MS = 4_000;

/** How long a request that is being answered may go on when the edge closes; streams never end by themselves. */
const CLOSE_GRACE_MS = 1_000;

/**
 * HTTP by name: the Host header chooses the group. Websockets, server-sent events and bodies of any length pass through
 * as they come. `resolve` answers from memory, at every request anew.
 */
export function createEdge(
  resolve: (host: string) => Target | undefined,
  {
    clock = systemClock,
    headersTimeoutMs = HEADERS_TIMEOUT_MS,
  }: { clock?: Clock; headersTimeoutMs?: number } = {},
): Edge {
  const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: IDLE_CONNECTION_MS });
  const proxy = createProxy(agent);
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 3, // node looks every 30 seconds otherwise, whatever the limit
    requestTimeout: 0,
    shouldUpgradeCallback: isWebsocket,
  });
  /** Sockets that have left HTTP: the server no longer counts them among its connections, yet waits for them. */
  const upgraded = new Set<Duplex>();
  server.on('request', (request, response) => void serve(proxy, resolve, request, response));
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    void upgrade(proxy, resolve, request, socket, head);
  });
  return {
    listen: (host, port) =>
      new Promise((done, reject) => {
        server.on('error', reject); // for ever: a connection that cannot be accepted later must not end the bot
        server.listen(port, host, () => done(portOf(server)));
      }),
    close: async () => {
      await closed(server, upgraded, clock);
      agent.destroy();
    },
  };
}

function createProxy(agent: Agent): ProxyServer {
  // No default target: httpxy would prefer it to the one of the request. Who asks is told by forRequest, not by xfwd.
  const proxy = createProxyServer({ agent, proxyTimeout: 0, timeout: 0 });
  proxy.on('proxyRes', (answer, _request, response) => forAnswer(answer.headers, response));
  proxy.on('proxyReqWs', (proxyRequest, _request, socket) => {
    // Heard before httpxy's own listener, which ends the socket without a word.
    proxyRequest.once('error', () => refuseUpgrade(socket, '502 Bad Gateway'));
    // httpxy hears of a side that ends in order or in error, not of one that is just gone, nor of a client that
    // leaves before the group has answered.
    const leave = () => proxyRequest.destroy();
    socket.once('close', leave).once('end', leave);
    proxyRequest.once('response', () => socket.off('end', leave));
    proxyRequest.once('upgrade', (_answer, far) => {
      socket.once('close', () => far.destroy());
      far.once('close', () => socket.destroySoon());
    });
  });
  return proxy;
}

/** Every other upgrade is only an offer, such as curl's of HTTP/2: it is answered as if it had not been made. */
function isWebsocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

function closed(server: Server, upgraded: ReadonlySet<Duplex>, clock: Clock): Promise<void> {
  const endWebsockets = () => {
    for (const socket of upgraded) socket.destroy();
  };
  return new Promise((done) => {
    const cancel = clock.after(CLOSE_GRACE_MS, () => {
      server.closeAllConnections();
      endWebsockets(); // those that came over a connection that was open already
    });
    server.close(() => {
      cancel();
      done();
    });
    endWebsockets();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function hostOf(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/\.?(:\d+)?$/, '').toLowerCase();
}

async function serve(
  proxy: ProxyServer,
  resolve: (host: string) => Target | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = hostOf(request);
  const target = resolve(host);
  forRequest(request);
  if (!host) return answer(response, 404, 'The request names no host, and so no group.');
  if (!target) return answer(response, 404, `No group here is called ${plain(host)}.`);
  if (target.ready === false)
    return answer(response, 503, `The group behind ${plain(host)} is not ready yet.`, RETRY);
  try {
    await proxy.web(request, response, { target: urlOf(target), proxyTimeout: 0 });
  } catch {
    answer(response, 502, `The group behind ${plain(host)} does not answer on port ${target.port}.`);
  }
}

async function upgrade(
  proxy: ProxyServer,
  resolve: (host: string) => Target | undefined,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const target = resolve(hostOf(request));
  socket.on('error', () => socket.destroy()); // the other side may go at any moment
  forUpgrade(request);
  if (!target) return refuseUpgrade(socket, '404 Not Found');
  if (target.ready === false) return refuseUpgrade(socket, '503 Service Unavailable');
  try {
    await proxy.ws(request, socket as Parameters<ProxyServer['ws']>[1], { target: urlOf(target) }, head);
  } catch {
    socket.end(); // the reason is written already, or the websocket had begun and nothing can be said in it
  }
}

function refuseUpgrade(socket: Duplex, status: string): void {
  if (!socket.writable) return;
  socket.end(`HTTP/1.1 ${status}\r\n${EDGE_HEADER}: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

function urlOf({ address, port }: Target): string {
  return `http://${withPort(address, port)}`;
}

/** Readiness comes in seconds. */
const RETRY = { 'retry-after': '2' };

function answer(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
    [EDGE_HEADER]: '1',
  });
  response.end(`${sentence}\n`);
}

/** The name came from outside and goes back as text. */
function plain(host: string): string {
  return host.replace(/[^a-z0-9.-]/g, '?').slice(0, 253);
}
