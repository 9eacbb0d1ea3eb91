import * as z from 'zod';
import type { Said } from '../../commands/index.ts';
import { Secret } from '../../secrets/index.ts';
import type { BeginOnce, Begun } from './idempotency.ts';
import type { WebContext, WebParts } from './parts.ts';
import { answerProblem, type Problem, problem } from './problems.ts';
import { answerEnd, answerOperation, formOf } from './streams.ts';

/** A command as it comes over HTTP. */
export const commandBody = z
  .strictObject({
    words: z.array(z.string().max(2_000)).max(64).optional(),
    line: z.string().max(2_000).optional(),
    files: z
      .array(z.strictObject({ path: z.string().max(1_000), text: z.string() }))
      .max(50)
      .optional(),
    secret: z.string().max(65_536).optional(),
  })
  .refine(({ words, line }) => (words === undefined) !== (line === undefined));

/** The longest key that is taken; anything that names one request will do. */
const LONGEST_KEY = 200;

/** POST /api/v1/commands */
export async function answerCommand(
  parts: WebParts,
  beginOnce: BeginOnce,
  context: WebContext,
): Promise<Response> {
  const form = formOf(context.req.header('accept'));
  if (!form) return answerProblem(context, NOT_ACCEPTABLE);
  if (!/^application\/json\b/i.test(context.req.header('content-type') ?? '')) {
    return answerProblem(context, problem(415, 'json-expected', 'A command is sent as application/json.'));
  }
  const text = await context.req.text();
  const said = saidIn(text, context);
  if ('code' in said) return answerProblem(context, said);
  const key = context.req.header('idempotency-key');
  if (key !== undefined && (key === '' || key.length > LONGEST_KEY)) {
    return answerProblem(
      context,
      problem(400, 'bad-request', `Idempotency-Key has 1 to ${LONGEST_KEY} characters.`),
    );
  }
  const begun = await beginOnce(said, key, text);
  if (begun.kind === 'other-body') return answerProblem(context, OTHER_BODY);
  context.header('location', `/api/v1/operations/${idOf(begun)}`);
  if (begun.kind === 'ended') return answerEnd(context, begun, form);
  if (/\brespond-async\b/.test(context.req.header('prefer') ?? '')) {
    return context.json({ operation: begun.operation }, 202, { 'preference-applied': 'respond-async' });
  }
  return answerOperation(parts, context, begun.operation.id, 0, form);
}

const NOT_ACCEPTABLE = problem(
  406,
  'not-acceptable',
  'There is application/x-ndjson, application/json and text/event-stream.',
);
const OTHER_BODY = problem(
  422,
  'key-used',
  'This Idempotency-Key was used for another command.',
  'Use a key once for each command.',
);

function idOf(begun: Exclude<Begun, { kind: 'other-body' }>): string {
  return begun.kind === 'operation' ? begun.operation.id : begun.id;
}

function saidIn(text: string, context: WebContext): Said | Problem {
  const body = commandBody.safeParse(parsed(text));
  if (!body.success) {
    return problem(
      400,
      'bad-request',
      'Expected {"words": ["status", "hello"]} or {"line": "/kata status hello"}.',
      'GET /api/v1/openapi.json describes it.',
    );
  }
  const { words = [], line, files, secret } = body.data;
  const surface = /^katabot-cli\//.test(context.req.header('user-agent') ?? '') ? 'cli' : 'api';
  return {
    words,
    caller: context.get('caller'),
    surface,
    ...(line === undefined ? {} : { line }),
    ...(files === undefined ? {} : { files }),
    ...(secret === undefined ? {} : { secret: new Secret(secret) }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
