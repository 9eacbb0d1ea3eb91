import type { MiddlewareHandler } from 'hono';
import type { Caller } from '../../policy/index.ts';
import { createLimiter, type Limiter } from './limits.ts';
import type { WebEnvironment, WebParts } from './parts.ts';
import { answerProblem, type Problem, problem } from './problems.ts';

/** Who may come in, and how often. */
export interface Admission {
  /** The caller behind a token, or the problem that it gets instead. `address` is where the request comes from. */
  admit(token: string | undefined, address: string): Promise<Admitted>;
}

export type Admitted = { readonly caller: Caller; readonly left: number } | Refused;

interface Refused {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

const BURST_SECONDS = 3;
/** Guessing tokens is hopeless anyway; this keeps it from filling the log and the processor. */
const WRONG_TOKENS = { perSecond: 10 / 60, burst: 10 };

export function createAdmission(
  parts: Pick<WebParts, 'authenticate' | 'clock' | 'requestsPerSecond'>,
): Admission {
  const { clock, requestsPerSecond } = parts;
  const requests = createLimiter(
    { perSecond: requestsPerSecond, burst: requestsPerSecond * BURST_SECONDS },
    clock,
  );
  const mistakes = createLimiter(WRONG_TOKENS, clock);
  return {
    async admit(token, address) {
      const caller = token === undefined ? undefined : await parts.authenticate(token);
      if (!caller) return refuse(token === undefined ? undefined : mistakes, address);
      const taken = requests.take(caller.name);
      return 'left' in taken ? { caller, left: taken.left } : tooMany(taken.waitMs, caller.name);
    },
  };
}

function refuse(mistakes: Limiter | undefined, address: string): Refused {
  const taken = mistakes?.take(address);
  if (taken && 'waitMs' in taken) return tooMany(taken.waitMs, 'this address');
  return {
    problem: problem(
      401,
      'token-missing',
      'This needs a token: set KATABOT_TOKEN, or run it where the bot’s data folder is.',
      'katabot login, or katabot token create NAME where the bot runs',
    ),
    headers: { 'www-authenticate': 'Bearer realm="katabot"' },
  };
}

function tooMany(waitMs: number, who: string): Refused {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return {
    problem: problem(429, 'too-many-requests', `Too many requests of ${who}.`, `Ask again in ${seconds} s.`),
    headers: { 'retry-after': String(seconds) },
  };
}

/** Lets callers in, and tells them how much they may still ask for at once. */
export function onlyCallers(admission: Admission): MiddlewareHandler<WebEnvironment> {
  return async (context, next) => {
    const admitted = await admission.admit(
      bearerIn(context.req.header('authorization')),
      context.env.incoming.socket.remoteAddress ?? '',
    );
    if ('problem' in admitted) {
      for (const [name, value] of Object.entries(admitted.headers)) context.header(name, value);
      return answerProblem(context, admitted.problem);
    }
    context.header('ratelimit-remaining', String(admitted.left));
    context.set('caller', admitted.caller);
    await next();
    return undefined;
  };
}

/** The token of a header `authorization`. */
export function bearerIn(header: string | undefined): string | undefined {
  return /^Bearer (\S+)$/.exec(header ?? '')?.[1];
}
