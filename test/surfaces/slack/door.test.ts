/** What comes in: genuine, once, on disk, and only what the bot has a use for. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { parseSettings } from '../../../src/config.ts';
import { readCredentials } from '../../../src/surfaces/slack/credentials.ts';
import { MOST_BODY_BYTES } from '../../../src/surfaces/slack/requests.ts';
import { groupFile } from '../github/stage.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ app: { publicUrl: 'http://127.0.0.1:1' } });
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
});

afterAll(() => stage.stop());

const JSON_TYPE = 'application/json';

function mention(id: string, ts: string) {
  return JSON.stringify({
    type: 'event_callback',
    team_id: 'T0ACME',
    event_id: id,
    event: {
      type: 'app_mention',
      user: 'UANN',
      channel: 'C0OPS',
      text: '<@U0ACMEBOT> status hello',
      ts,
      event_ts: ts,
    },
  });
}

test('the address is proved with the challenge, and only with a signature', async () => {
  const body = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
  expect(await stage.slack.send(body, JSON_TYPE)).toEqual({ status: 200, json: { challenge: 'abc' } });
  const forged = await stage.slack.send(body, JSON_TYPE, { 'x-slack-signature': `v0=${'0'.repeat(64)}` });
  expect(forged.status).toBe(401);
});

test('what is forged, stale, from the future or changed on the way is refused', async () => {
  const body = mention('Ev1', stage.slack.state.ts());
  const nowSeconds = Math.floor(stage.clock.now() / 1000);
  // A minute beyond the five that Slack names: the clock goes on while the message is on its way.
  for (const seconds of [nowSeconds - 360, nowSeconds + 360])
    expect(
      (await stage.slack.send(body, JSON_TYPE, { 'x-slack-request-timestamp': String(seconds) })).status,
    ).toBe(401);
  const signature = `v0=${createHmac('sha256', 'another secret').update(`v0:${nowSeconds}:${body}`).digest('hex')}`;
  expect((await stage.slack.send(body, JSON_TYPE, { 'x-slack-signature': signature })).status).toBe(401);
  const own = `v0=${createHmac('sha256', stage.slack.signingSecret).update(`v0:${nowSeconds}:${body}`).digest('hex')}`;
  const changed = { 'x-slack-request-timestamp': String(nowSeconds), 'x-slack-signature': own };
  expect((await stage.slack.send(body.replace('status', 'stop'), JSON_TYPE, changed)).status).toBe(401);
  expect((await stage.bot.app.store.inbox.counts()).waiting).toBe(0);
});

test('a delivery that is repeated is worked on once, also under another id', async () => {
  const ts = stage.slack.state.ts();
  stage.ops.messages.push({
    channel: 'C0OPS',
    ts,
    text: '',
    blocks: [],
    user: 'UANN',
    thread: '',
    aloud: false,
    edits: 0,
    texts: [],
  });
  for (const id of ['EvA', 'EvA', 'EvB']) {
    const told = await stage.slack.send(mention(id, ts), JSON_TYPE, {
      'x-slack-retry-num': '1',
      'x-slack-retry-reason': 'http_timeout',
    });
    expect(told.status).toBe(200);
  }
  await stage.settle();
  expect(stage.ops.messages.filter(({ thread }) => thread === ts)).toHaveLength(1);
});

test('a body that is too long, no JSON, or something new of Slack’s hurts nobody', async () => {
  expect((await stage.slack.send('x'.repeat(MOST_BODY_BYTES + 1), JSON_TYPE)).status).toBe(413);
  expect((await stage.slack.send('{', JSON_TYPE)).status).toBe(400);
  expect((await stage.slack.send('a=b', 'text/plain')).status).toBe(400);
  expect(
    (await stage.slack.send(JSON.stringify({ type: 'a_new_thing', team_id: 'T1' }), JSON_TYPE)).status,
  ).toBe(200);
  expect((await stage.slack.send('payload=%7B', 'application/x-www-form-urlencoded')).status).toBe(400);
  for (const [method, path] of [
    ['GET', '/slack/events'],
    ['GET', '/slack/nope'],
    ['POST', '/slack/install'],
    ['PUT', '/slack/events'],
  ])
    expect([404, 405]).toContain((await fetch(`${stage.bot.url}${path}`, { method: method ?? '' })).status);
  expect((await fetch(`${stage.bot.url}/healthz`)).status).toBe(200);
});

test('a workspace that has not installed the app is not answered', async () => {
  const body = mention('EvX', stage.slack.state.ts()).replace('T0ACME', 'T0STRANGE');
  expect((await stage.slack.send(body, JSON_TYPE)).status).toBe(200);
  await stage.settle();
  expect(stage.slack.state.requests.filter(({ answer }) => answer === 'invalid_auth')).toEqual([]);
});

test('two signing secrets hold while one takes the place of the other; none at all is refused', async () => {
  const file = join(stage.folder, 'two');
  const token = join(stage.folder, 'bot-token');
  await writeFile(file, `${'n'.repeat(32)}\n${'o'.repeat(32)}\n`);
  const { signingSecrets } = readCredentials({ signingSecretFile: file, botTokenFile: token }) ?? {
    signingSecrets: [],
  };
  expect(signingSecrets.map((secret) => secret.reveal())).toEqual(['n'.repeat(32), 'o'.repeat(32)]);
  await writeFile(file, 'short\n');
  expect(() => readCredentials({ signingSecretFile: file, botTokenFile: token })).toThrow(/16 characters/);
  expect(() => readCredentials({ botTokenFile: token })).toThrow(/signs/);
  expect(() => readCredentials({ signingSecretFile: join(stage.folder, 'signing') })).toThrow(/no workspace/);
  expect(readCredentials({})).toBeUndefined();
});

test('the app asks for these scopes and events, and for no other', () => {
  const text = readFileSync(new URL('../../../src/surfaces/slack/manifest.yml', import.meta.url), 'utf8');
  const manifest: unknown = load(text);
  expect(manifest).toMatchObject({
    oauth_config: {
      scopes: { bot: ['app_mentions:read', 'chat:write', 'commands', 'files:write', 'users:read'] },
    },
    settings: {
      event_subscriptions: {
        bot_events: ['app_home_opened', 'app_mention', 'app_uninstalled', 'tokens_revoked'],
      },
    },
  });
  expect(Object.keys(Object(manifest).oauth_config.scopes)).toEqual(['bot']);
});

test('callers in Slack are named in the settings by workspace and user', () => {
  const settings = parseSettings('callers: { slack:T1/U2: operator, slack:E1/W3: reader }', 'katabot.yml');
  expect(Object.keys(settings.callers ?? {})).toEqual(['slack:T1/U2', 'slack:E1/W3']);
  expect(() => parseSettings('callers: { slack:nobody: operator }', 'katabot.yml')).toThrow(/slack:T0123/);
});
