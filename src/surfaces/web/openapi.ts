import { commandSchema } from '../../commands/index.ts';
import { BLOCK, OPERATION, OUTCOME, PROBLEM, TICKET } from './openapi-shapes.ts';

const REFUSED = {
  description: 'Why not, and what to do.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const REFUSALS = { '401': REFUSED, '403': REFUSED, '429': REFUSED, default: REFUSED };

function json(schema: unknown, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

const ANSWER = {
  description: 'What is said, as it comes; the outcome last.',
  headers: { Location: { description: 'The operation.', schema: { type: 'string' } } },
  content: {
    'application/x-ndjson': {
      schema: {
        oneOf: [
          { properties: { block: { $ref: '#/components/schemas/Block' } } },
          { properties: { outcome: { $ref: '#/components/schemas/Outcome' } } },
        ],
      },
    },
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          operation: { type: 'string' },
          blocks: { type: 'array', items: { $ref: '#/components/schemas/Block' } },
          outcome: { $ref: '#/components/schemas/Outcome' },
        },
      },
    },
    'text/event-stream': {
      schema: { type: 'string', description: 'Events `block` (with ids) and `outcome`.' },
    },
  },
};

const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

function query(name: string, description: string, more: Readonly<Record<string, unknown>> = {}) {
  return { name, in: 'query', description, schema: { type: 'string' }, ...more };
}

const WEBSOCKET =
  'A websocket with the subprotocol v5.channel.k8s.io: the first byte of a message names its channel (0 input, 1 output, 2 errors, 3 status, 4 resize, 255 close).';

function session(summary: string, more: readonly unknown[]) {
  const parameters = [
    query('group', 'The group.', { required: true }),
    query('environment', 'Where; production when nothing is said.'),
    query('container', 'Which container; not needed when there is one.'),
    query('input', '1 to pass input on.'),
    ...more,
  ];
  const refusals = { '400': REFUSED, '404': REFUSED, '409': REFUSED, ...REFUSALS };
  return {
    get: {
      summary,
      description: WEBSOCKET,
      parameters,
      responses: { '101': { description: 'The session.' }, ...refusals },
    },
    post: {
      summary: `${summary}, by somebody who has no token: one session, opened once, within a minute`,
      parameters,
      responses: { '201': json(TICKET, 'Where it is opened, and the password.'), ...refusals },
    },
  };
}

const PATHS = {
  '/healthz': {
    get: {
      summary: 'Whether the bot answers',
      security: [],
      responses: { '200': json({ type: 'object' }, 'It does.') },
    },
  },
  '/metrics': {
    get: {
      summary: 'What the groups that you may see are, cost and use, for Prometheus',
      responses: {
        '200': { description: 'Its text format.', content: { 'text/plain': { schema: { type: 'string' } } } },
        ...REFUSALS,
      },
    },
  },
  '/api/v1/openapi.json': {
    get: {
      summary: 'This description',
      security: [],
      responses: { '200': json({ type: 'object' }, 'OpenAPI 3.1.') },
    },
  },
  '/api/v1/commands': {
    post: {
      summary: 'Say a command',
      parameters: [
        {
          name: 'Idempotency-Key',
          in: 'header',
          description: 'Said twice with the same key, it is done once.',
          schema: { type: 'string', maxLength: 200 },
        },
        {
          name: 'Prefer',
          in: 'header',
          description: '`respond-async` answers at once.',
          schema: { type: 'string' },
        },
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Command' } } },
      },
      responses: {
        '200': ANSWER,
        '202': json({ properties: { operation: { $ref: '#/components/schemas/Operation' } } }, 'Begun.'),
        '400': REFUSED,
        '406': REFUSED,
        '413': REFUSED,
        '415': REFUSED,
        '422': REFUSED,
        ...REFUSALS,
      },
    },
  },
  '/api/v1/operations': {
    get: {
      summary: 'What runs and what has ended lately: yours, or everybody’s for an operator',
      responses: {
        '200': json(
          {
            properties: {
              operations: { type: 'array', items: { $ref: '#/components/schemas/Operation' } },
            },
          },
          'Newest first.',
        ),
        ...REFUSALS,
      },
    },
  },
  '/api/v1/operations/{id}': {
    get: {
      summary: 'One operation, with its outcome when it has ended',
      parameters: [ID],
      responses: {
        '200': json({ $ref: '#/components/schemas/Operation' }, 'The operation.'),
        '404': REFUSED,
        ...REFUSALS,
      },
    },
  },
  '/api/v1/operations/{id}/events': {
    get: {
      summary: 'Pick up what an operation says, from its beginning or from a number on',
      parameters: [
        ID,
        query('from', 'The number of the first block that is wanted.'),
        {
          name: 'Last-Event-ID',
          in: 'header',
          schema: { type: 'string' },
          description: 'The last one that was seen.',
        },
      ],
      responses: { '200': ANSWER, '404': REFUSED, ...REFUSALS },
    },
  },
  '/api/v1/exec': session('Run a program in a container', [
    query('command', 'The program and its arguments, each a parameter of its own.', {
      required: true,
      schema: { type: 'array', items: { type: 'string' } },
      explode: true,
    }),
    query('terminal', '1 to give it a terminal.'),
    query('rows', 'Of the terminal.'),
    query('columns', 'Of the terminal.'),
    query('yes', '1 in a protected environment.'),
  ]),
  '/api/v1/attach': session('Look at what a container prints from now on', []),
  '/api/v1/sessions/{id}': {
    get: {
      summary: 'Open a session that was prepared, once',
      description: WEBSOCKET,
      parameters: [ID],
      responses: { '101': { description: 'The session.' }, ...REFUSALS },
    },
  },
};

/** The description of the API, OpenAPI 3.1. Verbs and options come from the verb table. */
export function openApi(): Record<string, unknown> {
  const { $schema: _, ...command } = commandSchema();
  return {
    openapi: '3.1.0',
    info: { title: 'Katabot', version: '1', description: 'Commands in, outcomes out.' },
    security: [{ token: [] }],
    paths: PATHS,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Command: command, Block: BLOCK, Outcome: OUTCOME, Operation: OPERATION, Problem: PROBLEM },
    },
  };
}
