/** The form and the home tab of somebody who has a few things running. */
import type { DeployForm, HomeFacts } from '../../../src/surfaces/slack/message/index.ts';
import { IDS, NOW, usd } from './stages.ts';

export const FORM: DeployForm = {
  repositories: ['acme/shop', 'acme/search', 'acme/website'],
  repository: 'acme/shop',
  pulls: [
    { number: 412, title: 'fix: batch size' },
    { number: 398, title: 'feat: recommendations from the new model' },
  ],
  branches: ['main', 'release/2026-11', 'load-test'],
  ref: { pull: 412 },
  environments: [
    { name: 'staging', note: '' },
    { name: 'demo', note: '' },
    { name: 'production', note: 'locked by bo' },
  ],
  environment: 'staging',
  ttl: '4h',
  reason: '',
  price: { kind: 'known', perHour: usd('0.87'), untilThen: usd('3.47') },
  id: 'form_7f3k2m',
};

const BUTTONS = Object.fromEntries(
  Object.entries(IDS).filter(([deed]) => ['logs', 'extend', 'stop', 'start', 'delete'].includes(deed)),
);

export const HOME: HomeFacts = {
  deployments: [
    {
      name: 'shop',
      environment: 'staging',
      state: 'running',
      urls: ['https://shop.staging.example.dev'],
      pageUrl: 'https://bot.example.dev/deployments/d-7f3k2m',
      perHour: usd('0.87'),
      expiresAtMs: NOW + 25 * 60_000,
      ids: BUTTONS,
    },
    {
      name: 'search',
      environment: 'pr-77-search',
      state: 'running',
      urls: ['https://search-pr-77.example.dev'],
      pageUrl: 'https://bot.example.dev/deployments/d-2m4q8z',
      perHour: usd('1.6640'),
      expiresAtMs: NOW + 30 * 3_600_000,
      ids: BUTTONS,
    },
    {
      name: 'website',
      environment: 'demo',
      state: 'stopped',
      urls: [],
      pageUrl: '',
      perHour: usd('0.0810'),
      expiresAtMs: null,
      ids: BUTTONS,
    },
  ],
  today: usd('4.18'),
  perHour: usd('2.6150'),
  approvals: [
    {
      name: 'shop',
      environment: 'production',
      commit: '9f31c02a4d2b1e0f9f31c02a4d2b1e0f9f31c02a',
      by: { name: 'bo' },
      untilMs: NOW + 3_600_000,
      ids: IDS,
    },
  ],
  locks: [{ environment: 'load-test', reason: 'measuring until tonight', untilMs: NOW + 5 * 3_600_000 }],
  github: 'ann',
  linkUrl: 'https://bot.example.dev/slack/link',
  ids: { deploy: 'act_deploy_7f3k2m' },
  nowMs: NOW,
};
