/** The app is made from the bot's own page, in one click: once, by whoever has the address, and its keys lie sealed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { createLog, type Log } from '../../../src/observability/index.ts';
import { type AppInTest, startApp } from '../../world/bot.ts';
import { type GithubWorld, MANIFEST, startGithub } from '../../world/github/index.ts';
import { GITHUB_CLIENT } from '../../world/github/oauth.ts';
import { createMemoryEngine } from '../../world/memory-engine.ts';

let github: GithubWorld;
let folder: string;
let bot: AppInTest;
let told: Record<string, unknown>[];

const open = () => {
  const log: Log = { ...createLog('silent'), info: (fields, message) => told.push({ ...fields, message }) };
  return startApp({
    dataFolder: folder,
    settings: { github: { apiUrl: github.apiUrl, publicUrl: 'https://katabot.example.com/' } },
    parts: { engine: () => createMemoryEngine(systemClock, []), log },
  });
};
const address = () => {
  const url = new URL(String(told.find(({ open: at }) => at !== undefined)?.['open'] ?? 'http://nowhere'));
  return `${bot.url}${url.pathname}${url.search}`;
};

beforeEach(async () => {
  told = [];
  github = await startGithub();
  folder = await mkdtemp(join(tmpdir(), 'katabot-setup-'));
  bot = await open();
  github.botUrl = bot.url;
});
afterEach(async () => {
  await bot.stop();
  await github.close();
  await rm(folder, { recursive: true, force: true });
});

test('from the address in the log to an app that works, over a restart', async () => {
  expect(await github.send('ping', '{}')).toBe(400);
  const html = await (await fetch(address())).text();
  const [, action = ''] = /action="([^"]+)"/.exec(html) ?? [];
  const [, quoted = ''] = /name="manifest" value="([^"]+)"/.exec(html) ?? [];
  const manifest = JSON.parse(
    quoted.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'),
  );
  expect(manifest).toMatchObject({
    default_permissions: MANIFEST.default_permissions,
    default_events: MANIFEST.default_events,
    redirect_url: 'https://katabot.example.com/github/created',
    callback_urls: ['https://katabot.example.com/link/github'],
    hook_attributes: { url: 'https://katabot.example.com/github/webhooks', active: true },
  });
  const state = new URL(action).searchParams.get('state') ?? '';
  expect(action).toContain('/settings/apps/new?state=');

  github.codes.add('good-code');
  const created = (query: string) => fetch(`${bot.url}/github/created?${query}`);
  expect((await created('code=good-code&state=guessed')).status).toBe(403);
  expect((await created(`code=spent-code&state=${state}`)).status).toBe(502);
  const answer = await created(`code=good-code&state=${state}`);
  expect(await answer.text()).toContain('https://github.example/apps/katabot/installations/new');
  expect(await github.send('ping', '{}')).toBe(200);
  expect((await fetch(address())).status).toBe(403);

  const kept = await readFile(join(folder, 'github-app.age'), 'utf8');
  expect(kept).not.toContain('PRIVATE KEY');
  expect(kept).not.toContain(GITHUB_CLIENT.secret);
  expect(JSON.stringify(told)).not.toContain(github.app.webhookSecret);
  await bot.stop();
  told = [];
  bot = await open();
  github.botUrl = bot.url;
  expect(told.some(({ open: at }) => at !== undefined)).toBe(false);
  expect(bot.app.github?.signIn()).toBeDefined();
  expect(await github.send('ping', '{}')).toBe(200);
});

test('an organization may be named, and nothing else can be', async () => {
  const actionFor = async (organization: string) =>
    /action="([^"]+)"/.exec(
      await (await fetch(`${address()}&organization=${encodeURIComponent(organization)}`)).text(),
    )?.[1];
  expect(await actionFor('acme')).toContain('/organizations/acme/settings/apps/new');
  expect(await actionFor('"><script>')).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/settings\/apps\/new\?state=\w+$/,
  );
});

test('without the token of the address there is nothing to see', async () => {
  for (const query of ['', '?token=', '?token=guess', `?token=${'0'.repeat(48)}`]) {
    const answer = await fetch(`${bot.url}/github/setup${query}`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toContain('manifest');
  }
});
