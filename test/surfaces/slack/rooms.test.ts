/** Slack and GitHub at once: what is asked in one room shows in the other, and either side can act. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { botComments } from '../github/stage.ts';
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
