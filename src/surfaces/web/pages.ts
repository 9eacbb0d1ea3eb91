import type { Context, Hono } from 'hono';
import type { GithubDoor, LinkDoor, WebEnvironment } from './parts.ts';

type App = Hono<WebEnvironment>;

/** Nothing from anywhere else, nothing kept, and no address handed on: some of them hold a token. */
function plainPages(app: App, path: string): void {
  app.use(path, async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
    context.header('referrer-policy', 'no-referrer');
    context.header('x-content-type-options', 'nosniff');
    context.header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    );
  });
}

/** The webhook, and the two pages that make the app. */
export function githubRoutes(app: App, github: GithubDoor): void {
  app.post('/github/webhooks', async (context) => {
    const { status, message } = await github.take(context.env.incoming);
    return context.json({ message }, status);
  });
  plainPages(app, '/github/*');
  app.get('/github/setup', (context) => {
    const { status, html } = github.setupPage(context.req.query());
    return context.html(html, status);
  });
  app.get('/github/created', async (context) => {
    const { status, html } = await github.setupCreated(context.req.query());
    return context.html(html, status);
  });
}

/** The way on which people show that two accounts are theirs. */
export function linkRoutes(app: App, links: LinkDoor): void {
  plainPages(app, '/link/*');
  const cookieOf = (context: Context) => context.req.header('cookie') ?? '';
  app.get('/link/slack', async (context) =>
    answer(context, await links.slack(context.req.query(), cookieOf(context))),
  );
  app.get('/link/github', async (context) =>
    answer(context, await links.codeHost(context.req.query(), cookieOf(context))),
  );
  app.get('/link/:token', (context) => answer(context, links.open(context.req.param('token'))));
}

function answer(context: Context, page: ReturnType<LinkDoor['open']>): Response {
  const { status, html, location, cookie } = page;
  if (cookie !== undefined) context.header('set-cookie', cookie);
  return location === undefined ? context.html(html, status) : context.redirect(location, 303);
}
