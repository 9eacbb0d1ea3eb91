import type { Clock } from '../clock.ts';
import { pauseAfter, type Trouble, triesAgain } from './patience.ts';

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

/** Who has asked, and may leave: a response, or the connection of a websocket to be. */
export interface Client {
  /** Undefined for a response of HTTP/2, whatever its type says. */
  readonly destroyed: boolean | undefined;
  once(event: 'close', callback: () => void): unknown;
  off(event: 'close', callback: () => void): unknown;
}

/** Those who ask, all of them. */
export interface Patience {
  /** Answers from memory. */
  readonly resolve: (host: string) => Target | undefined;
  readonly clock: Clock;
  /** Those that wait for their group now. */
  readonly waiting: Set<Client>;
}

/** Why nobody takes a request, for good. */
export type Vain = { readonly target: undefined } | { readonly target: Target; readonly trouble: Trouble };

/** So many wait at once; who comes then is told at once, since every one of them asks again and again. */
const MOST_WAITING = 1_000;

/**
 * Tries until a group takes the request, or patience ends: one that a group being changed has surely not seen is tried again.
 * `tryOnce` gives undefined once the request is taken. Gives undefined when it was, or the client has gone.
 */
export async function persist(
  { resolve, clock, waiting }: Patience,
  { host, method, client }: { host: string; method: string; client: Client },
  tryOnce: (target: Target) => Promise<Trouble | undefined>,
): Promise<Vain | undefined> {
  const begunAtMs = clock.now();
  let hasLeft = client.destroyed === true;
  const leave = () => {
    hasLeft = true;
  };
  client.once('close', leave);
  try {
    // What a client asked for that has left, maybe while it waited, is not done.
    while (!hasLeft) {
      const target = resolve(host);
      if (!target) return { target };
      const trouble = target.ready === false ? 'not ready' : await tryOnce(target);
      if (trouble === undefined || hasLeft) return undefined;
      const waitedMs = clock.now() - begunAtMs;
      // What happens to the group may have begun while it was asked, and is told a moment after it has begun.
      const { awaited = false, up = false } = resolve(host) ?? target;
      const again = triesAgain(trouble, { method, awaited, up, waitedMs });
      if (again === 'no' || (again === 'later' && waiting.size >= MOST_WAITING)) return { target, trouble };
      if (again === 'later') await pause(waiting, client, clock, pauseAfter(waitedMs));
    }
    return undefined;
  } finally {
    client.off('close', leave);
  }
}

/** Over at once when the client leaves. */
function pause(waiting: Set<Client>, client: Client, clock: Clock, ms: number): Promise<void> {
  return new Promise((resume) => {
    const end = () => {
      cancel();
      waiting.delete(client);
      client.off('close', end);
      resume();
    };
    waiting.add(client);
    const cancel = clock.after(ms, end);
    client.once('close', end);
  });
}
