import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Failure, messageOf } from '../../failure.ts';
import { createAdmission, onlyCallers } from './admission.ts';
import { answerCommand } from './commands.ts';
import { createBeginOnce } from './idempotency.ts';
import { openApi } from './openapi.ts';
import { followOperation, listOperations, showOperation } from './operations.ts';
import { githubRoutes, linkRoutes } from './pages.ts';
import type { WebEnvironment, WebParts } from './parts.ts';
import { answerProblem, problem, thrownProblem } from './problems.ts';
import { answerPlain, answerTicket } from './sessions.ts';
import { slackRoutes } from './slack.ts';
import { createTickets } from './tickets.ts';
import { acceptSessions } from './websockets.ts';

const MOST_BODY_BYTES = 1_048_576;

/** The one HTTP port: git, the API, and the health check. */
export interface Web {
  readonly app: Hono<WebEnvironment>;
  /** Takes the websockets of a server that serves `app`. */
  attach(server: Server): void;
}

export function createWeb(parts: WebParts): Web {
  const app = new Hono<WebEnvironment>();
  const admission = createAdmission(parts);
  const beginOnce = createBeginOnce(parts);
  const tickets = createTickets(parts.clock);
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.all('/git/*', async ({ env }) => {
    await parts.git(env.incoming, env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  if (parts.github) githubRoutes(app, parts.github);
  if (parts.slack) slackRoutes(app, parts.slack);
  if (parts.links) linkRoutes(app, parts.links);
  app.use('/api/*', async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
    context.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  });
  app.get('/api/v1/openapi.json', (context) => context.json(openApi()));
  app.use('/api/v1/*', onlyCallers(admission));
  const limit = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: (context) => answerProblem(context, problem(413, 'too-large', 'A command has 1 MiB at most.')),
  });
  app.post('/api/v1/commands', limit, (context) => answerCommand(parts, beginOnce, context));
  app.get('/api/v1/operations', (context) => listOperations(parts, context));
  app.get('/api/v1/operations/:id', (context) => showOperation(parts, context));
  app.get('/api/v1/operations/:id/events', (context) => followOperation(parts, context));
  app.all('/api/v1/commands', (context) => {
    context.header('allow', 'POST');
    return answerProblem(context, problem(405, 'method-not-allowed', 'A command is sent with POST.'));
  });
  for (const kind of ['exec', 'attach'] as const) {
    app.get(`/api/v1/${kind}`, answerPlain);
    app.post(`/api/v1/${kind}`, (context) => answerTicket(parts, tickets, kind, context));
  }
  app.get('/api/v1/sessions/:id', answerPlain);
  app.get('/metrics', onlyCallers(admission), async (context) => {
    const { answerMetrics } = await import('./metrics.ts'); // a bot that nobody measures starts without it
    return answerMetrics(parts, context);
  });
  app.notFound((context) => answerProblem(context, problem(404, 'not-found', 'There is nothing here.')));
  app.onError((error, context) => answerProblem(context, thrownProblem(error, parts.reportInternal)));
  return { app, attach: (server) => acceptSessions(server, { parts, admission, tickets }) };
}

export interface ListenAt {
  readonly host: string;
  readonly port: number;
  /** Paths of a certificate and its key, PEM: then it is https, TLS 1.2 or newer. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
}

/** Starts listening; resolves when connections are taken. Throws a Failure `certificate-unusable`. */
export async function listen(web: Web, { host, port, tls }: ListenAt): Promise<Server> {
  const secure = tls ? { createServer: createHttpsServer, serverOptions: secured(tls) } : {};
  return new Promise((resolve, reject) => {
    const at = { fetch: web.app.fetch, hostname: host, port, overrideGlobalObjects: false };
    // HTTP/1.1 is all that was asked for; the type allows HTTP/2 as well.
    const server = serve({ ...at, ...secure }, () => resolve(server)) as Server;
    web.attach(server);
    server.on('error', reject);
  });
}

function secured({ certificate, key }: NonNullable<ListenAt['tls']>) {
  try {
    return { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.2' } as const;
  } catch (error) {
    throw new Failure('certificate-unusable', `The certificate cannot be read (${messageOf(error)}).`, {
      advice: 'Check http.tls.certificate and http.tls.key in the settings.',
      cause: error,
    });
  }
}

/** What whoever runs the bot should know of where it listens; undefined when there is nothing to say. */
export function warningFor(host: string, hasTls: boolean): string | undefined {
  if (hasTls || host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  return 'http.address is open to other machines without TLS: tokens cross the network as they are, unless a proxy before it has TLS.';
}

/** The real port, also when the settings say 0. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resolves when no connection is open any more. */
export function closed(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()));
}
