import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import { type Batch, framed, lokiBody, otlpBody, syslogMessages } from './batch.ts';
import type { LogTargetSettings } from './settings.ts';

/** Somebody who keeps lines. */
export interface LogTarget {
  /** Where the settings speak of it, such as `locations.office.logs`. */
  readonly setting: string;
  /** What people call it, such as `loki at https://loki.example.com`. */
  readonly name: string;
  readonly groups: 'asking' | 'all';
  /** Throws Refused for what the target will never take, and anything else for what is worth another try. */
  send(batch: Batch, signal: AbortSignal): Promise<void>;
}

/** The target will not take these lines, however often they are sent. */
export class Refused extends Error {}

const SEND_LIMIT_MS = 10_000;
/** Too old, too large, not understood: the same again would be answered the same. */
const REFUSALS = new Set([400, 413, 422]);
const LONGEST_ANSWER = 200;
/** What every network carries, in pieces; a longer line is cut. RFC 5426 asks for 2048 of every receiver. */
const LONGEST_DATAGRAM = 8_192;

/** What the settings name, ready to be sent to; opens nothing. */
export function logTargetFrom(setting: string, settings: LogTargetSettings, clock: Clock): LogTarget {
  const { loki, otlp, syslog, groups } = settings;
  const limited = (work: (batch: Batch, signal: AbortSignal) => Promise<void>): LogTarget['send'] =>
    async function send(batch, signal) {
      const late = new AbortController();
      const cancel = clock.after(SEND_LIMIT_MS, () => late.abort(new Error('no answer in time')));
      try {
        await work(batch, AbortSignal.any([signal, late.signal]));
      } catch (error) {
        throw inWords(error);
      } finally {
        cancel();
      }
    };
  if (syslog !== undefined) {
    const send = limited((batch, signal) => sendSyslog(syslog, settings, syslogMessages(batch), signal));
    return { setting, name: `syslog at ${syslog}`, groups, send };
  }
  const [kind, given, path, body] =
    loki === undefined
      ? (['otlp', otlp ?? '', '/v1/logs', otlpBody] as const)
      : (['loki', loki, '/loki/api/v1/push', lokiBody] as const);
  const url = new URL(given);
  if (url.pathname === '/') url.pathname = path;
  const send = limited((batch, signal) => post(url, settings, body(batch), signal));
  return { setting, name: `${kind} at ${url.origin}`, groups, send };
}

/** OpenSSL's names for a certificate that nobody known has signed. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

function inWords(error: unknown): unknown {
  const { code } = Object(error) as { readonly code?: unknown };
  return UNTRUSTED.has(String(code))
    ? new Error('nobody that is trusted has signed its certificate: name who did as caFile', { cause: error })
    : error;
}

async function post(url: URL, settings: LogTargetSettings, body: string, signal: AbortSignal): Promise<void> {
  const { tokenFile, caFile } = settings;
  const token = tokenFile === undefined ? '' : (await readFile(tokenFile, 'utf8')).trim();
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const options = { method: 'POST', headers, signal, ...(ca === undefined ? {} : { ca }) };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
  request.on('error', reject);
  request.end(body);
  const response = await promise;
  const status = response.statusCode ?? 0;
  const answer = await textOf(response);
  if (status >= 200 && status < 300) return;
  const why = `it answers ${status}${answer ? `: ${answer}` : ''}`;
  throw REFUSALS.has(status) ? new Refused(why) : new Error(why);
}

/** The beginning of an answer, on one line; the rest is read and forgotten, so that the connection can be used again. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response) if (text.length < LONGEST_ANSWER) text += String(part);
  return text.slice(0, LONGEST_ANSWER).replace(/\s+/g, ' ').trim();
}

async function sendSyslog(
  address: string,
  { caFile }: LogTargetSettings,
  messages: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  const { protocol, hostname, port } = new URL(address);
  const place = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (protocol === 'udp:') return sendDatagrams(place, messages, signal);
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const send = () => socket.end(framed(messages)); // once it is known who is there
  const socket =
    protocol === 'tls:'
      ? connectTls(
          {
            ...place,
            ...(isIP(place.host) ? {} : { servername: place.host }),
            ...(ca === undefined ? {} : { ca }),
          },
          send,
        )
      : connect(place, send);
  const stop = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  // Nobody answers to syslog: a connection that the other side ends in good order has been read to its end.
  socket.on('error', reject);
  socket.on('close', () => resolve());
  socket.resume();
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Sent and not looked after, as UDP is. */
async function sendDatagrams(
  { host, port }: { readonly host: string; readonly port: number },
  messages: readonly Buffer[],
  signal: AbortSignal,
): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    for (const message of messages) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) =>
        socket.send(message.subarray(0, LONGEST_DATAGRAM), port, host, (error) =>
          error ? reject(error) : resolve(),
        ),
      );
    }
  } finally {
    socket.close();
  }
}
