import { request as ask, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from './edge-answers.ts';
import type { Target } from './forward.ts';
import { EDGE_HEADER, forUpgrade, hostOf } from './headers.ts';

/** Opens the websocket at the group, and from then on passes on what either side says; the end of one is that of the other. */
export function forwardUpgrade(
  resolve: (host: string) => Target | undefined,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy()); // the other side may go at any moment
  const target = resolve(hostOf(request));
  if (!target) refuseUpgrade(socket, '404 Not Found');
  else if (target.ready === false) refuseUpgrade(socket, '503 Service Unavailable');
  else open(target, request, socket, head);
}

function open(target: Target, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { address: host, port } = target;
  const { method = 'GET', url: path = '/' } = request;
  const outgoing = ask({ host, port, method, path, headers: forUpgrade(request), agent: false });
  // A client that leaves before the group has answered ends in order, in error, or is just gone.
  const leave = () => outgoing.destroy();
  socket.once('close', leave).once('end', leave);
  outgoing.on('error', () => refuseUpgrade(socket, '502 Bad Gateway'));
  outgoing.once('response', (refusal) => {
    socket.off('end', leave);
    socket.write(headOf(refusal, FRAMING, ['Connection: close'])); // what follows ends with the connection
    refusal.pipe(socket);
  });
  outgoing.once('upgrade', (accepted, far, farHead) => {
    socket.off('end', leave);
    socket.write(headOf(accepted, new Set([EDGE_HEADER])));
    socket.write(farHead);
    far.write(head);
    join(socket, far);
  });
  outgoing.end();
}

function join(near: Duplex, far: Duplex): void {
  far.on('error', () => far.destroy());
  near.once('close', () => far.destroy());
  far.once('close', () => near.end(() => near.destroy())); // what it has said last still arrives
  near.pipe(far);
  far.pipe(near);
}

/** Said anew by the edge, or not the group's to say. */
const FRAMING = new Set([EDGE_HEADER, 'connection', 'keep-alive', 'transfer-encoding']);

/** Status and headers as the group has said them. */
function headOf(answer: IncomingMessage, without: ReadonlySet<string>, more: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  const said = answer.rawHeaders;
  for (let at = 0; at < said.length; at += 2)
    if (!without.has((said[at] ?? '').toLowerCase())) lines.push(`${said[at]}: ${said[at + 1]}`);
  return `${[...lines, ...more].join('\r\n')}\r\n\r\n`;
}
