import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import type { Caller } from '../../policy/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';

export interface WebParts {
  readonly authenticate: (token: string) => Promise<Caller | undefined>;
  readonly run: (
    words: readonly string[],
    caller: Caller,
    signal: AbortSignal,
  ) => AsyncGenerator<Block, Outcome>;
  /** Whatever comes below `/git/`; the body is left untouched for it. */
  readonly git: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Tells an error of the bot's own; gives its reference. */
  readonly reportInternal: (error: unknown) => string;
}

/** One line of the answer to a command. The last line is the outcome. */
export type CommandLine = { block: Block } | { outcome: Outcome };

const commandSchema = z.strictObject({ words: z.array(z.string().max(2_000)).max(64) });
const MOST_BODY_BYTES = 256 * 1024;

/** The one HTTP port: git, the commands of the command line, and the health check. */
export function createWeb(parts: WebParts): Hono<{ Bindings: HttpBindings }> {
  const web = new Hono<{ Bindings: HttpBindings }>();
  web.get('/healthz', (context) => context.json({ status: 'ok' }));
  web.all('/git/*', async ({ env }) => {
    await parts.git(env.incoming, env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  web.post('/api/v1/commands', bodyLimit({ maxSize: MOST_BODY_BYTES, onError: refuseBody }), (context) =>
    answerCommand(parts, context),
  );
  web.notFound((context) => context.json(problem(404, 'not-found', 'There is nothing here.'), 404));
  web.onError((error, context) => {
    const reference = parts.reportInternal(error);
    return context.json(
      problem(500, 'internal', `Something went wrong inside the bot (reference ${reference}).`),
      500,
    );
  });
  return web;
}

async function answerCommand(
  parts: WebParts,
  context: Context<{ Bindings: HttpBindings }>,
): Promise<Response> {
  const token = /^Bearer (\S+)$/.exec(context.req.header('authorization') ?? '')?.[1];
  const caller = token === undefined ? undefined : await parts.authenticate(token);
  if (!caller) {
    context.header('www-authenticate', 'Bearer realm="katabot"');
    return context.json(
      problem(
        401,
        'token-missing',
        'This needs a token: set KATABOT_TOKEN, or run it where the bot’s data folder is.',
      ),
      401,
    );
  }
  const body = commandSchema.safeParse(await context.req.json().catch(() => undefined));
  if (!body.success) {
    return context.json(problem(400, 'bad-request', 'Expected {"words": ["status", "hello"]}.'), 400);
  }
  context.header('content-type', 'application/x-ndjson');
  return stream(context, async (out) => {
    const left = new AbortController();
    out.onAbort(() => left.abort(new Error('the reader left')));
    const write = (line: CommandLine) => out.write(`${JSON.stringify(line)}\n`);
    try {
      const steps = parts.run(body.data.words, caller, left.signal);
      for (let step = await steps.next(); ; step = await steps.next()) {
        if (step.done) {
          await write({ outcome: step.value });
          return;
        }
        await write({ block: step.value });
      }
    } catch (error) {
      if (left.signal.aborted) return;
      const message = `Something went wrong inside the bot (reference ${parts.reportInternal(error)}).`;
      const block: Block = { kind: 'stage', mark: 'failed', label: 'internal', text: message };
      await write({
        outcome: { kind: 'failed', code: 'internal', blocks: [block], data: { code: 'internal', message } },
      });
    }
  });
}

function refuseBody(context: Context): Response {
  return context.json(problem(413, 'too-large', 'A command has 256 KiB at most.'), 413);
}

/** RFC 9457. */
function problem(status: number, code: string, detail: string) {
  return { type: 'about:blank', status, code, detail };
}

/** Starts listening; resolves when connections are taken. */
export function listen(
  web: Hono<{ Bindings: HttpBindings }>,
  hostname: string,
  port: number,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: web.fetch, hostname, port, overrideGlobalObjects: false }, () =>
      resolve(server as Server),
    );
    server.on('error', reject);
  });
}
