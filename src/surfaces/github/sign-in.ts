import * as z from 'zod';
import type { Secret } from '../../secrets/index.ts';
import type { Client } from './clients.ts';
import type { Person } from './people.ts';
import { webUrlOf } from './web-url.ts';

/** Where GitHub sends browsers back to, below the bot's own address. */
export const SIGNED_IN = '/link/github';

const TIMEOUT_MS = 20_000;

/** A person who proves who they are; the bot learns their number and keeps nothing else. */
export interface SignIn {
  /** Where the browser goes. `challenge` is the SHA-256 of the verifier (RFC 7636). */
  address(wanted: { readonly state: string; readonly challenge: string; readonly callback: string }): string;
  /** Who has come back with a code. Throws when GitHub does not say. The token that says it is revoked at once. */
  person(given: {
    readonly code: string;
    readonly verifier: string;
    readonly callback: string;
  }): Promise<Person>;
}

const tokenSchema = z.object({ access_token: z.string().min(1) });
const userSchema = z.object({ id: z.int(), login: z.string(), type: z.literal('User') });

/** Signs people in through the app. It asks for no scope: an app's user token shows no more than who somebody is. */
export function createSignIn(client: Client, apiUrl: string, warn: (message: string) => void): SignIn {
  const web = webUrlOf(apiUrl);
  return {
    address({ state, challenge, callback }) {
      const url = new URL(`${web}/login/oauth/authorize`);
      const query = {
        client_id: client.id,
        redirect_uri: callback,
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        // Whoever has several accounts is asked which one is meant.
        prompt: 'select_account',
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url.href;
    },
    async person({ code, verifier, callback }) {
      const answer = await ask(`${web}/login/oauth/access_token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_id: client.id,
          client_secret: client.secret.reveal(),
          code,
          redirect_uri: callback,
          code_verifier: verifier,
        }),
      });
      const { access_token: token } = parsed(tokenSchema, answer, 'no token');
      try {
        const headers = { authorization: `Bearer ${token}` };
        const { id, login } = parsed(userSchema, await ask(`${apiUrl}/user`, { headers }), 'no person');
        return { id, login };
      } finally {
        await revoke(client, apiUrl, token).catch((error: unknown) => warn(String(error)));
      }
    },
  };
}

async function ask(url: string, options: RequestInit): Promise<unknown> {
  const response = await fetch(url, {
    ...options,
    headers: { accept: 'application/json', 'user-agent': 'katabot', ...options.headers },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  // What GitHub answered is not handed on: it may hold a token.
  if (!response.ok) throw new Error(`GitHub answers ${response.status} to ${new URL(url).pathname}`);
  return response.status === 204 ? undefined : response.json();
}

function parsed<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const { error: code }: { error?: unknown } = Object(answer);
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new Error(`GitHub gives ${what}${typeof code === 'string' ? ` (${code.slice(0, 100)})` : ''}`);
}

async function revoke({ id, secret }: Client, apiUrl: string, token: string): Promise<void> {
  await ask(`${apiUrl}/applications/${encodeURIComponent(id)}/token`, {
    method: 'DELETE',
    headers: { 'content-type': 'application/json', authorization: basic(id, secret) },
    body: JSON.stringify({ access_token: token }),
  });
}

function basic(id: string, secret: Secret): string {
  return `Basic ${Buffer.from(`${id}:${secret.reveal()}`).toString('base64')}`;
}
