import type { Event, Fact } from '../event.ts';

/** A program that has just been started needs a moment to listen; and a host a moment to lead there. */
const GRACE_MS = 10_000;

/**
 * Whether the container of a group that answers its requests has ended and not begun again, after something has happened to the
 * group. While it is brought up again nobody is there to be asked, whoever takes connections in its place. Pure.
 */
export function isAway(before: boolean, fact: Fact, container: string): boolean {
  switch (fact.kind) {
    case 'member-exited':
      return before || fact.container === container;
    case 'member-started':
      return before && fact.container !== container;
    case 'running':
    case 'removed':
      return false;
    default:
      return before;
  }
}

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
