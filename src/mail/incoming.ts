import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';

// What every door for other people's deliveries does with a request before it is anybody's.

/** One header; '' for one that is absent or was sent twice. */
export function headerOf({ headers }: IncomingMessage, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/**
 * The whole body; undefined for a longer one, and for one that is broken off, which is nobody's to answer. Never holds more than
 * the limit in memory, whatever length was promised.
 */
export async function bodyWithin(request: IncomingMessage, mostBytes: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) return undefined;
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.destroyed) return undefined;
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A JSON object; undefined for any other text. */
export function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const TELL_EVERY_MS = 60_000;

/** Strangers can send what they like as often as they like; whoever listens hears of it once in a while, with a count. */
export function tellRarely<Said>(
  clock: Clock,
  tell: (said: Said, count: number) => void,
): (said: Said) => void {
  let [toldAtMs, untold] = [Number.NEGATIVE_INFINITY, 0];
  return (said) => {
    untold++;
    if (clock.now() - toldAtMs < TELL_EVERY_MS) return;
    tell(said, untold);
    [toldAtMs, untold] = [clock.now(), 0];
  };
}
