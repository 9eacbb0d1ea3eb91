import { request as ask, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { systemCodeOf } from '../failure.ts';
import { refuseUpgrade } from './edge-answers.ts';
import type { Forwarding } from './forward.ts';
import { EDGE_HEADER, forUpgrade, hostOf } from './headers.ts';
import type { Trouble } from './patience.ts';
import { type Patience, persist, type Target, type Vain } from './persist.ts';

/**
 * Opens the websocket at the group, and from then on passes on what either side says; the end of one is that of the other. Who
 * asks for one while the group is being changed waits for it as others do.
 */
export async function forwardUpgrade(
  parts: Patience & Pick<Forwarding, 'behind'>,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy()); // the other side may go at any moment
  const asked = { host: hostOf(request), method: request.method ?? '', client: socket };
  const vain = await persist(parts, asked, (target) =>
    open(target, { request, socket, head, headers: forUpgrade(request, parts.behind) }),
  );
  if (vain) refuseUpgrade(socket, statusOf(vain));
}

function statusOf(vain: Vain): string {
  if (!vain.target) return '404 Not Found';
  return vain.trouble === 'not ready' ? '503 Service Unavailable' : '502 Bad Gateway';
}

/** Undefined once the group has answered, or the client has gone. */
function open(
  { address: host, port }: Target,
  {
    request,
    socket,
    head,
    headers,
  }: { request: IncomingMessage; socket: Duplex; head: Buffer; headers: OutgoingHttpHeaders },
): Promise<Trouble | undefined> {
  const { promise, resolve } = Promise.withResolvers<Trouble | undefined>();
  const { method = 'GET', url: path = '/' } = request;
  const outgoing = ask({ host, port, method, path, headers, agent: false });
  // A client that leaves before the group has answered ends in order, in error, or is just gone.
  const leave = () => {
    socket.destroy();
    outgoing.destroy();
  };
  socket.once('close', leave).once('end', leave);
  const forget = () => socket.off('close', leave).off('end', leave);
  outgoing.on('error', (error) => {
    forget();
    resolve({ code: systemCodeOf(error), sent: true, bodySent: false, reused: false });
  });
  outgoing.once('response', (refusal) => {
    socket.off('end', leave);
    resolve(undefined);
    socket.write(headOf(refusal, FRAMING, ['Connection: close'])); // what follows ends with the connection
    refusal.pipe(socket);
  });
  outgoing.once('upgrade', (accepted, far, farHead) => {
    forget();
    resolve(undefined);
    socket.write(headOf(accepted, new Set([EDGE_HEADER])));
    socket.write(farHead);
    far.write(head);
    join(socket, far);
  });
  outgoing.end();
  return promise;
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
