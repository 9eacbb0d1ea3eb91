import type { AskedSession } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { bearerIn } from './admission.ts';
import type { WebContext, WebParts } from './parts.ts';
import { answerProblem, problem } from './problems.ts';
import type { Tickets } from './tickets.ts';

/** A session as a query asks for it. Throws a Failure `usage` for one that lacks something. */
export function askedIn(kind: 'exec' | 'attach', query: URLSearchParams): AskedSession {
  const request = {
    group: query.get('group') ?? '',
    environment: query.get('environment') || 'production',
    container: query.get('container') ?? '',
    input: query.get('input') === '1',
  };
  if (!request.group) throw new Failure('usage', 'Which group?', { advice: '?group=hello&container=web' });
  if (kind === 'attach') return { kind, request };
  const command = query.getAll('command');
  if (!command.length) throw new Failure('usage', 'Which program?', { advice: '&command=ls&command=-l' });
  const [rows, columns] = ['rows', 'columns'].map((name) => Number(query.get(name)));
  const size = { rows: rows || 24, columns: columns || 80 };
  const terminal = query.get('terminal') === '1' ? { terminal: size } : {};
  return { kind, request: { ...request, command, yes: query.get('yes') === '1', ...terminal } };
}

/**
 * POST /api/v1/exec and /api/v1/attach: where the session is to be opened, once, within a minute, and the password for it; in
 * ACI's own words. What would be refused there is refused here.
 */
export async function answerTicket(
  { sessions }: Pick<WebParts, 'sessions'>,
  tickets: Tickets,
  kind: 'exec' | 'attach',
  context: WebContext,
): Promise<Response> {
  const token = bearerIn(context.req.header('authorization')) ?? '';
  const { search, host } = new URL(context.req.url);
  await sessions.admit(context.get('caller'), askedIn(kind, new URLSearchParams(search)));
  const { id, password, expiresAtMs } = tickets.issue({ kind, query: search, token });
  const path = `/api/v1/sessions/${id}`;
  const webSocketUri = `${isSecure(context) ? 'wss' : 'ws'}://${host}${path}`;
  return context.json({ webSocketUri, password, expiresAt: new Date(expiresAtMs).toISOString() }, 201);
}

/** Over TLS of its own, or of a proxy before it. */
function isSecure(context: WebContext): boolean {
  return (
    new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https'
  );
}

/** A session over plain HTTP. */
export function answerPlain(context: WebContext): Response {
  context.header('upgrade', 'websocket');
  return answerProblem(context, problem(400, 'websocket-expected', 'Sessions are websockets.'));
}
