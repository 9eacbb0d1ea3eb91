import type { Event } from '../event.ts';

/** A program that has just been started needs a moment to listen; and a host a moment to lead there. */
const GRACE_MS = 10_000;

/**
 * Until when whoever asks a group may be kept waiting for it, after something has happened to it: milliseconds since the epoch,
 * Infinity while it is being brought up, 0 for a group that is down and stays so. Pure.
 */
export function awaitedUntil(beforeMs: number, { fact, atMs }: Pick<Event, 'fact' | 'atMs'>): number {
  switch (fact.kind) {
    case 'accepted':
    case 'starting':
    case 'restarting':
    case 'killing':
      return Number.POSITIVE_INFINITY;
    case 'drifted':
      return fact.mended ? Number.POSITIVE_INFINITY : beforeMs;
    case 'member-exited':
      return fact.asked || fact.restartAtMs !== undefined ? Number.POSITIVE_INFINITY : beforeMs;
    case 'member-started':
    case 'ready':
    case 'running':
      return atMs + GRACE_MS;
    case 'stopping':
    case 'stopped':
    case 'failed':
    case 'finished':
    case 'expired':
    case 'removing':
    case 'removed':
      return 0;
    default:
      return beforeMs;
  }
}
