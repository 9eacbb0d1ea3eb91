import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../../engines/index.ts';
import type { Caller } from '../../policy/index.ts';
import { type Admission, bearerIn } from './admission.ts';
import { carry } from './channels.ts';
import type { WebParts } from './parts.ts';
import { type Problem, problem, thrownProblem } from './problems.ts';
import { askedIn } from './sessions.ts';
import type { Admits, Tickets } from './tickets.ts';

const PROTOCOL = 'v5.channel.k8s.io';
/** Kubernetes' way for browsers, which cannot set a header: the token as a subprotocol, never in the address. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
const MOST_SESSIONS = 50;
const HEARTBEAT_MS = 30_000;
const LONGEST_MESSAGE = 1_048_576;

interface Doors {
  readonly parts: WebParts;
  readonly admission: Admission;
  readonly tickets: Tickets;
}

/**
 * Takes `/api/v1/exec` and `/api/v1/attach` with a caller's token, and `/api/v1/sessions/ID` with the password of a ticket: the
 * caller is known and the session is open before the websocket is.
 */
export function acceptSessions(server: Server, doors: Doors): void {
  const { parts } = doors;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    void accept({ ...doors, sockets }, request, socket, head).catch((error: unknown) =>
      refuse(socket, thrownProblem(error, parts.reportInternal)),
    );
  });
  server.on('close', () => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

async function accept(
  { sockets, ...doors }: Doors & { sockets: WebSocketServer },
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { parts } = doors;
  const admitted = await admit(doors, request);
  if ('problem' in admitted) return refuse(socket, admitted.problem, admitted.headers);
  if (sockets.clients.size >= MOST_SESSIONS) {
    return refuse(
      socket,
      problem(503, 'too-many-sessions', 'Too many sessions are open. Try again in a moment.'),
    );
  }
  const ending = new AbortController();
  socket.once('close', () => ending.abort(new Error('the client left')));
  const session = await open(parts, admitted, ending.signal);
  if (socket.destroyed) return session.close();
  sockets.handleUpgrade(request, socket, head, (websocket) => {
    beat(websocket, parts);
    void carry(websocket, session, parts.reportInternal);
  });
}

type Wanted = Pick<Admits, 'kind' | 'query'> & { readonly caller: Caller };

/** Who comes in, and to what; or the problem that it gets instead. */
async function admit(
  { admission, tickets }: Doors,
  request: IncomingMessage,
): Promise<Wanted | { readonly problem: Problem; readonly headers?: Readonly<Record<string, string>> }> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://bot');
  const address = request.socket.remoteAddress ?? '';
  const kind = /^\/api\/v1\/(exec|attach)$/.exec(pathname)?.[1];
  if (kind === 'exec' || kind === 'attach') {
    const admitted = await admission.admit(tokenIn(request), address);
    return 'problem' in admitted ? admitted : { kind, query: search, caller: admitted.caller };
  }
  const id = /^\/api\/v1\/sessions\/([\w-]{1,64})$/.exec(pathname)?.[1];
  if (id === undefined) return { problem: problem(404, 'not-found', 'There is nothing here.') };
  const password = tokenIn(request) ?? '';
  const admits = tickets.take(id, password);
  // A password is no token: whoever guesses one is held back like whoever guesses the other.
  const admitted = await admission.admit(admits?.token ?? password, address);
  if (!('problem' in admitted))
    return { ...(admits ?? { kind: 'attach', query: '' }), caller: admitted.caller };
  return admitted.problem.status === 429 ? admitted : { problem: OVER };
}

const OVER = problem(
  401,
  'session-over',
  'This session was opened before, is older than a minute, or has another password.',
  'Ask for another one: POST /api/v1/exec or /api/v1/attach.',
);

function open(
  { sessions }: WebParts,
  { kind, query, caller }: Wanted,
  signal: AbortSignal,
): Promise<Session> {
  const asked = askedIn(kind, new URLSearchParams(query));
  return asked.kind === 'exec'
    ? sessions.exec(caller, asked.request, signal)
    : sessions.attach(caller, asked.request, signal);
}

function tokenIn({ headers }: IncomingMessage): string | undefined {
  const bearer = bearerIn(headers.authorization);
  if (bearer !== undefined) return bearer;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  const token = offered.find((each) => each.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
  return token === undefined ? undefined : Buffer.from(token, 'base64url').toString('utf8');
}

/** The answer to an upgrade that is not to be. */
function refuse(socket: Duplex, found: Problem, headers: Readonly<Record<string, string>> = {}): void {
  const body = JSON.stringify(found);
  const lines = [
    `HTTP/1.1 ${found.status} ${found.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** A client that has vanished without a word is noticed. */
function beat(websocket: WebSocket, { clock }: WebParts): void {
  let alive = true;
  let cancel = () => {};
  const next = () => {
    if (!alive) return websocket.terminate();
    alive = false;
    websocket.ping();
    cancel = clock.after(HEARTBEAT_MS, next);
  };
  websocket.on('pong', () => {
    alive = true;
  });
  websocket.on('close', () => cancel());
  cancel = clock.after(HEARTBEAT_MS, next);
}
