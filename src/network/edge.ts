import { Agent, createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { type Clock, systemClock } from '../clock.ts';
import { answer, type EdgeResponse } from './edge-answers.ts';
import { createTlsDoor } from './edge-tls.ts';
import { type Forwarding, forward } from './forward.ts';
import { forwardUpgrade } from './forward-upgrade.ts';
import { type EdgeRequest, hostOf, isSecure } from './headers.ts';
import type { Target } from './persist.ts';

export interface Edge {
  /** Resolves with the port it listens on. */
  listen(host: string, port: number): Promise<number>;
  /** As `listen`, for TLS: HTTP/2, and HTTP/1.1 for clients that do not speak it. */
  listenSecurely(host: string, port: number): Promise<number>;
  /** Takes no new connections. Websockets end at once, requests that are being answered get a moment to finish. */
  close(): Promise<void>;
}

/** What HTTPS needs. */
export interface Security {
  /** What is shown to a client that asks for the name; answers from memory. */
  readonly contextFor: (name: string) => SecureContext | undefined;
  /** Whether a name that has a certificate is served over HTTPS alone. */
  readonly redirects: boolean;
  /** For how long a browser is told to use HTTPS alone, seconds; 0 to tell it nothing. */
  readonly hstsSeconds: number;
  /** What a certificate authority that looks for a token is to find there; undefined where it is the group's to answer. */
  readonly proofOf: (host: string, token: string) => string | undefined;
}

export interface EdgeOptions {
  readonly clock?: Clock;
  readonly headersTimeoutMs?: number;
  readonly security?: Security;
  /** What a proxy in front shows, whose word on the client is taken then. */
  readonly behind?: string;
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

/** A connection of HTTP/2 on which nothing happens takes no more requests after so long. */
const IDLE_SESSION_MS = 120_000;

/** A client of HTTP/2 may ask for so much at once over one connection. */
const MOST_STREAMS = 250;

const CHALLENGE = '/.well-known/acme-challenge/';

/** For an edge without HTTPS. */
const INSECURE: Security = {
  contextFor: () => undefined,
  redirects: false,
  hstsSeconds: 0,
  proofOf: () => undefined,
};

/**
 * HTTP by name: the host that is asked chooses the group. Websockets, server-sent events and bodies of any length pass
 * through as they come. `resolve` answers from memory, at every request anew.
 */
export function createEdge(
  resolve: (host: string) => Target | undefined,
  {
    clock = systemClock,
    headersTimeoutMs = HEADERS_TIMEOUT_MS,
    security = INSECURE,
    behind = '',
  }: EdgeOptions = {},
): Edge {
  const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: IDLE_CONNECTION_MS });
  let securePort = 0;
  const serve = (request: EdgeRequest, response: EdgeResponse) => {
    const own = ownAnswer(security, securePort, request);
    if (own) answer(response, own.status, own.sentence, own.headers);
    else void forward(forwarding(request), request, response);
  };
  const plainly: Forwarding = { resolve, agent, clock, behind, waiting: new Set() };
  const securely = security.hstsSeconds ? { ...plainly, headers: hsts(security.hstsSeconds) } : plainly;
  const forwarding = (request: EdgeRequest) => (isSecure(request) ? securely : plainly);
  const http1 = createServer({
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: headersTimeoutMs / 3, // node looks every 30 seconds otherwise, whatever the limit
    requestTimeout: 0,
    shouldUpgradeCallback: isWebsocket,
  });
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: MOST_STREAMS } }, serve);
  const door = createTlsDoor({
    contextFor: security.contextFor,
    handshakeTimeoutMs: headersTimeoutMs,
    enter: (socket, protocol) => (protocol === 'h2' ? http2 : http1).emit('connection', socket),
  });
  /** Connections that have left HTTP/1.1: its server no longer counts them among its own, yet waits for them. */
  const left = { upgraded: new Set<Duplex>(), sessions: new Set<ServerHttp2Session>() };
  http1.on('request', serve);
  http1.on('upgrade', (request, socket, head) => {
    counted(left.upgraded, socket);
    void forwardUpgrade(plainly, request, socket, head);
  });
  http2.on('session', (session) => {
    counted(left.sessions, session);
    session.setTimeout(IDLE_SESSION_MS, () => session.close()); // what is still being answered comes to its end
  });
  http2.on('sessionError', () => {}); // that session has ended with it
  return {
    listen: (host, port) => listening(http1, host, port),
    async listenSecurely(host, port) {
      securePort = await listening(door.server, host, port);
      return securePort;
    },
    close: async () => {
      await closed({ http1, door, left, clock });
      agent.destroy();
    },
  };
}

function listening(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((done, reject) => {
    server.on('error', reject); // for ever: a connection that cannot be accepted later must not end the bot
    server.listen(port, host, () => done(portOf(server)));
  });
}

/** Every other upgrade is only an offer, such as curl's of HTTP/2: it is answered as if it had not been made. */
function isWebsocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/** What the edge answers itself: to an authority that looks for its token, and to who is to come over HTTPS. */
function ownAnswer(security: Security, securePort: number, request: EdgeRequest) {
  const { url = '/' } = request;
  const host = hostOf(request);
  if (url.startsWith(CHALLENGE)) {
    const proof = security.proofOf(host, url.slice(CHALLENGE.length));
    return proof === undefined ? undefined : { status: 200, sentence: proof, headers: {} };
  }
  if (isSecure(request) || !security.redirects || !securePort || !security.contextFor(host)) return undefined;
  const location = `https://${host}${securePort === 443 ? '' : `:${securePort}`}${url}`;
  return { status: 308, sentence: `Come to ${location}`, headers: { location } };
}

function hsts(seconds: number): Record<string, string> {
  return { 'strict-transport-security': `max-age=${seconds}` };
}

function counted<T extends { once(event: 'close', callback: () => void): unknown }>(
  all: Set<T>,
  one: T,
): void {
  all.add(one);
  one.once('close', () => all.delete(one));
}

interface Closing {
  readonly http1: Server;
  readonly door: ReturnType<typeof createTlsDoor>;
  readonly left: {
    readonly upgraded: ReadonlySet<Duplex>;
    readonly sessions: ReadonlySet<ServerHttp2Session>;
  };
  readonly clock: Clock;
}

async function closed({ http1, door, left, clock }: Closing): Promise<void> {
  const endWebsockets = () => {
    for (const socket of left.upgraded) socket.destroy();
  };
  const cancel = clock.after(CLOSE_GRACE_MS, () => {
    http1.closeAllConnections();
    door.endAll();
    endWebsockets(); // those that came over a connection that was open already
  });
  const ended = Promise.all([http1, door.server].map((server) => new Promise((done) => server.close(done))));
  for (const session of left.sessions) session.close(); // as soon as what it has been asked is answered
  endWebsockets();
  await ended;
  cancel();
}

function portOf(server: NetServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
