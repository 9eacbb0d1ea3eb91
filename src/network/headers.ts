import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { TLSSocket } from 'node:tls';

/** Marks answers of the edge itself, so that they are told from the group's. */
export const EDGE_HEADER = 'x-katabot-edge';

/** By which a proxy in front shows that it is the one whose word on the client is taken. */
export const BEHIND_HEADER = 'x-katabot-behind';

/** What a client asks, over HTTP/1.1 or HTTP/2. */
export type EdgeRequest = IncomingMessage | Http2ServerRequest;

/** Headers about one connection end with it (RFC 9110, 7.6.1). Transfer-Encoding stays: it frames the body, and node needs it. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

/** Nobody must make the edge forget where a body ends, or which group was asked, by naming it in Connection. */
const FRAMING = new Set(['content-length', 'host', 'transfer-encoding']);

/** What a request tells its group. `behind` is what a proxy in front shows; '' where there is none. */
export function forRequest(request: EdgeRequest, behind = ''): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = withoutConnection(request.headers, isAnew);
  // A body of HTTP/2 needs no length.
  if (hasBody(request) && headers['content-length'] === undefined) headers['transfer-encoding'] ??= 'chunked';
  headers.host = authorityOf(request);
  return Object.assign(
    headers,
    behind && request.headers[BEHIND_HEADER] === behind ? said(request) : whoAsks(request),
  );
}

/** As for a request, but that the connection is to become a websocket. */
export function forUpgrade(request: IncomingMessage, behind = ''): OutgoingHttpHeaders {
  return { ...forRequest(request, behind), connection: 'Upgrade', upgrade: 'websocket' };
}

/** What a group's answer, or what follows its body, tells the client. */
export function forAnswer(given: IncomingHttpHeaders): IncomingHttpHeaders {
  return withoutConnection(given, isEdges);
}

/** The host that is asked, with its port where the client says one; '' where it says none. */
export function authorityOf(request: EdgeRequest): string {
  return ('authority' in request ? request.authority : '') || (request.headers.host ?? '');
}

/** The host that is asked, as names are compared. */
export function hostOf(request: EdgeRequest): string {
  return authorityOf(request)
    .replace(/\.?(:\d+)?$/, '')
    .toLowerCase();
}

/** Whether something follows the headers. */
export function hasBody(request: EdgeRequest): boolean {
  if ('stream' in request) return !request.stream.endAfterHeaders;
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/** Whether the client speaks to the edge over TLS. */
export function isSecure({ socket }: EdgeRequest): boolean {
  return socket instanceof TLSSocket;
}

/** Made once, with what is passed on: of every request and of every answer. */
function withoutConnection(
  given: IncomingHttpHeaders,
  leavesOut: (name: string) => boolean,
): IncomingHttpHeaders {
  const named = namedBy(given.connection);
  const headers: IncomingHttpHeaders = {};
  for (const name of Object.keys(given))
    if (!HOP_BY_HOP.has(name) && !named.includes(name) && !leavesOut(name)) headers[name] = given[name];
  return headers;
}

const NONE: readonly string[] = [];

/** Headers that are about the connection because its own header says so. */
function namedBy(connection: string | undefined): readonly string[] {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NONE;
  const names = connection.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => !FRAMING.has(name));
}

/** Whether the group is told something else by that name; HTTP/2 says what is asked in headers of its own (RFC 9113, 8.3.1). */
function isAnew(name: string): boolean {
  return name.startsWith(':') || isAboutClient(name);
}

/** A group cannot speak as the edge, and every client gets its own framing. */
function isEdges(name: string): boolean {
  return name === EDGE_HEADER || name === 'transfer-encoding';
}

/** The edge is the first to know the client: what the client itself says of that is not believed. */
function whoAsks(request: EdgeRequest): OutgoingHttpHeaders {
  const host = authorityOf(request);
  const secure = isSecure(request);
  return {
    // A socket for both families shows the older one's addresses in the newer one's clothes.
    'x-forwarded-for': (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    'x-forwarded-host': host,
    'x-forwarded-port': /:(\d+)$/.exec(host)?.[1] ?? (secure ? '443' : '80'),
    'x-forwarded-proto': secure ? 'https' : 'http', // of websockets too: it is the scheme of the page that opens one
  };
}

/** What a proxy in front says of the client. */
function said({ headers }: EdgeRequest): OutgoingHttpHeaders {
  const names = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto'];
  return Object.fromEntries(names.map((name) => [name, headers[name] ?? '']));
}

function isAboutClient(name: string): boolean {
  return (
    name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip' || name === BEHIND_HEADER
  );
}
