/** A Slack on loopback that behaves like the real one: state, signatures, limits, a socket, and days on which it is down. */
import { createHmac, randomBytes } from 'node:crypto';
import { type HttpBindings, type ServerType, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { type Arguments, createMethods, RateLimited, SlackRefusal } from './api.ts';
import { checkBlocks } from './check.ts';
import { createPerson, type Person, type Told } from './people.ts';
import { createSocketServer, type SocketServer } from './socket.ts';
import { type Channel, createState, type State, type Team, type User } from './state.ts';

export type { Person, Told } from './people.ts';
export type { Channel, Message, View } from './state.ts';

/** A status, Slack's word for what is wrong, or a connection that is cut. */
export type Trouble = number | string | undefined;

export interface SlackWorld {
  readonly state: State;
  readonly signingSecret: string;
  readonly appToken: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** `http://127.…/api/` */
  readonly apiUrl: string;
  /** Where requests go. */
  botUrl: string;
  readonly sockets: SocketServer;
  /** Codes that a browser comes back with after an installation, and whose workspace they are of. */
  readonly codes: Map<string, Team>;
  team(id: string): Team;
  channel(id: string, team?: string): Channel;
  person(name: string, more?: Partial<User> & { readonly there?: string }): Person;
  /** What the next requests get instead of an answer; asked for each. */
  trouble: ((request: { readonly method: string; readonly given: Arguments }) => Trouble) | undefined;
  /** The same for answers to what was done: 'cut' and the bot never hears that it was. */
  afterwards: SlackWorld['trouble'];
  /** Sends something signed; with other headers than Slack's when they are given. */
  send(body: string, contentType: string, headers?: Readonly<Record<string, string>>): Promise<Told>;
  close(): Promise<void>;
}

const HOME = 'T0ACME';

export async function startSlack({ clock = systemClock }: { clock?: Clock } = {}): Promise<SlackWorld> {
  const state = createState(clock);
  const signingSecret = randomBytes(16).toString('hex');
  const http = new Hono<{ Bindings: HttpBindings }>();
  let base = '';
  let world: SlackWorld;
  const methods = createMethods({ state, check: checkBlocks, uploadUrl: (id) => `${base}/upload/${id}` });
  http.post('/api/:method', async (context) => {
    const method = context.req.param('method');
    const given = await argumentsIn(context.req.raw);
    const note = (answer: string) =>
      state.requests.push({ method, atMs: clock.now(), answer, channel: String(given['channel'] ?? '') });
    const cut = () => {
      context.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    };
    const trouble = world.trouble?.({ method, given });
    if (trouble !== undefined) note(String(trouble));
    if (trouble === 'cut') return cut();
    if (typeof trouble === 'number') {
      if (trouble === 429) context.header('retry-after', '30');
      return context.json({ ok: false, error: 'trouble' }, trouble as 500);
    }
    if (trouble !== undefined) return context.json({ ok: false, error: trouble });
    try {
      const answer = answerTo(world, methods, method, context.req.header('authorization') ?? '', given);
      note('ok');
      if (world.afterwards?.({ method, given }) === 'cut') return cut();
      return context.json({ ok: true, ...answer });
    } catch (error) {
      if (error instanceof RateLimited) {
        note('ratelimited');
        context.header('retry-after', String(error.retryAfterSeconds));
        return context.json({ ok: false, error: 'ratelimited' }, 429);
      }
      if (!(error instanceof SlackRefusal)) throw error;
      note(error.message);
      return context.json({ ok: false, error: error.message });
    }
  });
  http.post('/upload/:id', async (context) => {
    const upload = state.uploads.get(context.req.param('id'));
    if (!upload) return context.text('unknown', 404);
    upload.data = Buffer.from(await context.req.arrayBuffer());
    return context.text('OK');
  });
  http.post('/respond/:id', async (context) => {
    const url = state.responseUrls.get(context.req.param('id'));
    if (!url || url.uses >= 5 || clock.now() - url.atMs > 1_800_000)
      return context.json({ ok: false, error: 'used_url' }, 404);
    url.uses++;
    const { text = '', blocks = [] } = await context.req.json();
    checkBlocks('message', { text, blocks });
    state.ephemerals.push({
      channel: url.channel,
      user: url.user,
      text,
      blocks,
      thread: '',
      by: 'response_url',
    });
    return context.json({ ok: true });
  });
  const server = await listening(http);
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const sockets = createSocketServer(server, base);
  world = {
    state,
    signingSecret,
    appToken: 'xapp-1-A1-0123456789',
    client: { id: '1.2', secret: 'client-secret' },
    apiUrl: `${base}/api/`,
    botUrl: '',
    sockets,
    codes: new Map(),
    team(id) {
      const known = state.teams.get(id);
      if (known) return known;
      const team = {
        id,
        name: id.slice(2).toLowerCase(),
        token: `xoxb-${id}-${randomBytes(8).toString('hex')}`,
        botId: `B${id.slice(1)}`,
        botUser: `U${id.slice(1)}BOT`,
      };
      state.teams.set(id, team);
      return team;
    },
    channel(id, team = HOME) {
      const known = state.channels.get(id);
      if (known) return known;
      const channel: Channel = { id, team, messages: [], hasBot: true };
      state.channels.set(id, channel);
      return channel;
    },
    person(name, { there, ...more } = {}) {
      const user: User = { id: `U${name.toUpperCase()}`, team: HOME, name, ...more };
      state.users.set(user.id, user);
      return createPerson({ state, tell, baseUrl: () => base }, user, there ?? user.team);
    },
    trouble: undefined,
    afterwards: undefined,
    send: (...given) => sendSigned(world, ...given),
    async close() {
      await sockets.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  const tell = (kind: 'event' | 'command' | 'interactive', body: Record<string, unknown>): Promise<Told> => {
    if (sockets.connected()) return sockets.tell(kind, body);
    if (kind === 'event') return world.send(JSON.stringify(body), 'application/json');
    const form =
      kind === 'command'
        ? new URLSearchParams(
            Object.fromEntries(Object.entries(body).map(([key, value]) => [key, String(value)])),
          )
        : new URLSearchParams({ payload: JSON.stringify(body) });
    return world.send(form.toString(), 'application/x-www-form-urlencoded');
  };
  world.team(HOME);
  return world;
}

function answerTo(
  world: SlackWorld,
  methods: ReturnType<typeof createMethods>,
  name: string,
  authorization: string,
  given: Arguments,
): Record<string, unknown> {
  const token = given['token'] ?? authorization.replace(/^Bearer /, '');
  if (name === 'apps.connections.open') {
    if (token !== world.appToken) throw new SlackRefusal('invalid_auth');
    return { url: world.sockets.url() };
  }
  if (name === 'oauth.v2.access') {
    const team = world.codes.get(given['code']);
    world.codes.delete(given['code']);
    if (given['client_id'] !== world.client.id || given['client_secret'] !== world.client.secret)
      throw new SlackRefusal('bad_client_secret');
    if (!team) throw new SlackRefusal('invalid_code');
    return {
      access_token: team.token,
      token_type: 'bot',
      bot_user_id: team.botUser,
      team: { id: team.id, name: team.name },
      enterprise: null,
    };
  }
  const team = [...world.state.teams.values()].find((each) => each.token === token);
  if (!team) throw new SlackRefusal('invalid_auth');
  const method = methods[name];
  if (!method) throw new SlackRefusal('unknown_method');
  return method(team, given);
}

async function argumentsIn(request: Request): Promise<Arguments> {
  const text = await request.text();
  if (request.headers.get('content-type')?.startsWith('application/json')) return JSON.parse(text || '{}');
  return Object.fromEntries(
    [...new URLSearchParams(text)].map(([name, value]) => [
      name,
      /^[[{]/.test(value) ? JSON.parse(value) : value,
    ]),
  );
}

async function sendSigned(
  world: SlackWorld,
  body: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const stamp = headers['x-slack-request-timestamp'] ?? String(Math.floor(world.state.clock.now() / 1000));
  const signature = `v0=${createHmac('sha256', world.signingSecret).update(`v0:${stamp}:${body}`).digest('hex')}`;
  const response = await fetch(`${world.botUrl}/slack/events`, {
    method: 'POST',
    body,
    headers: {
      'content-type': contentType,
      'x-slack-request-timestamp': stamp,
      'x-slack-signature': signature,
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text };
}

function listening(http: Hono<{ Bindings: HttpBindings }>): Promise<ServerType> {
  return new Promise((resolve) => {
    const server: ServerType = serve(
      { fetch: http.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false },
      () => resolve(server),
    );
  });
}
