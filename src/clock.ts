/** What time it is. Time comes in by parameter, so that tests own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * The promise's result, or a rejection with `signal.reason` as soon as the signal fires.
 * Needed around every call to an engine: a connection that dies in the middle of an answer
 * leaves docker-modem waiting for ever.
 */
export async function within<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  promise.catch(() => {}); // a late rejection, after the signal has fired, is nobody's concern
  signal.throwIfAborted();
  const { promise: outcome, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    promise.then(resolve, reject);
    return await outcome;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
