import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import { EDGE_HEADER } from './headers.ts';

/** Where an answer goes, over HTTP/1.1 or HTTP/2. */
export type EdgeResponse = ServerResponse | Http2ServerResponse;

/** Says something of the edge's own; what has begun as a group's answer is broken off. */
export function answer(
  response: EdgeResponse,
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) {
    breakOff(response);
    return;
  }
  const plainly = plainAnswer(sentence, headers);
  for (const [name, value] of Object.entries(plainly.headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.end(plainly.body);
}

/** What an edge says itself, whichever it is. Pure. */
export function plainAnswer(
  sentence: string,
  more: Readonly<Record<string, string>> = {},
): { headers: Record<string, string>; body: string } {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...more,
    [EDGE_HEADER]: '1',
  };
  return { headers, body: `${sentence}\n` };
}

/** Ends an answer so that the client does not take it for whole. */
export function breakOff(response: EdgeResponse): void {
  if ('stream' in response)
    response.stream.close(0x2); // INTERNAL_ERROR: of this stream, not of the connection
  else response.destroy();
}

/** Says no to a websocket, in the little that can be said. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  if (!socket.writable) return;
  socket.end(`HTTP/1.1 ${status}\r\n${EDGE_HEADER}: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

/** The name came from outside and goes back as text. */
export function plain(host: string): string {
  return host.replace(/[^a-z0-9.-]/g, '?').slice(0, 253);
}
