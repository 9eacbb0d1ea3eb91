import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { TLSSocket } from 'node:tls';

/** Marks answers of the edge itself, so that they are told from the group's. */
export const EDGE_HEADER = 'x-katabot-edge';

/** What a client asks, over HTTP/1.1 or HTTP/2. */
export type EdgeRequest = IncomingMessage | Http2ServerRequest;

/** Headers about one connection end with it (RFC 9110, 7.6.1). Transfer-Encoding stays: it frames the body, and node needs it. */
const HOP_BY_HOP = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
];

/** Nobody must make the edge forget where a body ends, or which group was asked, by naming it in Connection. */
const FRAMING = new Set(['content-length', 'host', 'transfer-encoding']);

/** What a request tells its group. */
export function forRequest(request: EdgeRequest): OutgoingHttpHeaders {
  const headers = withoutConnection(request.headers);
  // HTTP/2 says what is asked in headers of its own (RFC 9113, 8.3.1), and a body needs no length there.
  for (const name of Object.keys(headers))
    if (name.startsWith(':') || isAboutClient(name)) delete headers[name];
  if (hasBody(request) && headers['content-length'] === undefined) headers['transfer-encoding'] ??= 'chunked';
  return { ...headers, host: authorityOf(request), ...whoAsks(request) };
}

/** As for a request, but that the connection is to become a websocket. */
export function forUpgrade(request: IncomingMessage): OutgoingHttpHeaders {
  return { ...forRequest(request), connection: 'Upgrade', upgrade: 'websocket' };
}

/** What a group's answer, or what follows its body, tells the client. A group cannot speak as the edge. */
export function forAnswer(given: IncomingHttpHeaders): IncomingHttpHeaders {
  const headers = withoutConnection(given);
  delete headers[EDGE_HEADER];
  delete headers['transfer-encoding']; // every client gets its own framing
  return headers;
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

function withoutConnection(given: IncomingHttpHeaders): IncomingHttpHeaders {
  const headers = { ...given };
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named.filter((each) => !FRAMING.has(each))]) delete headers[name];
  return headers;
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

function isAboutClient(name: string): boolean {
  return name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip';
}
