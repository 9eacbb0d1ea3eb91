/** A pull request from its first plan to its bill, as the comment shows each stage. */
import { bill, Money, picosOf } from '../../../src/metering/index.ts';
import type { Block } from '../../../src/replies/index.ts';
import { drawMarkdown } from '../../../src/surfaces/github/markdown.ts';
import type { PlaceView, PullView } from '../../../src/surfaces/github/sticky-comment.ts';

const NOW = Date.parse('2026-11-24T14:03:00Z');
const usd = (amount: string) => new Money('USD', picosOf(amount));
const stage = (
  mark: 'done' | 'failed' | 'running' | 'warning',
  label: string,
  text: string,
  tookMs?: number,
): Block => ({
  kind: 'stage',
  mark,
  label,
  text,
  ...(tookMs === undefined ? {} : { tookMs }),
});

const READY = drawMarkdown([
  stage('done', 'containergroup.yaml', '2 containers, 2 vCPU, 8 GB', 12),
  stage('done', 'price', '$0.0810 /h now, $0.0988 /h after (+$0.0178)'),
  stage('done', 'change', 'restart: properties.containers[0].properties.image'),
  {
    kind: 'table',
    columns: ['property', 'now', 'after', 'takes'],
    rows: [
      ['properties.containers[0].properties.image', 'shop/api:1.8.2', 'shop/api:1.9.0', 'restart'],
      ['properties.containers[0].properties.resources.requests.memoryInGB', '4', '6', 'restart'],
      [
        'properties.containers[0].properties.environmentVariables[2].secureValue',
        '••••',
        '•••• (changed)',
        'restart',
      ],
    ],
  },
  stage('done', 'room', 'local has it: 8 GB of 64 GB'),
  stage('done', 'goes to', 'pr-412-shop · http://shop-pr-412.local.example.dev'),
]);

const BROKEN = drawMarkdown([
  {
    kind: 'problem',
    problem: {
      file: 'containergroup.yaml',
      line: 14,
      column: 28,
      severity: 'error',
      code: 'InvalidRequestContent',
      own: false,
      path: 'properties.containers[0].properties.resources.requests.cpu',
      message: 'cpu is "two"; expected a number of at least 0.01.',
      advice: 'Write cpu: 2',
    },
    excerpt:
      '13 │       resources:\n14 │         requests: { cpu: two, memoryInGB: 4 }\n   │                          ^^^',
  },
  {
    kind: 'problem',
    problem: {
      file: 'containergroup.yaml',
      line: 31,
      column: 13,
      severity: 'error',
      code: 'port-not-exposed',
      own: true,
      path: 'properties.ipAddress.ports[0].port',
      message: 'Port 8080 is public, but no container has it.',
      advice: 'Add `- port: 8080` under ports of the container api.',
    },
    excerpt: '30 │     ports:\n31 │       - port: 8080\n   │               ^^^^',
  },
]);

const place = (more: Partial<PlaceView>): PlaceView => ({
  environment: 'pr-412-shop',
  state: 'running',
  detail: '',
  commit: '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
  by: 'ann',
  atMs: NOW - 55_000,
  groups: [{ name: 'shop', urls: ['http://shop-pr-412.local.example.dev'], address: '', running: '2/2' }],
  perHour: usd('0.0988'),
  bill: { ...bill([], NOW), total: usd('0.0014'), livedMs: 52_000 },
  expiresAtMs: NOW + 4 * 3_600_000,
  steps: [],
  deploys: 1,
  failed: 0,
  ...more,
});

const PRODUCTION = place({
  environment: 'production',
  commit: '1c20aa9f4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
  by: 'bo',
  atMs: NOW - 86_400_000,
  groups: [{ name: 'shop', urls: ['http://shop.local.example.dev'], address: '', running: '2/2' }],
  perHour: usd('0.0810'),
  bill: { ...bill([], NOW), total: usd('212.40') },
  expiresAtMs: null,
});

const view = (more: Partial<PullView>): PullView => ({
  number: 412,
  state: 'open',
  head: '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
  title: 'fix: batch size',
  preview: 'pr-412-shop',
  places: [],
  plan: {
    commit: '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
    again: 0,
    verdict: 'ready',
    errors: 0,
    text: READY,
  },
  fork: 'no',
  nowMs: NOW,
  ...more,
});

export const STAGES: readonly (readonly [name: string, view: PullView])[] = [
  ['a plan with mistakes', view({ plan: { ...view({}).plan, verdict: 'invalid', errors: 2, text: BROKEN } })],
  ['a plan that is ready', view({})],
  [
    'deploying',
    view({
      places: [
        place({
          state: 'deploying',
          groups: [],
          perHour: undefined,
          bill: undefined,
          expiresAtMs: null,
          steps: [
            stage('done', 'containergroup.yaml', '2 containers, 2 vCPU, 8 GB', 12),
            stage('done', 'image', 'shop/proxy:2 present'),
            stage('running', 'image', 'shop/api:1.9.0 61 %'),
          ],
        }),
        PRODUCTION,
      ],
    }),
  ],
  [
    'needs approval',
    view({
      places: [
        place({
          environment: 'staging',
          state: 'waiting',
          detail: 'for cleo or the team acme/ops',
          groups: [],
          perHour: undefined,
          bill: undefined,
          expiresAtMs: null,
          commands: '`/kata approve ask-7f3k2m9x` · `/kata reject ask-7f3k2m9x --reason "why"`',
        }),
        PRODUCTION,
      ],
    }),
  ],
  [
    'waits',
    view({
      places: [
        {
          ...PRODUCTION,
          commit: '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
          by: 'ann',
          atMs: NOW - 60_000,
          state: 'waiting',
          detail: 'until 14:32 UTC',
          commands: '`/kata reject ask-7f3k2m9x --reason "why"`',
        },
      ],
    }),
  ],
  ['fork waits', view({ fork: 'to-approve' })],
  ['fork is planned only', view({ fork: 'planned' })],
  ['running', view({ places: [place({}), PRODUCTION] })],
  [
    'several groups',
    view({
      places: [
        place({
          groups: [
            { name: 'shop', urls: ['http://shop-pr-412.local.example.dev'], address: '', running: '2/2' },
            { name: 'worker', urls: [], address: '127.20.0.17', running: '1/1' },
            { name: 'nightly', urls: [], address: '', running: '0/1' },
          ],
        }),
      ],
    }),
  ],
  [
    'failed, and the revision before keeps serving',
    view({
      places: [
        place({ state: 'failed', detail: 'out-of-memory, #30 keeps serving', deploys: 2, failed: 1 }),
        PRODUCTION,
      ],
    }),
  ],
  [
    'removed, with the bill',
    view({
      state: 'closed',
      places: [
        place({
          state: 'removed',
          detail: 'with the merge by ann',
          groups: [],
          perHour: undefined,
          expiresAtMs: null,
          deploys: 3,
          failed: 1,
          bill: {
            ...bill([], NOW),
            total: usd('3.20'),
            livedMs: 13_268_000,
            vcpuSeconds: '26536',
            memoryGbSeconds: '106144',
            gpuSeconds: '13268',
          },
        }),
      ],
    }),
  ],
];
