import type { Operation } from '../../commands/index.ts';
import type { WebContext, WebParts } from './parts.ts';
import { answerProblem, problem } from './problems.ts';
import { answerOperation, formOf } from './streams.ts';

/** GET /api/v1/operations */
export function listOperations({ operations, seesAll }: WebParts, context: WebContext): Response {
  const caller = context.get('caller');
  const seen = operations.list().filter((each) => each.caller === caller.name || seesAll(caller));
  return context.json({ operations: seen.map(withoutBlocks) });
}

/** GET /api/v1/operations/ID */
export function showOperation(parts: WebParts, context: WebContext): Response {
  const operation = operationIn(parts, context);
  return operation ? context.json(operation) : answerProblem(context, unknownOperation(context));
}

/** GET /api/v1/operations/ID/events */
export async function followOperation(parts: WebParts, context: WebContext): Promise<Response> {
  const operation = operationIn(parts, context);
  if (!operation) return answerProblem(context, unknownOperation(context));
  const accept = context.req.header('accept') ?? '*/*';
  const form = accept === '*/*' ? 'events' : (formOf(accept) ?? 'events');
  return answerOperation(parts, context, operation.id, firstWanted(context), form);
}

/** What others have asked is as good as not there for who may not see it. */
function operationIn({ operations, seesAll }: WebParts, context: WebContext): Operation | undefined {
  const caller = context.get('caller');
  const operation = operations.find(context.req.param('id') ?? '');
  return operation && (operation.caller === caller.name || seesAll(caller)) ? operation : undefined;
}

function unknownOperation(context: WebContext) {
  return problem(
    404,
    'operation-unknown',
    `There is no operation ${context.req.param('id')}.`,
    'They are kept for an hour after their end: GET /api/v1/operations',
  );
}

function firstWanted(context: WebContext): number {
  const last = context.req.header('last-event-id');
  if (last !== undefined && /^\d{1,12}$/.test(last)) return Number(last) + 1;
  const from = context.req.query('from') ?? '';
  return /^\d{1,12}$/.test(from) ? Number(from) : 0;
}

function withoutBlocks({ outcome, ...operation }: Operation) {
  return { ...operation, ...(outcome ? { outcome: { kind: outcome.kind, code: outcome.code } } : {}) };
}
