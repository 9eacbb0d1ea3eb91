import type { IncomingMessage } from 'node:http';
import { isValidSlackRequest } from '@slack/bolt';
import type { Clock } from '../../clock.ts';
import { bodyWithin, headerOf, type Inbox, objectIn, tellRarely } from '../../mail/index.ts';
import type { Secret } from '../../secrets/index.ts';
import { identityOf } from './payloads.ts';

/** Slack sends 250 KB at most in a view, and nearly always less than 10 KB. */
export const MOST_BODY_BYTES = 1_048_576;
const SKEW_MS = 5 * 60_000;

export interface RequestParts {
  readonly inbox: Pick<Inbox, 'take'>;
  /** The newest first; two while one is replaced. */
  readonly secrets: readonly Secret[];
  readonly clock: Clock;
  /** What has to be answered with more than a nod, from what is at hand; undefined for everything else. */
  readonly answerNow: (body: unknown) => Promise<NowAnswer | undefined>;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
}

export interface NowAnswer {
  readonly json: unknown;
  /** Whether there is work to be done besides the answer. */
  readonly takes: boolean;
}

/** What a request is answered; `json` is '' for nothing but the status. */
export interface Answer {
  readonly status: 200 | 400 | 401 | 413 | 503;
  readonly json: unknown;
}

const FINE: Answer = { status: 200, json: '' };

/**
 * Takes what Slack sends: the signature is checked over the bytes as they came, and what is genuine is on disk before it is
 * acknowledged. Work comes later: Slack waits three seconds.
 */
export function createRequests(parts: RequestParts): (request: IncomingMessage) => Promise<Answer> {
  const refuse = refuser(parts);
  return async (request) => {
    const raw = await bodyWithin(request, MOST_BODY_BYTES);
    if (raw === undefined) return refuse(413, 'The body is longer than 1 MiB.');
    if (!isGenuine(parts, request, raw))
      return refuse(401, 'The signature does not belong to this body and secret.');
    const body = bodyIn(raw, headerOf(request, 'content-type'));
    if (body === undefined) return refuse(400, 'The body is neither JSON nor a form.');
    return takeIn(parts, body);
  };
}

/** The same for what is genuine by itself, such as an envelope of socket mode. Gives what to answer. */
export async function takeIn({ inbox, clock, answerNow, warn }: RequestParts, body: object): Promise<Answer> {
  if ('ssl_check' in body) return FINE;
  if ('type' in body && body.type === 'url_verification')
    return { status: 200, json: { challenge: 'challenge' in body ? body.challenge : '' } };
  const identity = identityOf(body);
  if (!identity) return FINE; // something new of Slack's that the bot has no use for
  const now = await answerNow(body);
  if (now && !now.takes) return { status: 200, json: now.json };
  const { id, naturalKey, lane, event } = identity;
  const payload = JSON.stringify(body);
  try {
    await inbox.take({ source: 'slack', id, naturalKey, lane, event, payload, receivedAtMs: clock.now() });
  } catch (error) {
    warn({ event, why: String(error).slice(0, 300) }, 'what Slack has sent could not be written down');
    return { status: 503, json: '' }; // Slack sends events again; whoever typed sees that it failed
  }
  return now ? { status: 200, json: now.json } : FINE;
}

function isGenuine({ secrets, clock }: RequestParts, request: IncomingMessage, body: string): boolean {
  const signature = headerOf(request, 'x-slack-signature');
  const stamp = headerOf(request, 'x-slack-request-timestamp');
  const nowMilliseconds = clock.now();
  if (!/^v0=[0-9a-f]{64}$/.test(signature) || !/^\d{1,12}$/.test(stamp)) return false;
  if (Math.abs(Number(stamp) * 1_000 - nowMilliseconds) > SKEW_MS) return false; // Bolt looks for what is too old alone
  const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': Number(stamp) };
  return secrets.some((secret) =>
    isValidSlackRequest({ signingSecret: secret.reveal(), body, headers, nowMilliseconds }),
  );
}

/** Events come as JSON, commands as a form, and everything that is clicked as JSON in a form. */
function bodyIn(raw: string, type: string): object | undefined {
  if (type.startsWith('application/json')) return objectIn(raw);
  if (!type.startsWith('application/x-www-form-urlencoded')) return undefined;
  const form = Object.fromEntries(new URLSearchParams(raw));
  return form['payload'] === undefined ? form : objectIn(form['payload']);
}

function refuser({ clock, warn }: RequestParts): (status: 400 | 401 | 413, message: string) => Answer {
  const tell = tellRarely<{ status: number; message: string }>(clock, ({ status, message }, requests) =>
    warn({ requests, status }, `requests in Slack's name were refused: ${message}`),
  );
  return (status, message) => {
    tell({ status, message });
    return { status, json: { error: message } };
  };
}
