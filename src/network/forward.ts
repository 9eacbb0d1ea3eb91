import { type Agent, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { systemCodeOf } from '../failure.ts';
import { answer, breakOff, type EdgeResponse, plain } from './edge-answers.ts';
import { type EdgeRequest, forAnswer, forRequest, hasBody, hostOf } from './headers.ts';
import { isRepeatable, type Trouble } from './patience.ts';
import { type Patience, persist, type Target, type Vain } from './persist.ts';

/** What a request is forwarded with. */
export interface Forwarding extends Patience {
  readonly agent: Agent;
  /** Said of every answer, such as that only HTTPS is to be used. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a proxy in front shows, whose word on the client is taken; '' where there is none. */
  readonly behind: string;
}

/** Readiness comes in seconds. */
const RETRY = { 'retry-after': '2' };
/** Answers that are kept until they are whole while a group is being changed. */
const SHORT_BYTES = 65_536;
/** So long a connection has to stay open before what may not be sent twice is sent to a group that is being changed. */
const SETTLED_MS = 100;

/**
 * Sends a request to its group and the answer back, as they come. One that a group being changed has surely not seen is
 * sent again until the group takes it, or patience ends.
 */
export async function forward(
  parts: Forwarding,
  request: EdgeRequest,
  response: EdgeResponse,
): Promise<void> {
  const host = hostOf(request);
  if (!host) return answer(response, 404, 'The request names no host, and so no group.');
  if (!hasBody(request)) request.resume(); // a stream of HTTP/2 that is never read does not say when its client leaves
  const asked = { host, method: request.method ?? '', client: response };
  const vain = await persist(parts, asked, (target) => tryOnce(parts, request, response, target));
  if (vain) giveUp(response, host, vain);
}

function giveUp(response: EdgeResponse, host: string, vain: Vain): void {
  const group = `The group behind ${plain(host)}`;
  if (!vain.target) answer(response, 404, `No group here is called ${plain(host)}.`);
  else if (vain.trouble === 'not ready') answer(response, 503, `${group} is not ready yet.`, RETRY);
  else answer(response, 502, `${group} does not answer on port ${vain.target.port}.`);
}

/** Undefined once the answer has begun, or the client has gone. */
function tryOnce(
  { agent, clock, headers, behind }: Forwarding,
  request: EdgeRequest,
  response: EdgeResponse,
  { address, port, awaited = false }: Target,
): Promise<Trouble | undefined> {
  const { promise, resolve } = Promise.withResolvers<Trouble | undefined>();
  const { method = 'GET' } = request;
  const repeatable = isRepeatable(method) && !hasBody(request);
  const outgoing = ask({
    // A kept connection may be closed by the group at this very moment: only what can be sent again is sent over one.
    agent: repeatable ? agent : false,
    host: address,
    port,
    method,
    path: pathOf(request),
    headers: forRequest(request, behind),
  });
  let sent = false;
  let heard = false;
  const leave = () => {
    if (!heard) outgoing.destroy();
  };
  response.once('close', leave);
  outgoing.once('socket', (socket) => {
    const send = () => {
      if (outgoing.destroyed) return;
      sent = true;
      // Not before somebody is there to take it: what has not been read can be sent to somebody else.
      if (hasBody(request)) request.pipe(outgoing);
      else outgoing.end();
    };
    // Engines take connections for programs that are not there, and close them at once.
    const begin = awaited && !repeatable ? () => void clock.after(SETTLED_MS, send) : send;
    if (socket.connecting) socket.once('connect', begin);
    else begin();
  });
  outgoing.once('upgrade', (_answer, socket) => socket.destroy()); // nobody has asked for it
  outgoing.once('response', (incoming) => {
    incoming.once('end', () => {
      heard = true;
    });
    const begin = (parts?: readonly Buffer[]) => {
      resolve(undefined);
      sayHead(incoming, response, headers);
      if (parts) response.end(Buffer.concat(parts));
      else passOn(incoming, response);
    };
    forgetBody(incoming, request, outgoing);
    const broken = { code: 'ECONNRESET', sent: true, bodySent: hasBody(request), reused: false };
    // A program that is about to be ended may break off in the middle: what nobody has seen of it can be asked for again.
    const breaks = () => {
      response.off('close', leave);
      resolve(broken);
    };
    if (awaited && isShort(incoming)) void Array.fromAsync(incoming).then(begin, breaks);
    else begin();
  });
  outgoing.on('error', (error) => {
    response.off('close', leave);
    const bodySent = sent && hasBody(request);
    resolve({ code: systemCodeOf(error), sent, bodySent, reused: outgoing.reusedSocket });
  });
  return promise;
}

/** A group that answers before it has read everything does not want the rest; the client still gets to hear the answer. */
function forgetBody(incoming: IncomingMessage, request: EdgeRequest, outgoing: ReturnType<typeof ask>): void {
  incoming.once('close', () => {
    if (outgoing.writableFinished) return;
    request.unpipe(outgoing);
    request.resume();
    outgoing.destroy();
  });
}

function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? Number.NaN) <= SHORT_BYTES;
}

function sayHead(incoming: IncomingMessage, response: EdgeResponse, more: Forwarding['headers']): void {
  response.statusCode = incoming.statusCode ?? 502;
  if (!('stream' in response) && incoming.statusMessage) response.statusMessage = incoming.statusMessage;
  if (more) setAll(response, more);
  setAll(response, forAnswer(incoming.headers));
}

function passOn(incoming: IncomingMessage, response: EdgeResponse): void {
  // Not kept until there is a body to go with them: a stream of events may have nothing to say for long.
  setImmediate(() => {
    if (response.headersSent || response.destroyed) return;
    if ('stream' in response) response.writeHead(response.statusCode);
    else response.flushHeaders();
  });
  incoming.pipe(response, { end: false });
  incoming.once('end', () => {
    const trailers = forAnswer(incoming.trailers);
    if (Object.keys(trailers).length) response.addTrailers(flat(trailers));
    response.end();
  });
  incoming.once('close', () => {
    if (!incoming.complete) breakOff(response);
  });
  incoming.on('error', () => {}); // the end of it follows
}

function setAll(response: EdgeResponse, headers: IncomingHttpHeaders): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    try {
      response.setHeader(name, value);
    } catch {
      // a header that cannot be said in HTTP is left out
    }
  }
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function pathOf(request: EdgeRequest): string {
  const { url = '/' } = request;
  return url.startsWith('/') || url === '*' ? url : `/${url}`;
}
