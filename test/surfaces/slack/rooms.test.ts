/** Slack and GitHub at once: what is asked in one room shows in the other, and either side can act. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../../world/bot.ts';
import { botComments, groupFile } from '../github/stage.ts';
import { openRooms, type Rooms } from './rooms.ts';

let rooms: Rooms;
beforeAll(async () => {
  rooms = await openRooms();
});
afterAll(() => rooms.stop());

test('a deploy that is asked in Slack is the pull request’s, and undone there it is undone in Slack', async () => {
  const { stage, ann, eve, ops, roots, settle, whispers } = rooms;
  const { github, shop, ann: author } = stage;
  const { pull, commit } = await rooms.open('shop');
  await eve.types(ops, `/kata deploy shop#${pull.number} to staging`);
  await settle();
  expect(whispers().map(({ user, text }) => [user, text])).toEqual([
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
  const { stage, ann, roots, settle } = rooms;
  const { github, shop, ann: author } = stage;
  const { pull } = await rooms.open('other');
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

test('GPUs that have nothing to do are told of in the thread of their deploy and in its pull request, once', async () => {
  const { stage, ann, ops, roots, replies, settle } = rooms;
  const { pull } = await rooms.open('idle');
  const { pull: other } = await rooms.open('busy');
  await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
  await settle();
  const root = roots().at(-1);
  if (!root) throw new Error('nothing was told of the deploy');
  const { feed, desired } = stage.bot.app.ground;
  const wish = (await desired.list()).find(({ key }) => key === 'staging/idle');
  const idle = { kind: 'gpu-idle', gpus: 2, perHour: '$6.2100' } as const;
  const told = 'idle in staging: its 2 GPUs have had nothing to do for an hour; it costs $6.2100 an hour';
  const inThread = () =>
    replies(root)
      .filter(({ text }) => text.includes('GPUs'))
      .map(({ text }) => text);
  const inPull = () =>
    botComments(pull)
      .answers.filter(({ body }) => body.includes('gpu idle'))
      .map(({ body }) => body);
  for (let time = 0; time < 2; time++) {
    feed.tell('staging/idle', wish?.revision.number ?? 0, idle);
    await eventually(async () => {
      await settle();
      expect(inThread()).toEqual([expect.stringContaining(told)]);
      expect(inPull()).toEqual([expect.stringContaining('had nothing to do for an hour')]);
    });
  }
  feed.tell('staging/idle', wish?.revision.number ?? 0, { kind: 'evicted', returns: true });
  const evicted = 'idle in staging: a Regular group needed its room';
  await eventually(async () => {
    await settle();
    expect(replies(root).filter(({ text }) => text.includes(evicted))).toHaveLength(1);
    expect(botComments(pull).answers.filter(({ body }) => body.includes('a Regular group'))).toHaveLength(1);
  });
  expect(botComments(other).answers).toEqual([]);
});

describe('a branch without a pull request', () => {
  const runs = async () =>
    (await rooms.stage.bot.app.store.desired.list())
      .filter(({ key, wanted }) => key === 'production/trunk' && wanted === 'running')
      .map(({ revision }) => revision.commit);
  let commit: string;
  beforeAll(async () => {
    const { stage, settle, bo, ops } = rooms;
    commit = stage.github.push(stage.bo, stage.shop, 'main', { 'containergroup.yaml': groupFile('trunk') });
    await settle();
    await settle();
    expect(await runs()).toEqual([commit]);
    await bo.types(ops, '/kata delete trunk --yes');
    await settle();
    stage.clock.leap(120_000);
    rooms.whispers();
  });

  test('goes where a push of it goes, and its commit tells', async () => {
    const { stage, settle, bo, ann, ops, roots, whispers } = rooms;
    expect(await runs()).toEqual([]);
    const statuses = stage.shop.statuses.length;
    await bo.types(ops, '/kata deploy shop@main');
    await settle();
    expect(await runs()).toEqual([commit]);
    expect(roots().at(-1)?.text).toMatch(/production is healthy/);
    expect(JSON.stringify(roots().at(-1)?.blocks)).toContain(commit.slice(0, 7));
    expect(stage.shop.statuses.slice(statuses).at(-1)).toMatchObject({
      context: 'katabot / production',
      state: 'success',
    });
    await ann.types(ops, '/kata deploy shop@main to staging');
    await settle();
    expect(whispers().map(({ text }) => text)).toEqual([
      expect.stringContaining('main goes to production, and not to staging'),
    ]);
  });

  test('and where none goes, it is said how to', async () => {
    const { stage, settle, bo, ops, whispers } = rooms;
    stage.github.push(stage.bo, stage.shop, 'idea', { 'containergroup.yaml': groupFile('idea') });
    await bo.types(ops, '/kata deploy shop@idea');
    await settle();
    const [told, ...more] = whispers();
    expect(more).toEqual([]);
    expect(told?.text).toContain('idea of acme/shop goes to no environment by itself');
    expect(JSON.stringify(told)).toContain('main to production');
  });

  test('waits for whom the environment names', async () => {
    const { stage, settle, bo, ann, ops, roots } = rooms;
    const { id, login } = stage.ann;
    stage.shop.environments.set('production', {
      protection_rules: [
        { type: 'required_reviewers', reviewers: [{ type: 'User', reviewer: { id, login } }] },
      ],
      deployment_branch_policy: null,
    });
    await bo.types(ops, '/kata delete trunk --yes');
    await settle();
    await bo.types(ops, '/kata deploy shop@main to production');
    await settle();
    const root = roots().at(-1);
    expect(root?.text).toMatch(/needs the approval of ann/);
    expect(await runs()).toEqual([]);
    await ann.presses(root ?? { blocks: [], channel: '' }, 'Approve');
    await settle();
    expect(root?.text).toMatch(/production is healthy/);
    expect(await runs()).toEqual([commit]);
  });
});

test('the form shows the price of a pull request that nothing runs of yet', async () => {
  const { stage, settle, ann, ops, slack } = rooms;
  const { pull } = await rooms.open('dear');
  await ann.types(ops, '/kata deploy');
  await settle();
  const form = [...slack.state.views.values()].at(-1);
  if (!form) throw new Error('no form was opened');
  await ann.chooses(form, { repository: 'acme/shop', ref: `#${pull.number}`, environment: 'fresh' });
  await settle();
  expect(JSON.stringify(form.view)).toMatch(/\$0\.0\d+/);
  expect(stage.shop.environments.has('fresh')).toBe(false);
});
