/** Why a group did not answer a request. */
export type Trouble =
  | 'not ready'
  | {
      /** What the system says, such as ECONNREFUSED. */
      readonly code: string;
      /** Whether any of the request has been sent. */
      readonly sent: boolean;
      /** Some of the body has been read, and cannot be sent again. */
      readonly bodySent: boolean;
      /** Whether the connection had served another request before: its end may be older than this one. */
      readonly reused: boolean;
    };

/** For so long a request waits for a group that is being changed. */
const LONGEST_WAIT_MS = 10_000;
const A_MOMENT_MS = 1_000;

/** Nobody was there, so nobody has seen the request. */
const NEVER_ARRIVED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Whether a request that got no answer is sent again. Only what cannot have had an effect twice is: nobody was there to take
 * it, or its method allows to repeat it. Pure.
 */
export function triesAgain(
  trouble: Trouble,
  {
    method,
    awaited,
    up = false,
    waitedMs,
  }: { method: string; awaited: boolean; up?: boolean; waitedMs: number },
): 'now' | 'later' | 'no' {
  if (trouble === 'not ready') return awaited && waitedMs < LONGEST_WAIT_MS ? 'later' : 'no';
  // What happens to a group that is said to run is told a moment after it has begun.
  const patient = waitedMs < (awaited ? LONGEST_WAIT_MS : up ? A_MOMENT_MS : 0);
  if (trouble.bodySent) return 'no';
  if (NEVER_ARRIVED.has(trouble.code) || isUnsent(trouble)) return patient ? 'later' : 'no';
  if (trouble.code !== 'ECONNRESET' && trouble.code !== 'EPIPE') return 'no';
  if (!isRepeatable(method)) return 'no';
  // A kept connection that the group closes just as the next request sets out: a new one tells how things are.
  if (trouble.reused) return 'now';
  return patient ? 'later' : 'no';
}

/** A connection that was closed before anything was sent over it. */
function isUnsent({ code, sent }: Exclude<Trouble, string>): boolean {
  return !sent && (code === 'ECONNRESET' || code === 'EPIPE');
}

/** Whether a method may be repeated without harm (RFC 9110, 9.2.2). */
export function isRepeatable(method: string): boolean {
  return REPEATABLE.has(method);
}

/** Who has waited for longer asks less often: hundreds that ask at once would take the processor from what they wait for. */
export function pauseAfter(waitedMs: number): number {
  return Math.min(500, Math.max(50, waitedMs / 4));
}
