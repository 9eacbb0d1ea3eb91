/** Signing in with GitHub through the app: RFC 6749 with PKCE (RFC 7636), codes that work once, tokens that can be revoked. */
import { createHash, randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { userShape } from './shapes.ts';
import { ApiError, type Person, type State } from './state.ts';

export const GITHUB_CLIENT = { id: 'Iv23liPretend0000001', secret: 'pretend-github-client-secret' };

export interface OAuth {
  /** Where browsers may be sent back to. */
  readonly callbacks: Set<string>;
  /** Whose token it is; only those that still work. */
  readonly tokens: Map<string, Person>;
  readonly web: Hono;
  readonly api: Hono;
}

interface Code {
  readonly person: Person;
  readonly callback: string;
  readonly challenge: string;
  readonly atMs: number;
}

const CODE_LIFE_MS = 10 * 60_000;

/** A browser belongs to somebody by its cookie `github`, which holds their number. */
export function createOAuth(state: State): OAuth {
  const codes = new Map<string, Code>();
  const [callbacks, tokens] = [new Set<string>(), new Map<string, Person>()];
  const signedIn = (cookies: string) => {
    const id = Number(/(?:^|; )github=(\d+)/.exec(cookies)?.[1]);
    return [...state.people.values()].find((person) => person.id === id);
  };
  const web = new Hono();
  web.get('/login/oauth/authorize', (context) => {
    const query = context.req.query();
    const { client_id: client, redirect_uri: callback = '', state: given = '' } = query;
    const { code_challenge: challenge = '', code_challenge_method: method } = query;
    if (client !== GITHUB_CLIENT.id) return context.text('Not Found', 404);
    if (!callbacks.has(callback))
      return context.text('The redirect_uri is not associated with this application.');
    if (challenge && method !== 'S256') return context.text('invalid code_challenge_method', 400);
    const person = signedIn(context.req.header('cookie') ?? '');
    if (!person) return context.text('Sign in to GitHub');
    const back = (more: Record<string, string>) =>
      `${callback}?${new URLSearchParams({ ...more, state: given })}`;
    if (query['decision'] === 'deny') return context.redirect(back({ error: 'access_denied' }));
    if (query['decision'] !== 'allow') {
      const again = (decision: string) => `${new URL(context.req.url).search}&decision=${decision}`;
      return context.html(
        html`Authorize katabot as ${person.login}? <a href="${again('allow')}">Authorize</a>
          <a href="${again('deny')}">Cancel</a>`,
      );
    }
    const code = randomBytes(10).toString('hex');
    codes.set(code, { person, callback, challenge, atMs: state.clock.now() });
    return context.redirect(back({ code }));
  });
  web.post('/login/oauth/access_token', async (context) => {
    const body: Record<string, string> = await context.req.json();
    if (body['client_id'] !== GITHUB_CLIENT.id || body['client_secret'] !== GITHUB_CLIENT.secret)
      return context.json({ error: 'incorrect_client_credentials' });
    const code = codes.get(body['code'] ?? '');
    codes.delete(body['code'] ?? '');
    const isFresh = code && state.clock.now() - code.atMs <= CODE_LIFE_MS;
    if (!isFresh || code.callback !== body['redirect_uri'])
      return context.json({ error: 'bad_verification_code' });
    const hash = createHash('sha256')
      .update(body['code_verifier'] ?? '')
      .digest('base64url');
    if (code.challenge && hash !== code.challenge) return context.json({ error: 'invalid_grant' });
    const token = `ghu_${randomBytes(18).toString('hex')}`;
    tokens.set(token, code.person);
    return context.json({ access_token: token, token_type: 'bearer', scope: '' });
  });
  const api = new Hono();
  api.get('/user', (context) => {
    const token = context.req.header('authorization')?.replace(/^(bearer|token) /i, '') ?? '';
    const person = tokens.get(token);
    if (!person) throw new ApiError(401, 'Bad credentials');
    return context.json(userShape(person));
  });
  api.get('/user/:id', (context) => {
    const id = Number(context.req.param('id'));
    const person = [...state.people.values()].find((each) => each.id === id);
    if (!person) throw new ApiError(404, 'Not Found');
    return context.json(userShape(person));
  });
  api.delete('/applications/:client/token', async (context) => {
    const basic = Buffer.from(`${GITHUB_CLIENT.id}:${GITHUB_CLIENT.secret}`).toString('base64');
    if (context.req.header('authorization') !== `Basic ${basic}`) throw new ApiError(401, 'Bad credentials');
    const { access_token: token = '' }: { access_token?: string } = await context.req.json();
    if (!tokens.delete(token)) throw new ApiError(422, 'Validation Failed');
    return context.body(null, 204);
  });
  return { callbacks, tokens, web, api };
}
