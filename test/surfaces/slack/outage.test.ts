/** Days on which Slack is down, slow, full, or says nothing. */
import { afterEach, expect, test } from '@jest/globals';
import { groupFile } from '../github/stage.ts';
import { openStage, type Stage, shown } from './stage.ts';

let stage: Stage;

afterEach(() => stage.stop());

test('an hour without Slack loses nothing, and afterwards only what is newest is sent', async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  await stage.ann.types(stage.ops, '/kata deploy shop');
  await stage.settle();
  const before = stage.roots().length;
  stage.slack.trouble = () => 503;
  await stage.ann.types(stage.ops, '/kata status hello');
  for (const image of ['web:2', 'web:1', 'web:2']) {
    await stage.push({ 'containergroup.yaml': groupFile('hello', { image, text: image }) });
    await stage.settle();
  }
  stage.clock.leap(3_600_000);
  await stage.settle();
  stage.slack.trouble = undefined;
  const edits = () =>
    stage.slack.state.requests.filter(({ method, answer }) => method === 'chat.update' && answer === 'ok')
      .length;
  const editsBefore = edits();
  for (let round = 0; round < 5; round++) {
    stage.clock.leap(600_000);
    await stage.settle();
  }
  expect(stage.roots()).toHaveLength(before + 1);
  expect(edits() - editsBefore).toBeLessThanOrEqual(3);
  expect(stage.slack.state.requests.filter(({ answer }) => answer === 'ratelimited')).toEqual([]);
});

test('a message whose answer was lost is sent again, and the double goes when somebody presses it', async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  let lost = 0;
  stage.slack.afterwards = ({ method }) =>
    method === 'chat.postMessage' && lost++ === 0 ? 'cut' : undefined;
  await stage.ann.types(stage.ops, '/kata deploy shop');
  for (let round = 0; round < 4; round++) {
    stage.clock.leap(60_000);
    await stage.settle();
  }
  const [orphan, root] = stage.roots();
  expect(stage.roots()).toHaveLength(2);
  if (!orphan || !root) throw new Error('there are no two messages');
  await stage.ann.presses({ ...orphan, blocks: root.blocks }, 'Logs');
  await stage.settle();
  expect(stage.roots()).toEqual([root]);
  expect(root.text).toContain('healthy');
});

test('a workspace that refuses the newest blocks gets plainer ones', async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  let refused = 0;
  stage.slack.trouble = ({ method, given }) => {
    if (method !== 'chat.postMessage' || !given['blocks']?.length || refused > 1) return undefined;
    refused++;
    return 'invalid_blocks';
  };
  await stage.ann.types(stage.ops, '/kata status hello');
  await stage.settle();
  const [answer] = stage.roots();
  expect(answer?.blocks).toEqual([]);
  expect(answer?.text).not.toBe('');
});

test('what was asked before a crash is answered after it, once', async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  stage.slack.trouble = () => 'cut';
  await stage.ann.types(stage.ops, '/kata status hello');
  await stage.bot.app.slack?.idle();
  await stage.restart();
  stage.slack.trouble = undefined;
  for (let round = 0; round < 3; round++) {
    stage.clock.leap(120_000);
    await stage.settle();
  }
  expect(stage.roots()).toHaveLength(1);
  expect(shown(stage.roots()[0] ?? { text: '', blocks: [] })).toContain('hello');
});

test('where the bot was not invited, the answer goes to who asked', async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  const elsewhere = stage.slack.channel('C0ELSE');
  elsewhere.hasBot = false;
  await stage.ann.types(elsewhere, '/kata status hello');
  await stage.settle();
  expect(elsewhere.messages).toEqual([]);
  expect(stage.slack.state.ephemerals.map(({ user, by }) => [user, by])).toEqual([['UANN', 'response_url']]);
});
