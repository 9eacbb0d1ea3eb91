/** A deployment from the moment it is asked for to its bill, as its one message in a channel shows each stage. */
import { bill, Money, picosOf } from '../../../src/metering/index.ts';
import type { Block } from '../../../src/replies/index.ts';
import type { Deed, Ids, RoomStage, RoomView } from '../../../src/surfaces/slack/message/index.ts';

export const NOW = Date.parse('2026-11-24T14:03:00Z');
const COMMIT = '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a';
export const usd = (amount: string) => new Money('USD', picosOf(amount));
const stage = (mark: 'done' | 'failed' | 'running' | 'warning', label: string, text: string): Block => ({
  kind: 'stage',
  mark,
  label,
  text,
});

const ANN = { name: 'ann', slack: 'U024ANN' };
const BO = { name: 'bo', slack: 'U024BO' };

const DEEDS: readonly Deed[] = [
  'logs',
  'previous-logs',
  'extend',
  'stop',
  'start',
  'delete',
  'rollback',
  'cancel',
  'approve',
  'reject',
  'retry',
  'run',
  'deploy',
  'link',
];

/** An id for each button, as the bot's books would give it. */
export const IDS: Ids = Object.fromEntries(DEEDS.map((deed) => [deed, `act_${deed}_7f3k2m`]));

const SHOP = {
  name: 'shop',
  url: 'https://shop-pr-412.staging.example.dev',
  address: '',
  running: '2/2',
  isolation: 'hypervisor',
  gpus: [{ index: 0, name: 'NVIDIA A10', utilizationPercent: 38 }],
} as const;

export const roomView = (kind: RoomStage, more: Partial<RoomView> = {}): RoomView => ({
  name: 'shop',
  repository: 'acme/shop',
  environment: 'staging',
  stage: kind,
  commit: COMMIT,
  title: 'fix: batch size',
  commitUrl: `https://github.com/acme/shop/commit/${COMMIT}`,
  pull: { number: 412, url: 'https://github.com/acme/shop/pull/412', by: 'ann' },
  askedBy: ANN,
  askedAtMs: NOW - 49_000,
  revision: 0,
  groups: [],
  rate: undefined,
  bill: undefined,
  expiresAtMs: null,
  pageUrl: 'https://bot.example.dev/deployments/d-7f3k2m',
  hasEarlier: true,
  nowMs: NOW,
  ...more,
});

const PRICED = { rate: { perSecond: usd('0.000241'), perHour: usd('0.87') } };
const LIVE = {
  ...PRICED,
  revision: 31,
  groups: [SHOP],
  bill: { ...bill([], NOW), total: usd('0.0029'), livedMs: 12_000 },
  expiresAtMs: NOW + 4 * 3_600_000,
  untilThen: usd('3.47'),
};

export const STAGES: readonly (readonly [name: string, view: RoomView])[] = [
  ['heard', roomView({ kind: 'acknowledged' })],
  ['planning', roomView({ kind: 'planning' })],
  [
    'needs approval',
    roomView(
      {
        kind: 'approval',
        from: [BO, { name: 'cy', slack: 'U024CY' }],
        untilMs: NOW + 3_600_000,
        why: 'Production asks for one more person than who deploys.',
      },
      { ...PRICED, environment: 'production' },
    ),
  ],
  ['approved', roomView({ kind: 'approved' }, { ...PRICED, environment: 'production', approvedBy: ['bo'] })],
  [
    'waits',
    roomView(
      { kind: 'waiting', why: 'the wait timer of production', untilMs: NOW + 600_000 },
      { ...PRICED, environment: 'production' },
    ),
  ],
  [
    'deploying',
    roomView(
      {
        kind: 'deploying',
        steps: [
          stage('done', 'plan', 'ready to deploy'),
          stage('done', 'image', 'shop/proxy:2 present'),
          stage('running', 'image', 'shop/api:1.9.0 61 %'),
        ],
        ahead: ['start in Kata VM', 'health', 'switch traffic'],
        serving: 30,
      },
      PRICED,
    ),
  ],
  ['healthy', roomView({ kind: 'healthy', tookMs: 52_000 }, LIVE)],
  [
    'several groups',
    roomView(
      { kind: 'healthy', tookMs: 52_000 },
      {
        ...LIVE,
        groups: [
          SHOP,
          { name: 'worker', url: '', address: '127.20.0.17', running: '1/1', isolation: 'sandbox', gpus: [] },
          { name: 'nightly', url: '', address: '', running: '0/1', isolation: 'hypervisor', gpus: [] },
        ],
      },
    ),
  ],
  [
    'failed, and the revision before keeps serving',
    roomView(
      {
        kind: 'failed',
        code: 'out-of-memory',
        message: 'api needed more than its 4 GB and was killed 4 s after its start.',
        advice: 'It grew to the limit while it loaded weights.',
        suggestion: {
          text: 'memoryInGB: 8',
          where: 'containergroup.yaml:15',
          addsPerHour: usd('0.0178'),
        },
        serving: 30,
      },
      {
        ...LIVE,
        groups: [{ ...SHOP, running: '1/2', gpus: [] }],
        bill: { ...bill([], NOW), total: usd('0.004') },
      },
    ),
  ],
  [
    'stopped',
    roomView(
      { kind: 'stopped', by: BO },
      { ...LIVE, bill: { ...bill([], NOW), total: usd('1.21'), livedMs: 5_012_000 } },
    ),
  ],
  [
    'removed, with the bill',
    roomView(
      { kind: 'removed', by: ANN, deploys: 3, failed: 1 },
      {
        ...LIVE,
        groups: [],
        bill: {
          ...bill([], NOW),
          total: usd('3.20'),
          livedMs: 13_268_000,
          vcpuSeconds: '26536',
          memoryGbSeconds: '106144',
          gpuSeconds: '13268',
        },
      },
    ),
  ],
  ['superseded', roomView({ kind: 'superseded', commit: '1c20aa9f4d2b1e0f9f31c02a4d2b1e0f9f31c02a' })],
  [
    'rejected',
    roomView(
      { kind: 'rejected', why: 'bo said no: Not before the database has moved.' },
      { environment: 'production' },
    ),
  ],
  [
    'not approved in time',
    roomView(
      { kind: 'expired', why: 'Nobody approved the deploy to production in time.' },
      { environment: 'production' },
    ),
  ],
  ['cancelled', roomView({ kind: 'cancelled', by: ANN })],
];
