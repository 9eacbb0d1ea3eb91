/** What every delivery says of itself, as far as it does. */
export interface Payload {
  readonly action?: string;
  readonly installation?: { readonly id: number };
  readonly repository?: { readonly id: number; readonly full_name: string };
  readonly sender?: { readonly id: number; readonly login: string };
  readonly ref?: string;
  readonly after?: string;
  readonly comment?: { readonly id: number; readonly updated_at: string };
  readonly issue?: { readonly number: number };
  readonly pull_request?: {
    readonly number: number;
    readonly updated_at: string;
    readonly head: { readonly sha: string };
  };
  readonly check_run?: { readonly id: number; readonly head_sha: string };
  readonly requested_action?: { readonly identifier: string };
}

/**
 * What makes two deliveries the same event, though GitHub sent them under two ids (an app's webhook and a repository's, say).
 * A delivery without one is known by its id alone. Pure.
 */
export function naturalKey(event: string, id: string, payload: Payload): string {
  const { action = '', repository, comment, pull_request: pull } = payload;
  const place = repository?.id ?? '';
  if (event === 'push' && payload.ref) return `push:${place}:${payload.ref}:${payload.after ?? ''}`;
  if (event === 'issue_comment' && comment) {
    return action === 'edited'
      ? `comment:${comment.id}:edited:${comment.updated_at}`
      : `comment:${comment.id}:${action}`;
  }
  if (event === 'pull_request' && pull) {
    return `pull:${place}:${pull.number}:${action}:${pull.head.sha}:${pull.updated_at}`;
  }
  return `delivery:${id}`;
}

/** Deliveries of one lane are worked on in order: a pull request is one, what else a repository tells another. Pure. */
export function laneOf(payload: Payload): string {
  const number = payload.pull_request?.number ?? payload.issue?.number;
  const repository =
    payload.repository?.full_name.toLowerCase() ?? `installation ${payload.installation?.id ?? 0}`;
  return number === undefined ? repository : `${repository}#${number}`;
}
