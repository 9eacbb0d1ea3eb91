import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { createProxyServer, type ProxyServer } from 'httpxy';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface Edge {
  /** Resolves with the port it listens on. */
  listen(host: string, port: number): Promise<number>;
  /** Takes no new connections; what is open ends within a moment. */
  close(): Promise<void>;
}

/** Marks answers of the edge itself, so that they are told from the group's. */
export const EDGE_HEADER = 'x-katabot-edge';

/** A client that has not sent its headers by then is not going to. */
const HEADERS_TIMEOUT_MS = 15_000;

/**
 * HTTP by name: the Host header chooses the group. Websockets, server-sent events and bodies of any length pass through
 * as they come. `resolve` answers from memory, at every request anew.
 */
export function createEdge(resolve: (host: string) => Target | undefined): Edge {
  const agent = new Agent({ keepAlive: true, maxSockets: 512 });
  // No default target: httpxy would prefer it to the one of the request.
  const proxy = createProxyServer({ agent, xfwd: true, proxyTimeout: 0, timeout: 0 });
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 });
  server.on('request', (request, response) => void serve(proxy, resolve, request, response));
  server.on('upgrade', (request, socket, head) => void upgrade(proxy, resolve, request, socket, head));
  return {
    listen: (host, port) =>
      new Promise((done, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => done(portOf(server)));
      }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function hostOf(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
}

async function serve(
  proxy: ProxyServer,
  resolve: (host: string) => Target | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = hostOf(request);
  const target = resolve(host);
  forgetForwarded(request);
  if (!target) return answer(response, 404, `No group here is called ${plain(host)}.`);
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
  forgetForwarded(request);
  try {
    if (!target) throw new Error('no such group');
    await proxy.ws(request, socket as Parameters<ProxyServer['ws']>[1], { target: urlOf(target) }, head);
  } catch {
    socket.end(`HTTP/1.1 ${target ? '502 Bad Gateway' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
  }
}

/** The edge is the first to know the client: what the client itself says of that is not believed. */
function forgetForwarded(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-forwarded-') || name === 'forwarded') delete request.headers[name];
  }
}

function urlOf({ address, port }: Target): string {
  return `http://${address}:${port}`;
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    [EDGE_HEADER]: '1',
  });
  response.end(`${sentence}\n`);
}

/** The name came from outside and goes back as text. */
function plain(host: string): string {
  return host.replace(/[^a-z0-9.-]/g, '?').slice(0, 253);
}
