import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** Marks answers of the edge itself, so that they are told from the group's. */
export const EDGE_HEADER = 'x-katabot-edge';

/** Headers about one connection end with it (RFC 9110, 7.6.1). Transfer-Encoding stays: it frames the body, and node needs it. */
const HOP_BY_HOP = [
  'connection',
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

/** What a request tells its group. Changes the headers in place: httpxy copies them from there. */
export function forRequest(request: IncomingMessage): void {
  forgetConnection(request.headers);
  sayWhoAsks(request);
}

/** As for a request, but that the connection is to become a websocket. */
export function forUpgrade(request: IncomingMessage): void {
  forgetConnection(request.headers);
  sayWhoAsks(request);
  request.headers.connection = 'Upgrade';
  request.headers.upgrade = 'websocket';
}

/** What a group's answer tells the client. A group cannot speak as the edge. */
export function forAnswer(headers: IncomingHttpHeaders, response: ServerResponse): void {
  forgetConnection(headers);
  delete headers[EDGE_HEADER];
  // Said here, or httpxy says keep-alive to clients that asked for the end.
  headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
}

function forgetConnection(headers: IncomingHttpHeaders): void {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  for (const name of [...HOP_BY_HOP, ...named.filter((each) => !FRAMING.has(each))]) delete headers[name];
}

/** The edge is the first to know the client: what the client itself says of that is not believed. */
function sayWhoAsks({ headers, socket }: IncomingMessage): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip') delete headers[name];
  }
  const host = headers.host ?? '';
  // A socket for both families shows the older one's addresses in the newer one's clothes.
  headers['x-forwarded-for'] = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  headers['x-forwarded-host'] = host;
  headers['x-forwarded-port'] = /:(\d+)$/.exec(host)?.[1] ?? '80';
  headers['x-forwarded-proto'] = 'http'; // of websockets too: it is the scheme of the page that opens one
}
