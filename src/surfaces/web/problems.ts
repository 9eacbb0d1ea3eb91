import type { Context } from 'hono';
import { Failure } from '../../failure.ts';

/** RFC 9457. `type` names the code; `advice` says what to do. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: Status;
  readonly code: string;
  readonly detail: string;
  readonly advice?: string;
}

export type Status = keyof typeof TITLES;

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

export function problem(status: Status, code: string, detail: string, advice = ''): Problem {
  const words = advice ? { advice } : {};
  return { type: `/problems/${code}`, title: TITLES[status], status, code, detail, ...words };
}

/** A failure of a command, of a session or of a right, as a problem. */
export function problemOf(failure: Failure): Problem {
  return problem(STATUS_OF[failure.code] ?? 409, failure.code, failure.message, failure.advice);
}

const STATUS_OF: Readonly<Record<string, Status>> = {
  usage: 400,
  ambiguous: 400,
  'wrong-surface': 400,
  'right-missing': 403,
  'caller-unknown': 403,
  'repository-refused': 403,
  'confirmation-needed': 409,
  'group-unknown': 404,
  'container-unknown': 404,
  'engine-unreachable': 503,
};

export function answerProblem(context: Context, found: Problem): Response {
  return context.body(JSON.stringify(found), found.status, { 'content-type': 'application/problem+json' });
}

/** What is thrown inside a route: a failure in its own words, anything else as a reference. */
export function thrownProblem(error: unknown, reportInternal: (error: unknown) => string): Problem {
  if (error instanceof Failure) return problemOf(error);
  const detail = `Something went wrong inside the bot (reference ${reportInternal(error)}).`;
  return problem(500, 'internal', detail);
}
