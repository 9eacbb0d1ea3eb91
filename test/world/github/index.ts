/** A GitHub on loopback that behaves like the real one: state, rules, signatures, limits, and days on which it is down. */
import { readFileSync } from 'node:fs';
import { type HttpBindings, type ServerType, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { load } from 'js-yaml';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { createApi, paged } from './api.ts';
import { type App, createGithubApp, type Permissions } from './app.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';
import { createOAuth, GITHUB_CLIENT, type OAuth } from './oauth.ts';
import { createPeople, type People } from './people.ts';
import { ApiError, createState, iso, type Person, repositoryIn, type State } from './state.ts';

export type { Comment, Person, Pull, Repository } from './state.ts';

/** What `app.yml` asks for: the world gives no more, so what the bot does with it is what it needs. */
export const MANIFEST = load(readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8')) as {
  readonly default_events: readonly string[];
  readonly default_permissions: Permissions;
};

/** A status, or a connection that is cut. */
export type Trouble = number | 'cut' | { readonly status: number; readonly message: string } | undefined;

export interface GithubWorld extends People, Pick<Deliveries, 'deliver' | 'again' | 'send'> {
  readonly app: App;
  /** Codes that a browser comes back with when the app was made from a manifest. */
  readonly codes: Set<string>;
  /** By which people sign in. */
  readonly oauth: Pick<OAuth, 'callbacks' | 'tokens'>;
  readonly state: State;
  readonly bot: Person;
  readonly deliveries: readonly Deliveries['all'][number][];
  /** `http://127.…/api/v3` */
  readonly apiUrl: string;
  /** Where webhooks go. */
  botUrl: string;
  /** What the next requests get instead of an answer: a status, or a connection that is cut. Asked for each request. */
  trouble: ((request: { readonly method: string; readonly path: string }) => Trouble) | undefined;
  /** The same for answers to what was done: the bot never hears that it was. */
  afterwards: GithubWorld['trouble'];
  close(): Promise<void>;
}

export async function startGithub({
  clock = systemClock,
  outside = [],
}: {
  clock?: Clock;
  outside?: readonly string[];
} = {}): Promise<GithubWorld> {
  const state = createState(clock);
  const bot: Person = { id: 9_000, login: 'katabot[bot]', type: 'Bot' };
  const app = createGithubApp(state, MANIFEST.default_permissions, new Set(outside));
  let world: GithubWorld;
  const codes = new Set<string>();
  const oauth = createOAuth(state);
  const deliveries = createDeliveries(
    state,
    () => app.webhookSecret,
    () => world.botUrl,
  );
  const http = new Hono<{ Bindings: HttpBindings }>();
  http.use('*', async (context, next) => {
    const [method, path] = [context.req.method, context.req.path.replace(/^\/api\/v3/, '')];
    const trouble = world.trouble?.({ method, path });
    if (trouble === 'cut') {
      context.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    if (trouble !== undefined) {
      const { status, message } =
        typeof trouble === 'object' ? trouble : { status: trouble, message: 'Server Error' };
      return context.json({ message }, status as 502);
    }
    await next();
    if (world.afterwards?.({ method, path }) === 'cut') {
      context.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    }
    app.requests.push({ method, path, atMs: clock.now(), status: context.res.status });
    context.header('date', new Date(clock.now()).toUTCString());
    return undefined;
  });
  http.onError((error, context) => {
    if (!(error instanceof ApiError)) return context.json({ message: String(error) }, 500);
    for (const [name, value] of Object.entries(error.headers)) context.header(name, value);
    return context.json(
      { message: error.message, documentation_url: 'https://docs.github.com/rest' },
      error.status as 404,
    );
  });
  http.route('/api/v3', appRoutes(state, app, deliveries, codes));
  http.route('/', oauth.web);
  http.route('/api/v3', oauth.api);
  http.route('/api/v3', createApi(state, app, bot));
  http.notFound((context) =>
    context.json(
      { message: `Not Found: the pretend GitHub has no ${context.req.method} ${context.req.path}` },
      404,
    ),
  );
  const server = await listen(http);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  world = {
    ...createPeople(state, app, deliveries),
    app,
    codes,
    oauth,
    state,
    bot,
    deliveries: deliveries.all,
    deliver: deliveries.deliver,
    again: deliveries.again,
    send: deliveries.send,
    apiUrl: `http://127.0.0.1:${port}/api/v3`,
    botUrl: '',
    trouble: undefined,
    afterwards: undefined,
    close: () =>
      new Promise((resolve) => {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return world;
}

/** What the app asks in its own name. */
function appRoutes(state: State, app: App, deliveries: Deliveries, codes: Set<string>): Hono {
  const routes = new Hono();
  routes.post('/app-manifests/:code/conversions', (context) => {
    // A code is good once.
    if (!codes.delete(context.req.param('code'))) throw new ApiError(404, 'Not Found');
    const { id, slug, privateKey: pem, webhookSecret } = app;
    return context.json(
      {
        id,
        slug,
        pem,
        webhook_secret: webhookSecret,
        client_id: GITHUB_CLIENT.id,
        client_secret: GITHUB_CLIENT.secret,
        html_url: `https://github.example/apps/${slug}`,
      },
      201,
    );
  });
  routes.get('/app', (context) => {
    app.signed(context);
    return context.json({ id: app.id, slug: app.slug, name: 'katabot' });
  });
  routes.get('/repos/:owner/:name/installation', (context) => {
    app.signed(context);
    const { owner, name } = context.req.param();
    if (!app.reaches(repositoryIn(state, owner, name))) throw new ApiError(404, 'Not Found');
    return context.json({ id: app.installation, suspended_at: null });
  });
  routes.get('/app/installations', (context) => {
    app.signed(context);
    return context.json([{ id: app.installation, suspended_at: null, account: { login: 'acme' } }]);
  });
  routes.post('/app/installations/:id/access_tokens', (context) => {
    if (Number(context.req.param('id')) !== app.installation) throw new ApiError(404, 'Not Found');
    return context.json(
      { ...app.token(context), permissions: MANIFEST.default_permissions, repository_selection: 'all' },
      201,
    );
  });
  routes.get('/app/hook/deliveries', (context) => {
    app.signed(context);
    const sent = deliveries.all.filter(({ status }) => status !== 0).toReversed();
    return context.json(
      paged(
        context,
        sent.map(({ id, guid, event, action, status, deliveredAtMs }) => ({
          id,
          guid,
          event,
          action,
          status_code: status,
          status: status < 300 ? 'OK' : 'failed',
          redelivery: false,
          delivered_at: iso(deliveredAtMs),
        })),
      ),
    );
  });
  routes.post('/app/hook/deliveries/:id/attempts', async (context) => {
    app.signed(context);
    const found = deliveries.all.find(({ id }) => id === Number(context.req.param('id')));
    if (!found) throw new ApiError(404, 'Not Found');
    void deliveries.again(found);
    return context.json({}, 202);
  });
  return routes;
}

function listen(app: Hono<{ Bindings: HttpBindings }>): Promise<ServerType> {
  return new Promise((resolve) => {
    const server = serve(
      { fetch: app.fetch, hostname: '127.0.0.1', port: 0, overrideGlobalObjects: false },
      () => resolve(server),
    );
  });
}
