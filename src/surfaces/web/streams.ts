import { stream } from 'hono/streaming';
import type { Piece } from '../../commands/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import type { WebContext, WebParts } from './parts.ts';

/** How an answer is written: lines of JSON, one document at the end, or server-sent events. */
export type Form = 'ndjson' | 'json' | 'events';

const FORMS: readonly (readonly [type: string, form: Form])[] = [
  ['application/x-ndjson', 'ndjson'],
  ['application/json', 'json'],
  ['text/event-stream', 'events'],
  ['application/*', 'ndjson'],
  ['*/*', 'ndjson'],
];

/** The form that is asked for; lines where nothing is said; undefined for what there is not. */
export function formOf(accept: string | undefined): Form | undefined {
  if (!accept) return 'ndjson';
  const wanted = accept.split(',').map((each) => each.split(';')[0]?.trim().toLowerCase());
  for (const type of wanted) {
    const form = FORMS.find(([known]) => known === type)?.[1];
    if (form) return form;
  }
  return undefined;
}

/** An operation from a number on, as it comes. A reader that leaves ends nothing but its own reading. */
export async function answerOperation(
  { operations }: Pick<WebParts, 'operations'>,
  context: WebContext,
  id: string,
  from: number,
  form: Form,
): Promise<Response> {
  if (form === 'json') return answerWhole(operations.read(id, from, context.req.raw.signal), context, id);
  context.header('content-type', form === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream');
  return stream(context, async (out) => {
    const left = new AbortController();
    out.onAbort(() => left.abort(new Error('the reader left')));
    for await (const pieces of operations.read(id, from, left.signal)) {
      await out.write(pieces.map(form === 'ndjson' ? lineOf : eventOf).join(''));
    }
  });
}

async function answerWhole(
  pieces: AsyncIterable<readonly Piece[]>,
  context: WebContext,
  operation: string,
): Promise<Response> {
  const blocks: Block[] = [];
  let outcome: Outcome | null = null;
  for await (const piece of (await Array.fromAsync(pieces)).flat()) {
    if ('outcome' in piece) outcome = piece.outcome;
    else blocks.push(piece.block);
  }
  return context.json({ operation, blocks, outcome });
}

/** One that is over and no longer in memory. */
export function answerEnd(
  context: WebContext,
  { id, outcome }: { readonly id: string; readonly outcome: Outcome },
  form: Form,
): Response {
  if (form === 'json') return context.json({ operation: id, blocks: [], outcome });
  const type = form === 'ndjson' ? 'application/x-ndjson' : 'text/event-stream';
  return context.body((form === 'ndjson' ? lineOf : eventOf)({ outcome }), 200, { 'content-type': type });
}

function lineOf(piece: Piece): string {
  return `${JSON.stringify('outcome' in piece ? { outcome: piece.outcome } : { block: piece.block })}\n`;
}

function eventOf(piece: Piece): string {
  if ('outcome' in piece) return `event: outcome\ndata: ${JSON.stringify(piece.outcome)}\n\n`;
  return `id: ${piece.number}\nevent: block\ndata: ${JSON.stringify(piece.block)}\n\n`;
}
