/** Which fields of an object are kept; `true` keeps a value whole, and a shape for the elements is a shape for their list. */
export type Shape = { readonly [field: string]: true | Shape };

const PERSON = { id: true, login: true, type: true } as const;
const EVERY = {
  action: true,
  installation: { id: true },
  repository: { id: true, full_name: true },
  sender: PERSON,
} as const;
const COMMENT = { id: true, body: true, created_at: true, updated_at: true, user: PERSON } as const;
const CHECK = {
  id: true,
  name: true,
  head_sha: true,
  external_id: true,
  pull_requests: { number: true },
} as const;

/**
 * What those who listen to an event read of its payload. A payload is some ten kilobytes, most of it addresses and texts that
 * nobody reads: they need not wait for the disk, and what is not kept cannot leak.
 */
const KEPT: Readonly<Record<string, Shape>> = {
  check_run: { ...EVERY, check_run: CHECK, requested_action: { identifier: true } },
  installation: EVERY,
  installation_repositories: EVERY,
  issue_comment: {
    ...EVERY,
    issue: { number: true, pull_request: {} },
    comment: COMMENT,
    changes: { body: { from: true } },
  },
  pull_request: { ...EVERY, pull_request: { number: true, updated_at: true, head: { sha: true } } },
  push: { ...EVERY, ref: true, after: true },
};

/** The payload of an event as it is kept until it is worked on. Pure. */
export function keptOf(event: string, payload: object): object {
  return Object(pick(payload, KEPT[event] ?? EVERY));
}

function pick(value: unknown, shape: true | Shape): unknown {
  if (shape === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => pick(element, shape));
  const of = new Map(Object.entries(value));
  const kept: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(shape)) {
    if (of.has(field)) kept[field] = pick(of.get(field), inner);
  }
  return kept;
}
