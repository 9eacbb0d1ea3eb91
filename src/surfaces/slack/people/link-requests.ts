import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import type { ChatAccount } from '../../../policy/index.ts';

const LIFE_MS = 10 * 60_000;
/** Of everybody together; the oldest go. */
const MOST_REQUESTS = 1_000;

/** Somebody's wish to link their accounts, on its way through two sign-ins. */
export interface LinkRequest {
  readonly account: ChatAccount;
  readonly untilMs: number;
  /** The sign-in that comes next, and the hash of what has to come back from it; '' when nothing may. */
  readonly step: 'slack' | 'codeHost';
  readonly state: string;
  /** The hash of the cookie in the browser that goes the way. */
  readonly browser: string;
  /** What Slack's answer has to hold. */
  readonly nonce: string;
  /** By which the code host knows who has begun (RFC 7636). */
  readonly verifier: string;
}

/**
 * Requests under way, in memory: a restart of the bot ends them, and somebody asks for a new address. Tokens and states are
 * 256 random bits, kept as hashes. A way that has begun in one browser ends in no other: without the cookie it could be handed
 * on in the middle, and somebody else's sign-in with GitHub would be linked to whoever began.
 */
export function createRequests(clock: Clock, isSecure: () => boolean) {
  const requests = new Map<string, LinkRequest>();
  const forgetOld = () => {
    for (const [key, { untilMs }] of requests) if (untilMs <= clock.now()) requests.delete(key);
    for (const oldest of [...requests.keys()].slice(0, -MOST_REQUESTS)) requests.delete(oldest);
  };
  return {
    /** Gives the token of the address; an earlier address of the account works no more. */
    begin(account: ChatAccount): string {
      for (const [key, { account: other }] of requests)
        if (other.home === account.home && other.user === account.user) requests.delete(key);
      const token = random();
      const untilMs = clock.now() + LIFE_MS;
      const unopened = { state: '', browser: '', nonce: '', verifier: '' };
      requests.set(hashOf(token), { account, untilMs, step: 'slack', ...unopened });
      forgetOld();
      return token;
    },
    /** Opening does not use it up: programs open addresses before people do. The newest opening counts. */
    open(token: string) {
      forgetOld();
      const request = requests.get(hashOf(token));
      if (request?.step !== 'slack') return undefined;
      const [state, nonce, browser] = [random(), random(), random()];
      requests.set(hashOf(token), { ...request, state: hashOf(state), nonce, browser: hashOf(browser) });
      const leftMs = request.untilMs - clock.now();
      return {
        account: request.account,
        state,
        nonce,
        cookie: cookieOf(browser, leftMs, isSecure()),
        leftMs,
      };
    },
    /** The request that comes back to this browser. It is taken once: whatever comes of it, that state works no more. */
    take(step: LinkRequest['step'], state: string, cookies: string): LinkRequest | undefined {
      forgetOld();
      const wanted = hashOf(state);
      const [key, request] =
        [...requests].find(([, each]) => each.step === step && each.state === wanted) ?? [];
      if (key === undefined || request === undefined) return undefined;
      requests.delete(key);
      return request.browser === hashOf(browserIn(cookies, isSecure())) ? request : undefined;
    },
    /** Slack has said who it is; gives the state of the sign-in that comes next. */
    goOn(request: LinkRequest, verifier: string): string {
      const state = random();
      requests.set(random(), { ...request, step: 'codeHost', state: hashOf(state), verifier });
      return state;
    },
    /** A `set-cookie` line that takes the cookie away again. */
    endOfCookie: () => cookieOf('', 0, isSecure()),
  };
}

export type LinkRequests = ReturnType<typeof createRequests>;

/** With the prefix a browser takes it from this very host alone, over https. */
function cookieName(secure: boolean): string {
  return secure ? '__Host-katabot-link' : 'katabot-link';
}

/** Lax: it comes along when Slack and GitHub send the browser back, and with no request that another page makes. */
function cookieOf(value: string, leftMs: number, secure: boolean): string {
  const life = `Max-Age=${Math.floor(leftMs / 1000)}`;
  const parts = [`${cookieName(secure)}=${value}`, 'Path=/', life, 'HttpOnly', 'SameSite=Lax'];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}

function browserIn(cookies: string, secure: boolean): string {
  const name = `${cookieName(secure)}=`;
  const found = cookies.split(/;\s*/).find((each) => each.startsWith(name));
  return found?.slice(name.length) ?? '';
}

function random(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
