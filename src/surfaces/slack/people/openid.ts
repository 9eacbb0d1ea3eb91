import * as z from 'zod';
import type { ChatAccount } from '../../../policy/index.ts';
import type { Secret } from '../../../secrets/index.ts';

/** Where Slack sends browsers back to, below the bot's own address. */
export const SLACK_SIGNED_IN = '/link/slack';

export interface OpenIdParts {
  readonly client: { readonly id: string; readonly secret: Secret };
  /** `https://slack.com/api/` */
  readonly apiUrl: string;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/** Sign in with Slack: OpenID Connect, by which a browser proves whose it is. */
export interface OpenId {
  address(wanted: {
    readonly state: string;
    readonly nonce: string;
    readonly callback: string;
    /** The workspace or organization that is meant. */
    readonly home: string;
  }): string;
  /** Who has come back with a code. Throws when Slack does not say, or says it to somebody else's question. */
  account(given: {
    readonly code: string;
    readonly nonce: string;
    readonly callback: string;
  }): Promise<ChatAccount>;
}

const TIMEOUT_MS = 20_000;
/** Clocks differ. */
const SKEW_MS = 60_000;

const answerSchema = z.object({
  ok: z.literal(true),
  id_token: z.string(),
  access_token: z.string().optional(),
});
const claimsSchema = z.object({
  iss: z.string(),
  aud: z.string(),
  exp: z.number(),
  nonce: z.string(),
  'https://slack.com/user_id': z.string().min(1),
  'https://slack.com/team_id': z.string().min(1),
  'https://slack.com/enterprise_id': z.string().min(1).optional(),
});

export function createOpenId({ client, apiUrl, now, warn }: OpenIdParts): OpenId {
  const { origin } = new URL(apiUrl);
  return {
    address({ state, nonce, callback, home }) {
      const url = new URL('/openid/connect/authorize', origin);
      const query = {
        response_type: 'code',
        scope: 'openid',
        client_id: client.id,
        redirect_uri: callback,
        state,
        nonce,
        ...(home.startsWith('T') ? { team: home } : {}),
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url.href;
    },
    async account({ code, nonce, callback }) {
      const answer = await ask(new URL('openid.connect.token', apiUrl), {
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: client.id,
          client_secret: client.secret.reveal(),
          code,
          redirect_uri: callback,
        }),
      });
      const parsed = answerSchema.safeParse(answer);
      if (!parsed.success) throw new Error(`Slack signs nobody in (${errorIn(answer)})`);
      const { id_token: idToken, access_token: token } = parsed.data;
      if (token !== undefined) await revoke(apiUrl, token).catch((error: unknown) => warn(String(error)));
      return accountIn(idToken, { issuer: origin, audience: client.id, nonce, nowMs: now() });
    },
  };
}

interface Expected {
  readonly issuer: string;
  readonly audience: string;
  readonly nonce: string;
  readonly nowMs: number;
}

/**
 * Whose token it is. Its signature is not asked for: it came from Slack itself over TLS, which stands for it (OpenID Connect
 * Core 3.1.3.7, 6). Throws for a token that was meant for somebody or something else.
 */
export function accountIn(idToken: string, { issuer, audience, nonce, nowMs }: Expected): ChatAccount {
  const [, payload = ''] = idToken.split('.');
  const claims = claimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
  if (claims.iss !== issuer) throw new Error('the token of Slack has another issuer');
  if (claims.aud !== audience) throw new Error('the token of Slack is another app’s');
  if (claims.nonce !== nonce) throw new Error('the token of Slack answers another question');
  if (claims.exp * 1000 + SKEW_MS < nowMs) throw new Error('the token of Slack has ended');
  return {
    home: claims['https://slack.com/enterprise_id'] ?? claims['https://slack.com/team_id'],
    user: claims['https://slack.com/user_id'],
  };
}

async function ask(url: URL, options: RequestInit): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...options,
  });
  if (!response.ok) throw new Error(`Slack answers ${response.status} to ${url.pathname}`);
  return response.json();
}

/** Nothing was asked of it but who it belongs to. */
async function revoke(apiUrl: string, token: string): Promise<void> {
  const answer = await ask(new URL('auth.revoke', apiUrl), { headers: { authorization: `Bearer ${token}` } });
  if (Object(answer).ok !== true) throw new Error(`Slack does not revoke (${errorIn(answer)})`);
}

function errorIn(answer: unknown): string {
  const { error }: { error?: unknown } = Object(answer);
  return typeof error === 'string' ? error.slice(0, 100) : 'without a reason';
}
