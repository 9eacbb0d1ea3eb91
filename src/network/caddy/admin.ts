import { request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Failure, messageOf } from '../../failure.ts';

/** The way to a Caddy's configuration: its admin API. What it does throws a Failure `caddy-silent`, `caddy-refused` or `caddy-busy`. */
export interface CaddyAdmin {
  /** The configuration. */
  read(signal: AbortSignal): Promise<unknown>;
  /**
   * Brings the configuration to what `change` makes of it, all at once or not at all; gives whether it was another one. Safe to
   * repeat. What somebody else changes at the same moment is never overwritten.
   */
  bring(change: Change, signal: AbortSignal): Promise<boolean>;
  /** Such as `v2.8.4`; '' where that Caddy does not tell. */
  version(signal: AbortSignal): Promise<string>;
}

/** Pure. */
export type Change = (found: unknown) => unknown;

/** A change is answered once Caddy has taken it up, or found that it cannot. */
const ANSWER_TIMEOUT_MS = 15_000;
/** No configuration is as long; what answers more is no Caddy. */
const LONGEST_ANSWER = 64 * 2 ** 20;
/** Whoever changes it as often at the same moment goes first. */
const MOST_TRIES = 3;

/** `admin` is such as `http://127.0.0.1:2019`. */
export function createCaddyAdmin(admin: string): CaddyAdmin {
  const ask = askerAt(admin);
  const read = async (signal: AbortSignal) => {
    const answer = await ask('GET', '/config/', signal);
    if (answer.status !== 200) throw refused(answer);
    if (!answer.tag) throw untagged(); // a change would be taken whatever has happened since
    return { config: parsed(answer.body), tag: answer.tag };
  };
  return {
    read: async (signal) => (await read(signal)).config,
    async bring(change, signal) {
      for (let tried = 0; tried < MOST_TRIES; tried++) {
        const { config, tag } = await read(signal);
        const wanted = change(config);
        if (isDeepStrictEqual(wanted, config)) return false;
        const answer = await ask('POST', '/config/', signal, { value: wanted, tag });
        if (answer.status === 200) return true;
        if (answer.status !== 412) throw refused(answer);
      }
      throw busy();
    },
    async version(signal) {
      const { body } = await ask('GET', '/metrics', signal);
      return /^go_build_info\{.*version="(v[^"]+)"/m.exec(body)?.[1] ?? '';
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of the configuration that was read: a change is taken only while it is still that one. */
  readonly tag: string;
}

type Ask = (
  method: 'GET' | 'POST',
  path: string,
  signal: AbortSignal,
  change?: { readonly value: unknown; readonly tag: string },
) => Promise<Answer>;

function askerAt(admin: string): Ask {
  return async (method, path, signal, change) => {
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const asked = request(new URL(path, admin), {
          method,
          agent: false, // Caddy ends its connections at every change
          signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
        });
        asked.on('error', reject);
        asked.on('response', (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            body += part;
            if (body.length > LONGEST_ANSWER) asked.destroy(new Error('the answer has no end'));
          });
          response.on('error', reject);
          response.on('end', () => {
            // 2.6 lets it follow the body, which it is made of; newer ones have it in front.
            const tag = response.headers.etag ?? response.trailers['etag'] ?? '';
            resolve({ status: response.statusCode ?? 0, body, tag });
          });
        });
        asked.setHeader('content-type', 'application/json');
        if (change) asked.setHeader('if-match', change.tag);
        asked.end(change && JSON.stringify(change.value));
      });
    } catch (error) {
      throw silent(admin, error);
    }
  };
}

function silent(admin: string, error: unknown): Failure {
  return new Failure('caddy-silent', `Caddy does not answer at ${admin}: ${messageOf(error)}.`, {
    advice: 'Does it run, and is that where its admin API listens? (settings: edge.caddy.admin)',
    cause: error,
  });
}

function refused({ status, body }: Answer): Failure {
  const { error } = Object(parsed(body));
  const why = typeof error === 'string' ? error.slice(0, 500) : `status ${status}`;
  return new Failure('caddy-refused', `Caddy does not take what the bot tells it: ${why}.`, {
    advice: adviceFor(why),
  });
}

function adviceFor(why: string): string {
  if (/^host not allowed/.test(why))
    return 'Name that address under admin.origins in Caddy’s configuration, or let its admin API listen at localhost (settings: edge.caddy.admin).';
  if (/address|listen|bind/.test(why))
    return 'Give the bot addresses at which nothing else listens there (settings: edge.address, edge.https.address).';
  return 'Its own log says more; 2.6 to 2.11 are known to take it.';
}

function untagged(): Failure {
  return new Failure('caddy-refused', 'Caddy does not say which configuration it has (no ETag).', {
    advice: 'The bot needs Caddy 2.6 or newer, and nothing between that changes its answers.',
  });
}

function busy(): Failure {
  return new Failure('caddy-busy', 'Somebody else changes Caddy’s configuration all the time.', {
    advice: 'Two bots need two names (settings: instance).',
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
