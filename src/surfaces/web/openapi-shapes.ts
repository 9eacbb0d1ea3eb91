/** What goes over the API, as OpenAPI describes it. */

export const BLOCK = {
  type: 'object',
  required: ['kind'],
  properties: {
    kind: { enum: ['heading', 'stage', 'field', 'log', 'problem', 'table', 'text', 'verbatim', 'blank'] },
  },
  description: 'A piece of what the bot says, before anybody draws it.',
};
export const OUTCOME = {
  type: 'object',
  required: ['kind', 'code', 'blocks', 'data'],
  properties: {
    kind: { enum: ['done', 'waiting', 'refused', 'invalid', 'failed'] },
    code: { type: 'string', description: 'Stable, such as `deployed` or `image-not-found`.' },
    blocks: { type: 'array', items: { $ref: '#/components/schemas/Block' } },
    data: { description: 'The same facts for programs.' },
  },
};
export const OPERATION = {
  type: 'object',
  required: ['id', 'caller', 'text', 'startedAtMs', 'state'],
  properties: {
    id: { type: 'string', pattern: '^op-[a-z0-9]{6,}$' },
    caller: { type: 'string' },
    text: { type: 'string' },
    startedAtMs: { type: 'integer' },
    endedAtMs: { type: 'integer' },
    state: { enum: ['running', 'ended'] },
    outcome: { $ref: '#/components/schemas/Outcome' },
  },
};
export const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    advice: { type: 'string' },
  },
};

export const TICKET = {
  type: 'object',
  required: ['webSocketUri', 'password', 'expiresAt'],
  properties: {
    webSocketUri: { type: 'string', format: 'uri' },
    password: { type: 'string', description: 'As a bearer token, or in the subprotocol that browsers use.' },
    expiresAt: { type: 'string', format: 'date-time' },
  },
};
