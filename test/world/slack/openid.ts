/** Sign in with Slack, as Slack does it: OpenID Connect with one-time codes, and tokens that can be revoked. */
import { createHmac, randomBytes } from 'node:crypto';
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { html } from 'hono/html';

export const SLACK_CLIENT = { id: '1234.5678', secret: 'pretend-slack-client-secret' };

/** Somebody who is signed in to a workspace in a browser, by its cookie `slack`. */
export interface SlackMember {
  readonly team: string;
  readonly user: string;
  /** Of Enterprise Grid; absent in a workspace of its own. */
  readonly enterprise?: string;
}

export interface OpenIdWorld {
  /** `http://127.…/api/` */
  readonly apiUrl: string;
  readonly url: string;
  /** Where browsers may be sent back to. */
  readonly callbacks: Set<string>;
  /** Tokens that still work. */
  readonly tokens: Set<string>;
  /** How often somebody was asked who they are. */
  asked: number;
  /** What the token of the next sign-in says otherwise. */
  forged: Record<string, unknown>;
  /** Whether Slack answers at all. */
  away: boolean;
  close(): Promise<void>;
}

interface Code {
  readonly member: SlackMember;
  readonly nonce: string;
  readonly callback: string;
  readonly atMs: number;
}

/** The cookie by which a browser belongs to a member. */
export function slackCookie({ team, user, enterprise = '' }: SlackMember): string {
  return [team, user, enterprise].join('.');
}

const CODE_LIFE_MS = 10 * 60_000;

export async function startOpenId(now: () => number): Promise<OpenIdWorld> {
  const codes = new Map<string, Code>();
  const app = new Hono();
  app.get('/openid/connect/authorize', (context) => {
    const {
      client_id: client,
      redirect_uri: callback = '',
      state = '',
      nonce = '',
      scope,
      response_type,
    } = context.req.query();
    world.asked++;
    if (client !== SLACK_CLIENT.id) return context.text('invalid_client_id', 400);
    if (!world.callbacks.has(callback))
      return context.text('redirect_uri did not match any configured URIs', 400);
    if (scope !== 'openid' || response_type !== 'code' || !state || !nonce)
      return context.text('invalid', 400);
    const member = memberIn(context.req.header('cookie') ?? '');
    if (!member) return context.text('sign in to your workspace', 200);
    const back = (query: Record<string, string>) => `${callback}?${new URLSearchParams({ ...query, state })}`;
    if (context.req.query('decision') === 'deny') return context.redirect(back({ error: 'access_denied' }));
    if (context.req.query('decision') !== 'allow') {
      const again = (decision: string) => `${new URL(context.req.url).search}&decision=${decision}`;
      return context.html(html`<a href="${again('allow')}">Allow</a> <a href="${again('deny')}">Cancel</a>`);
    }
    const code = randomBytes(12).toString('hex');
    codes.set(code, { member, nonce, callback, atMs: now() });
    return context.redirect(back({ code }));
  });
  app.post('/api/openid.connect.token', async (context) => {
    if (world.away) return context.text('', 503);
    const form = new URLSearchParams(await context.req.text());
    if (form.get('client_id') !== SLACK_CLIENT.id || form.get('client_secret') !== SLACK_CLIENT.secret)
      return context.json({ ok: false, error: 'bad_client_secret' });
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    if (!code || now() - code.atMs > CODE_LIFE_MS || code.callback !== form.get('redirect_uri'))
      return context.json({ ok: false, error: 'invalid_code' });
    const token = `xoxp-${randomBytes(12).toString('hex')}`;
    world.tokens.add(token);
    const idToken = signed({ ...claimsFor(world.url, code, now()), ...world.forged });
    return context.json({ ok: true, access_token: token, token_type: 'Bearer', id_token: idToken });
  });
  app.post('/api/auth.revoke', (context) => {
    const token = context.req.header('authorization')?.replace(/^Bearer /, '') ?? '';
    const revoked = world.tokens.delete(token);
    return context.json(revoked ? { ok: true, revoked } : { ok: false, error: 'invalid_auth' });
  });
  const server = await new Promise<ServerType>((resolve) => {
    const started = serve(
      { fetch: app.fetch, hostname: '127.0.0.3', port: 0, overrideGlobalObjects: false },
      () => resolve(started),
    );
  });
  const address = server.address();
  const url = `http://127.0.0.3:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const world: OpenIdWorld = {
    url,
    apiUrl: `${url}/api/`,
    callbacks: new Set(),
    tokens: new Set(),
    asked: 0,
    forged: {},
    away: false,
    close: () =>
      new Promise((resolve) => {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return world;
}

function memberIn(cookies: string): SlackMember | undefined {
  const value = /(?:^|; )slack=([^;]*)/.exec(cookies)?.[1];
  const [team = '', user = '', enterprise = ''] = value?.split('.') ?? [];
  return user ? { team, user, ...(enterprise ? { enterprise } : {}) } : undefined;
}

function claimsFor(issuer: string, { member, nonce }: Code, nowMs: number): Record<string, unknown> {
  return {
    iss: issuer,
    sub: member.user,
    aud: SLACK_CLIENT.id,
    iat: Math.floor(nowMs / 1000),
    exp: Math.floor(nowMs / 1000) + 300,
    nonce,
    'https://slack.com/user_id': member.user,
    'https://slack.com/team_id': member.team,
    ...(member.enterprise === undefined ? {} : { 'https://slack.com/enterprise_id': member.enterprise }),
  };
}

function signed(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', 'pretend').update(text).digest('base64url')}`;
}
