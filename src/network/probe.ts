import { get } from 'node:http';
import type { Clock } from '../clock.ts';
import { EDGE_HEADER } from './edge.ts';

const ATTEMPTS = 25;
const PAUSE_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Asks an address until the group behind it answers, with whatever status: a program that has just been started needs a
 * moment to listen. Gives undefined when it does not answer within about `ATTEMPTS * PAUSE_MS`.
 * Connects to `edge`, so that it works where the name does not resolve.
 */
export async function probe(
  url: string,
  { signal, clock, edge }: { signal: AbortSignal; clock: Clock; edge: { host: string; port: number } },
): Promise<{ status: number; tookMs: number } | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
    const startedAtMs = performance.now();
    const status = await statusOf(url, edge, signal);
    if (status !== undefined)
      return { status, tookMs: Math.max(1, Math.round(performance.now() - startedAtMs)) };
    await new Promise<void>((resume) => void clock.after(PAUSE_MS, resume));
  }
  return undefined;
}

/** The group's own status; undefined when it was the edge that answered, or nobody. */
function statusOf(
  url: string,
  edge: { host: string; port: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const { host, pathname } = new URL(url);
    const headers = { host, 'user-agent': 'katabot' };
    get({ ...edge, path: pathname, headers, signal: limit, agent: false }, (response) => {
      resolve(response.headers[EDGE_HEADER] ? undefined : response.statusCode);
      response.destroy();
    }).on('error', () => resolve(undefined));
  });
}
