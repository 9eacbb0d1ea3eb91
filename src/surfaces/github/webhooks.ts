import type { IncomingMessage } from 'node:http';
import { verifyWithFallback } from '@octokit/webhooks-methods';
import type { Clock } from '../../clock.ts';
import { bodyWithin, headerOf, type Inbox, objectIn, tellRarely } from '../../mail/index.ts';
import type { Secret } from '../../secrets/index.ts';
import { keptOf } from './kept-fields.ts';
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

/**
 * Takes deliveries: the signature is checked over the bytes as they came, and what is genuine is on disk before it is answered.
 * Work comes later: GitHub waits ten seconds and never asks again.
 */
export function createWebhooks(parts: WebhookParts): (request: IncomingMessage) => Promise<Answer> {
  const refuse = refuser(parts);
  return async (request) => {
    const id = headerOf(request, 'x-github-delivery');
    const event = headerOf(request, 'x-github-event');
    if (!ID.test(id) || !EVENT.test(event)) return refuse(400, 'This is no delivery of GitHub.');
    if (!headerOf(request, 'content-type').startsWith('application/json'))
      return refuse(415, 'Choose the content type application/json.');
    const body = await bodyWithin(request, MOST_WEBHOOK_BYTES);
    if (body === undefined) return refuse(413, 'The delivery is longer than 4 MiB.');
    const signature = headerOf(request, 'x-hub-signature-256');
    if (!(await isGenuine(parts.secrets, body, signature)))
      return refuse(401, 'The signature does not belong to this body and secret.');
    if (!parts.events.has(event))
      return { status: 200, message: event === 'ping' ? 'pong' : 'nothing to do' };
    const payload: Payload | undefined = objectIn(body);
    if (!payload) return refuse(400, 'The body is no JSON object.');
    const taken = await parts.inbox.take({
      source: 'github',
      id,
      naturalKey: naturalKey(event, id, payload),
      lane: laneOf(payload),
      event,
      payload: JSON.stringify(keptOf(event, payload)),
      receivedAtMs: parts.clock.now(),
    });
    return taken === 'new' ? { status: 202, message: 'taken' } : { status: 200, message: 'known' };
  };
}

async function isGenuine(secrets: readonly Secret[], body: string, signature: string): Promise<boolean> {
  const [newest = '', ...older] = secrets.map((secret) => secret.reveal());
  if (!newest || !/^sha256=[0-9a-f]{64}$/.test(signature) || !body) return false;
  return verifyWithFallback(newest, body, signature, older);
}

function refuser({ clock, warn }: WebhookParts): (status: 400 | 401 | 413 | 415, message: string) => Answer {
  const tell = tellRarely<Answer>(clock, ({ status, message }, deliveries) =>
    warn({ deliveries, status }, `deliveries were refused: ${message}`),
  );
  return (status, message) => {
    tell({ status, message });
    return { status, message };
  };
}
