import { randomBytes } from 'node:crypto';
import { type DestinationStream, pino } from 'pino';
import type { Event } from '../event.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

export interface Log {
  /** One line of JSON. Fields never hold secrets: what is secret is a type that prints as [secret]. */
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  /** Writes an error of the bot's own in full; gives the reference that a person is shown. */
  internal(error: unknown, fields?: Record<string, unknown>): string;
  event(event: Event): void;
}

/** Logs JSON lines, to standard error so that standard output stays free for what was asked. */
export function createLog(level: LogLevel, output: DestinationStream = pino.destination(2)): Log {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    internal(error, fields = {}) {
      const reference = randomBytes(3).toString('hex');
      log.error({ ...fields, reference, err: error }, 'internal error');
      return reference;
    },
    event({ atMs: _, group, revision, fact }) {
      const { kind, ...rest } = fact;
      log.info({ group, revision, ...rest }, kind);
    },
  };
}
