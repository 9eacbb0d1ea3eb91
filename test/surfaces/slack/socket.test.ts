/** Socket mode, and workspaces that install the app by themselves. */
import { afterEach, expect, test } from '@jest/globals';
import { groupFile } from '../github/stage.ts';
import { openStage, type Stage, shown } from './stage.ts';

let stage: Stage;

afterEach(() => stage.stop());

test('the same words come through a socket, also after it was cut', async () => {
  stage = await openStage({ socket: true });
  await stage.slack.sockets.ready();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  expect((await stage.ann.types(stage.ops, '/kata status hello')).status).toBe(200);
  await stage.settle();
  expect(stage.roots()).toHaveLength(1);
  stage.slack.sockets.cut();
  await stage.slack.sockets.ready();
  await stage.ann.says(stage.ops, '@katabot status hello');
  await stage.settle();
  expect(shown(stage.ops.messages.at(-1) ?? { text: '', blocks: [] })).toContain('hello');
});

test('a workspace installs the app once for each state, from the browser that began', async () => {
  stage = await openStage({ workspaces: true, app: { publicUrl: 'https://katabot.example.com' } });
  const other = stage.slack.team('T0OTHER');
  const begun = await fetch(`${stage.bot.url}/slack/install`, { redirect: 'manual' });
  expect(begun.status).toBe(302);
  const to = new URL(begun.headers.get('location') ?? '');
  expect(to.searchParams.get('scope')).toBe('app_mentions:read,chat:write,commands,files:write,users:read');
  expect(to.searchParams.get('redirect_uri')).toBe('https://katabot.example.com/slack/oauth');
  const state = to.searchParams.get('state') ?? '';
  const cookie = (begun.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  expect(begun.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/);
  stage.slack.codes.set('code-1', other);
  const come = (headers: Record<string, string>) =>
    fetch(`${stage.bot.url}/slack/oauth?code=code-1&state=${state}`, { headers });
  expect((await come({})).status).toBe(403);
  expect((await come({ cookie: 'katabot-slack=another' })).status).toBe(403);
  expect((await come({ cookie })).status).toBe(200);
  expect((await come({ cookie })).status).toBe(403);
  expect((await stage.bot.app.store.slack.teams.all()).map(({ id }) => id).toSorted()).toEqual([
    'T0ACME',
    'T0OTHER',
  ]);
  const elsewhere = stage.slack.channel('C0THEIRS', 'T0OTHER');
  const max = stage.slack.person('max', { team: 'T0OTHER' });
  await max.says(elsewhere, '@katabot help');
  await stage.settle();
  expect(stage.slack.state.ephemerals.map(({ user, channel }) => [user, channel])).toEqual([
    ['UMAX', 'C0THEIRS'],
  ]);
});
