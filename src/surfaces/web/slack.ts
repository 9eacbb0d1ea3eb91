import type { Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { SlackDoor, SlackPage, WebEnvironment } from './parts.ts';

const COOKIE = 'katabot-slack';
const STATE_SECONDS = 600;

/** Slack's one address, and the two pages that add a workspace. Exact paths: Bolt throws at any other. */
export function slackRoutes(app: Hono<WebEnvironment>, slack: SlackDoor): void {
  app.post('/slack/events', async (context) => {
    const { status, json } = await slack.take(context.env.incoming);
    return json === '' ? context.body(null, status) : context.json(json, status);
  });
  app.get('/slack/install', async (context) => show(context, await slack.install()));
  app.get('/slack/oauth', async (context) =>
    show(context, await slack.installed(context.req.query(), getCookie(context, COOKIE) ?? '')),
  );
}

function show(context: Context<WebEnvironment>, { status, html, location, cookie }: SlackPage): Response {
  context.header('cache-control', 'no-store');
  context.header('referrer-policy', 'no-referrer');
  context.header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  );
  if (cookie !== undefined) {
    const secure =
      context.req.header('x-forwarded-proto') === 'https' || context.req.url.startsWith('https:');
    const maxAge = cookie ? STATE_SECONDS : 0;
    setCookie(context, COOKIE, cookie, { httpOnly: true, sameSite: 'Lax', path: '/slack', maxAge, secure });
  }
  return status === 302 ? context.redirect(location ?? '/') : context.html(html, status);
}
