import type { IncomingMessage } from 'node:http';
import { verifyWithFallback } from '@octokit/webhooks-methods';
import type { Clock } from '../../clock.ts';
import type { Inbox } from '../../mail/index.ts';
import type { Secret } from '../../secrets/index.ts';
import { laneOf, naturalKey, type Payload } from './natural-key.ts';

/** GitHub sends 25 MB at most and nearly always less than 100 KB; what is longer is found by looking. */
export const MOST_WEBHOOK_BYTES = 4 * 1_048_576;

export interface WebhookParts {
  readonly inbox: Pick<Inbox, 'take'>;
  readonly secrets: readonly Secret[];
  readonly clock: Clock;
  /** Events that the bot has a use for; any other is answered and forgotten. */
  readonly events: ReadonlySet<string>;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
}

/** What a delivery is answered. */
export interface Answer {
  readonly status: 200 | 202 | 400 | 401 | 413 | 415;
  readonly message: string;
}

const EVENT = /^[a-z0-9_]{1,60}$/;
const ID = /^[0-9a-zA-Z-]{8,80}$/;
/** Strangers can send what they like as often as they like; the log hears of it once in a while, with a count. */
const TELL_EVERY_MS = 60_000;

/**
 * Takes deliveries: the signature is checked over the bytes as they came, and what is genuine is on disk before it is answered.
 * Work comes later: GitHub waits ten seconds and never asks again.
 */
export function createWebhooks(parts: WebhookParts): (request: IncomingMessage) => Promise<Answer> {
  const refuse = teller(parts);
  return async (request) => {
    const id = headerOf(request, 'x-github-delivery');
    const event = headerOf(request, 'x-github-event');
    if (!ID.test(id) || !EVENT.test(event)) return refuse(400, 'This is no delivery of GitHub.');
    if (!headerOf(request, 'content-type').startsWith('application/json'))
      return refuse(415, 'Choose the content type application/json.');
    const body = await bodyOf(request);
    if (body === undefined) return refuse(413, 'The delivery is longer than 4 MiB.');
    const signature = headerOf(request, 'x-hub-signature-256');
    if (!(await isGenuine(parts.secrets, body, signature)))
      return refuse(401, 'The signature does not belong to this body and secret.');
    if (!parts.events.has(event))
      return { status: 200, message: event === 'ping' ? 'pong' : 'nothing to do' };
    const payload = payloadIn(body);
    if (!payload) return refuse(400, 'The body is no JSON object.');
    const taken = await parts.inbox.take({
      source: 'github',
      id,
      naturalKey: naturalKey(event, id, payload),
      lane: laneOf(payload),
      event,
      payload: body,
      receivedAtMs: parts.clock.now(),
    });
    return taken === 'new' ? { status: 202, message: 'taken' } : { status: 200, message: 'known' };
  };
}

function headerOf({ headers }: IncomingMessage, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** Never holds more than the limit in memory, whatever the length that was promised. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_WEBHOOK_BYTES) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.byteLength;
    if (bytes > MOST_WEBHOOK_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function isGenuine(secrets: readonly Secret[], body: string, signature: string): Promise<boolean> {
  const [newest = '', ...older] = secrets.map((secret) => secret.reveal());
  if (!newest || !/^sha256=[0-9a-f]{64}$/.test(signature) || !body) return false;
  return verifyWithFallback(newest, body, signature, older);
}

function payloadIn(body: string): Payload | undefined {
  try {
    const payload: unknown = JSON.parse(body);
    return typeof payload === 'object' && payload !== null ? payload : undefined;
  } catch {
    return undefined;
  }
}

function teller({ clock, warn }: WebhookParts): (status: 400 | 401 | 413 | 415, message: string) => Answer {
  let [toldAtMs, untold] = [Number.NEGATIVE_INFINITY, 0];
  return (status, message) => {
    untold++;
    if (clock.now() - toldAtMs >= TELL_EVERY_MS) {
      warn({ deliveries: untold, status }, `deliveries were refused: ${message}`);
      [toldAtMs, untold] = [clock.now(), 0];
    }
    return { status, message };
  };
}
