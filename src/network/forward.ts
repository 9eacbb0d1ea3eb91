import { type Agent, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { systemCodeOf } from '../failure.ts';
import { answer, breakOff, type EdgeResponse, plain } from './edge-answers.ts';
import { type EdgeRequest, forAnswer, forRequest, hasBody, hostOf } from './headers.ts';
import { isRepeatable, pauseAfter, type Trouble, triesAgain } from './patience.ts';

/** Where requests for a name go. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** False while it is to get no requests: who asks is told to come back. */
  readonly ready?: boolean;
  /** True while the group is being started or changed: who asks waits for it, a little. */
  readonly awaited?: boolean;
  /** True for a group that is said to run: what has just happened to it may not be told yet. */
  readonly up?: boolean;
}

/** What a request is forwarded with. */
export interface Forwarding {
  /** Answers from memory. */
  readonly resolve: (host: string) => Target | undefined;
  readonly agent: Agent;
  readonly clock: Clock;
  /** Those that wait for their group now. */
  readonly waiting: Set<EdgeResponse>;
  /** Said of every answer, such as that only HTTPS is to be used. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Readiness comes in seconds. */
const RETRY = { 'retry-after': '2' };
/** So many wait at once; who comes then is told at once, since every one of them asks again and again. */
const MOST_WAITING = 1_000;
/** Answers that are kept until they are whole while a group is being changed. */
const SHORT_BYTES = 65_536;

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
  const { resolve, clock } = parts;
  if (!host) return answer(response, 404, 'The request names no host, and so no group.');
  if (!hasBody(request)) request.resume(); // a stream of HTTP/2 that is never read does not say when its client leaves
  const begunAtMs = clock.now();
  for (;;) {
    const target = resolve(host);
    if (!target) return answer(response, 404, `No group here is called ${plain(host)}.`);
    const trouble = target.ready === false ? 'not ready' : await tryOnce(parts, request, response, target);
    if (trouble === undefined || response.destroyed) return;
    const waitedMs = clock.now() - begunAtMs;
    // What happens to the group may have begun while it was asked, and is told a moment after it has begun.
    const { awaited = false, up = false } = resolve(host) ?? target;
    const again = triesAgain(trouble, { method: request.method ?? '', awaited, up, waitedMs });
    if (again === 'no' || (again === 'later' && parts.waiting.size >= MOST_WAITING))
      return giveUp(response, host, target, trouble);
    if (again === 'later') await pause(parts, response, pauseAfter(waitedMs));
  }
}

function giveUp(response: EdgeResponse, host: string, target: Target, trouble: Trouble): void {
  const group = `The group behind ${plain(host)}`;
  if (trouble === 'not ready') answer(response, 503, `${group} is not ready yet.`, RETRY);
  else answer(response, 502, `${group} does not answer on port ${target.port}.`);
}

/** Over at once when the client leaves. */
function pause({ clock, waiting }: Forwarding, response: EdgeResponse, ms: number): Promise<void> {
  return new Promise((resume) => {
    const end = () => {
      cancel();
      waiting.delete(response);
      response.off('close', end);
      resume();
    };
    waiting.add(response);
    const cancel = clock.after(ms, end);
    response.once('close', end);
  });
}

/** Undefined once the answer has begun, or the client has gone. */
function tryOnce(
  { agent, headers }: Forwarding,
  request: EdgeRequest,
  response: EdgeResponse,
  { address, port, awaited = false }: Target,
): Promise<Trouble | undefined> {
  const { promise, resolve } = Promise.withResolvers<Trouble | undefined>();
  const { method = 'GET' } = request;
  const outgoing = ask({
    // A kept connection may be closed by the group at this very moment: only what can be sent again is sent over one.
    agent: isRepeatable(method) && !hasBody(request) ? agent : false,
    host: address,
    port,
    method,
    path: pathOf(request),
    headers: forRequest(request),
  });
  let bodySent = false;
  let heard = false;
  const leave = () => {
    if (!heard) outgoing.destroy();
  };
  response.once('close', leave);
  outgoing.once('socket', (socket) => {
    const send = () => {
      bodySent = hasBody(request);
      // Not before somebody is there to take it: what has not been read can be sent to somebody else.
      if (bodySent) request.pipe(outgoing);
      else outgoing.end();
    };
    if (socket.connecting) socket.once('connect', send);
    else send();
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
    const broken = { code: 'ECONNRESET', bodySent: hasBody(request), reused: false };
    // A program that is about to be ended may break off in the middle: what nobody has seen of it can be asked for again.
    if (awaited && isShort(incoming)) void Array.fromAsync(incoming).then(begin, () => resolve(broken));
    else begin();
  });
  outgoing.on('error', (error) => {
    response.off('close', leave);
    resolve({ code: systemCodeOf(error), bodySent, reused: outgoing.reusedSocket });
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

function sayHead(incoming: IncomingMessage, response: EdgeResponse, more: Forwarding['headers'] = {}): void {
  response.statusCode = incoming.statusCode ?? 502;
  if (!('stream' in response) && incoming.statusMessage) response.statusMessage = incoming.statusMessage;
  setAll(response, { ...more, ...forAnswer(incoming.headers) });
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
