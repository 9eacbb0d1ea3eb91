import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Session } from '../../engines/index.ts';
import { Failure } from '../../failure.ts';
import type { Caller } from '../../policy/index.ts';
import type { Admission } from './admission.ts';
import { carry } from './channels.ts';
import type { WebParts } from './parts.ts';
import { type Problem, problem, thrownProblem } from './problems.ts';

const PROTOCOL = 'v5.channel.k8s.io';
/** Kubernetes' way for browsers, which cannot set a header: the token as a subprotocol, never in the address. */
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';
const MOST_SESSIONS = 50;
const HEARTBEAT_MS = 30_000;
const LONGEST_MESSAGE = 1_048_576;

/** Takes `/api/v1/exec` and `/api/v1/attach`: the caller is known and the session is open before the websocket is. */
export function acceptSessions(server: Server, parts: WebParts, admission: Admission): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    void accept({ parts, admission, sockets }, request, socket, head).catch((error: unknown) =>
      refuse(socket, thrownProblem(error, parts.reportInternal)),
    );
  });
  server.on('close', () => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

async function accept(
  { parts, admission, sockets }: { parts: WebParts; admission: Admission; sockets: WebSocketServer },
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://bot');
  const kind = /^\/api\/v1\/(exec|attach)$/.exec(url.pathname)?.[1];
  if (kind === undefined) return refuse(socket, problem(404, 'not-found', 'There is nothing here.'));
  const admitted = await admission.admit(tokenIn(request), request.socket.remoteAddress ?? '');
  if ('problem' in admitted) return refuse(socket, admitted.problem, admitted.headers);
  if (sockets.clients.size >= MOST_SESSIONS) {
    return refuse(
      socket,
      problem(503, 'too-many-sessions', 'Too many sessions are open. Try again in a moment.'),
    );
  }
  const ending = new AbortController();
  socket.once('close', () => ending.abort(new Error('the client left')));
  const session = await open(parts, kind, admitted.caller, url.searchParams, ending.signal);
  if (socket.destroyed) return session.close();
  sockets.handleUpgrade(request, socket, head, (websocket) => {
    beat(websocket, parts);
    void carry(websocket, session, parts.reportInternal);
  });
}

function open(
  { sessions }: WebParts,
  kind: string,
  caller: Caller,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Session> {
  const request = {
    group: query.get('group') ?? '',
    environment: query.get('environment') || 'production',
    container: query.get('container') ?? '',
    input: query.get('input') === '1',
  };
  if (!request.group) throw new Failure('usage', 'Which group?', { advice: '?group=hello&container=web' });
  if (kind === 'attach') return sessions.attach(caller, request, signal);
  const command = query.getAll('command');
  if (!command.length) throw new Failure('usage', 'Which program?', { advice: '&command=ls&command=-l' });
  const [rows, columns] = ['rows', 'columns'].map((name) => Number(query.get(name)));
  const size = { rows: rows || 24, columns: columns || 80 };
  const terminal = query.get('terminal') === '1' ? { terminal: size } : {};
  return sessions.exec(caller, { ...request, command, yes: query.get('yes') === '1', ...terminal }, signal);
}

function tokenIn({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
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
