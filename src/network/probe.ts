import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { Clock } from '../clock.ts';
import { EDGE_HEADER } from './headers.ts';

const ATTEMPTS = 25;
const PAUSE_MS = 100;
const ANSWER_TIMEOUT_MS = 2_000;
/** Somebody waits for this in a push: a program that takes requests and answers none must not hold it up. */
const LONGEST_MS = 5_000;

/**
 * Asks an address until the group behind it answers, with whatever status: a program that has just been started needs a
 * moment to listen. Gives undefined after `ATTEMPTS` tries, or when one of them begins later than `LONGEST_MS`.
 * Connects to `edge`, so that it works where the name does not resolve.
 */
export async function probe(
  url: string,
  { signal, clock, edge }: { signal: AbortSignal; clock: Clock; edge: { host: string; port: number } },
): Promise<{ status: number; tookMs: number } | undefined> {
  const begunAtMs = clock.now();
  for (let attempt = 0; attempt < ATTEMPTS && clock.now() - begunAtMs < LONGEST_MS; attempt++) {
    if (signal.aborted) return undefined;
    const startedAtMs = performance.now();
    const status = await statusOf(url, edge, { signal, clock });
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
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const late = new AbortController();
    const cancel = clock.after(ANSWER_TIMEOUT_MS, () => late.abort());
    const { host, hostname, pathname, protocol } = new URL(url);
    // It is our own edge that is asked: whether others trust its certificate is not the question here.
    const way = protocol === 'https:' ? { servername: hostname, rejectUnauthorized: false } : {};
    (protocol === 'https:' ? getSecurely : get)({
      ...edge,
      ...way,
      path: pathname,
      headers: { host, 'user-agent': 'katabot' },
      signal: AbortSignal.any([signal, late.signal]),
      agent: false,
    })
      .on('response', (response) => {
        resolve(response.headers[EDGE_HEADER] ? undefined : response.statusCode);
        response.destroy();
      })
      .on('error', () => resolve(undefined))
      .on('close', cancel);
  });
}
