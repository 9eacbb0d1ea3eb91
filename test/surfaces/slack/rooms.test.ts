/** Slack and GitHub at once: what is asked in one room shows in the other, and either side can act. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Channel, type Person, type SlackWorld, startSlack } from '../../world/slack/index.ts';
import { botComments, groupFile, openStage, type Stage } from '../github/stage.ts';

let [stage, slack, folder]: [Stage | undefined, SlackWorld | undefined, string] = [undefined, undefined, ''];
let ops: Channel;
let [ann, eve]: Person[] = [];

beforeAll(async () => {
  slack = await startSlack();
  folder = await mkdtemp(join(tmpdir(), 'katabot-rooms-'));
  await writeFile(join(folder, 'signing'), slack.signingSecret);
  await writeFile(join(folder, 'token'), slack.team('T0ACME').token);
  const keys = { signingSecretFile: join(folder, 'signing'), botTokenFile: join(folder, 'token') };
  const channels = [{ channel: 'C0OPS', repository: 'acme/shop' }];
  stage = await openStage({ slack: { ...keys, apiUrl: slack.apiUrl, channels } });
  slack.botUrl = stage.bot.url;
  ops = slack.channel('C0OPS');
  [ann, eve] = [slack.person('ann'), slack.person('eve')];
  const nowMs = Date.now();
  await stage.bot.app.store.people.link({
    home: 'T0ACME',
    user: 'UANN',
    github: stage.ann.id,
    login: 'ann',
    linkedAtMs: nowMs,
    checkedAtMs: nowMs,
    expiresAtMs: nowMs + 86_400_000,
  });
});

afterAll(async () => {
  await stage?.stop();
  await slack?.close();
  await rm(folder, { recursive: true, force: true });
});

async function settle() {
  for (let round = 0; round < 2; round++) {
    await stage?.settle();
    await stage?.bot.app.slack?.idle();
    stage?.clock.leap(3_100);
  }
  await stage?.bot.app.slack?.idle();
}

const roots = () => ops.messages.filter(({ user, thread }) => user === 'U0ACMEBOT' && !thread);

test('a deploy that is asked in Slack is the pull request’s, and undone there it is undone in Slack', async () => {
  if (!stage || !ann || !eve || !slack) throw new Error('there is no stage');
  const { github, shop, ann: author } = stage;
  const commit = github.push(author, shop, 'feature', { 'containergroup.yaml': groupFile('shop') });
  const pull = github.openPull(author, shop, { branch: 'feature', title: 'Ship it' });
  await settle();
  await eve.types(ops, `/kata deploy shop#${pull.number} to staging`);
  await settle();
  expect(slack.state.ephemerals.splice(0).map(({ user, text }) => [user, text])).toEqual([
    ['UEVE', expect.stringMatching(/who you are/)],
  ]);
  expect(roots()).toEqual([]);
  await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
  await settle();
  const [root] = roots();
  expect(roots()).toHaveLength(1);
  expect(root?.text).toMatch(/staging.*healthy/);
  expect(botComments(pull).sticky?.body).toMatch(/staging/);
  expect(JSON.stringify(root?.blocks)).toContain(commit.slice(0, 7));
  github.comment(author, shop, pull, '/kata delete shop in staging --yes');
  await settle();
  await settle();
  expect(root?.text).toContain('removed');
  expect(botComments(pull).sticky?.body).toMatch(/removed/);
});

test('a deploy that is asked in the pull request shows in the channel that subscribed', async () => {
  if (!stage || !ann) throw new Error('there is no stage');
  const { github, shop, ann: author } = stage;
  github.push(author, shop, 'other', { 'containergroup.yaml': groupFile('other') });
  const pull = github.openPull(author, shop, { branch: 'other', title: 'Ship it' });
  await settle();
  const before = roots().length;
  github.comment(author, shop, pull, '/deploy to staging');
  await settle();
  const root = roots()[before];
  expect(roots()).toHaveLength(before + 1);
  expect(root?.text).toMatch(/staging.*healthy/);
  await ann.presses(root ?? { blocks: [], channel: '' }, 'Stop');
  await settle();
  expect(root?.text).toContain('stopped');
});
