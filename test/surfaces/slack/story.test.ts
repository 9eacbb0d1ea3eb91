/** What people do in Slack, over HTTP with real signatures, and what becomes of it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { groupFile } from '../github/stage.ts';
import { openStage, type Stage, shown } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
});

afterAll(() => stage.stop());

function whispers() {
  return stage.slack.state.ephemerals.splice(0);
}

test('help is for one person alone, and an answer for all of the channel', async () => {
  expect(await stage.ann.types(stage.ops, '/kata')).toEqual({ status: 200, json: '' });
  await stage.settle();
  expect(whispers().map(({ user, by }) => [user, by])).toEqual([['UANN', 'response_url']]);
  expect(stage.roots()).toEqual([]);
  await stage.ann.types(stage.ops, '/kata status hello');
  await stage.settle();
  const [answer] = stage.roots();
  expect(answer && shown(answer)).toContain('hello');
});

test('a word that is nearly a verb is asked about, and a button runs what was meant', async () => {
  await stage.ann.types(stage.ops, '/kata statsu hello');
  await stage.settle();
  const [asked] = whispers();
  expect(asked && shown(asked)).toContain('status hello');
  const before = stage.roots().length;
  await stage.eve.presses(asked ?? { blocks: [], channel: '' }, 'Run it');
  await stage.settle();
  expect(whispers().map(({ user, text }) => `${user}: ${text}`)).toEqual([expect.stringContaining('UEVE: ')]);
  expect(stage.roots()).toHaveLength(before);
  await stage.ann.presses(asked ?? { blocks: [], channel: '' }, 'Run it');
  await stage.settle();
  expect(stage.roots()).toHaveLength(before + 1);
});

test('somebody without a right is refused, alone, with what is missing', async () => {
  const before = stage.roots().length;
  await stage.eve.types(stage.ops, '/kata stop hello --yes');
  await stage.settle();
  expect(whispers().map(({ user }) => user)).toEqual(['UEVE']);
  expect(stage.roots()).toHaveLength(before);
});

test('a deploy has one message, and words in its thread are about it', async () => {
  await stage.push({ 'containergroup.yaml': groupFile('hello', { text: 'again', image: 'web:2' }) });
  const before = stage.roots().length;
  await stage.ann.types(stage.ops, '/kata deploy shop');
  await stage.settle();
  const [root, ...others] = stage.roots().slice(before);
  if (!root) throw new Error('there is no message');
  expect(others).toEqual([]);
  expect(root.text).toContain('healthy');
  expect(stage.replies(root).map(({ text }) => text)).toEqual([expect.stringMatching(/healthy|runs/)]);
  await stage.ann.says(stage.ops, '@katabot logs', root);
  await stage.settle();
  expect(shown(stage.replies(root)[1] ?? root)).toContain('again');
  await stage.ann.says(stage.ops, 'what do you say, @katabot stop hello --yes', root);
  await stage.settle();
  expect(root.text).toContain('stopped');
  await stage.ann.presses(root, 'Start');
  await stage.settle();
  expect(root.text).toContain('healthy');
});

test('a group that is deleted leaves its message with the bill, without buttons', async () => {
  const root = stage.roots().at(-1);
  if (!root) throw new Error('there is no message');
  await stage.ann.types(stage.ops, '/kata delete hello --yes');
  await stage.settle();
  await stage.settle();
  expect(root.text).toContain('removed');
  expect(root.blocks.filter(({ type }) => type === 'actions')).toEqual([]);
});

test('a form is opened in time, filled in afterwards, and deploys', async () => {
  await stage.push({ 'containergroup.yaml': groupFile('hello', { text: 'third' }) });
  await stage.ann.types(stage.ops, '/kata deploy');
  await stage.settle();
  const form = [...stage.slack.state.views.values()].at(-1);
  if (!form) throw new Error('no form was opened');
  expect(JSON.stringify(form.view)).toContain('shop');
  const wrong = await stage.ann.submits(form, { repository: '', ref: '', environment: 'production' });
  expect(wrong.json.response_action).toBe('errors');
  expect(Object.keys(wrong.json.errors)).toContain('repository');
  await stage.ann.chooses(form, { repository: 'shop' });
  await stage.settle();
  await stage.ann.chooses(form, { repository: 'shop', ref: '@main', environment: 'production' });
  await stage.settle();
  const before = stage.roots().length;
  const told = await stage.ann.submits(form, {
    repository: 'shop',
    ref: '@main',
    environment: 'production',
    reason: 'it is "time"',
  });
  expect(told.json).toEqual({ response_action: 'clear' });
  await stage.settle();
  expect(
    stage
      .roots()
      .slice(before)
      .map(({ text }) => text),
  ).toEqual([expect.stringContaining('healthy')]);
});

test('a commit in a message is what the form is opened with', async () => {
  const message = {
    channel: stage.ops.id,
    ts: stage.slack.state.ts(),
    text: 'look: <https://github.com/acme/site/pull/12|#12>',
    blocks: [],
    user: 'UEVE',
    thread: '',
    aloud: false,
    edits: 0,
    texts: [],
  };
  await stage.ann.usesMessageShortcut(message);
  await stage.settle();
  const form = [...stage.slack.state.views.values()].at(-1);
  expect(form?.view.private_metadata).toContain('acme/site#12');
});

test('the home tab shows what is mine', async () => {
  await stage.ann.types(stage.ops, '/kata delete hello --yes');
  await stage.settle();
  await stage.ann.types(stage.ops, '/kata deploy shop');
  await stage.settle();
  await stage.ann.opensHome();
  await stage.settle();
  expect(JSON.stringify(stage.slack.state.homes.get('UANN'))).toContain('hello');
});

test('guests, bots, strangers and those who left are told so, and nothing is done', async () => {
  for (const [name, more] of [
    ['gus', { is: 'guest' }],
    ['lee', { is: 'deactivated' }],
    ['sam', { team: 'T0OTHER', there: 'T0ACME' }],
  ] as const) {
    const person = stage.slack.person(name, more);
    await person.says(stage.ops, '@katabot stop hello --yes');
    await stage.settle();
    expect(whispers().map(({ user }) => user)).toEqual([person.id]);
  }
  const robot = stage.slack.person('robo', { is: 'bot' });
  await robot.says(stage.ops, '@katabot stop hello --yes');
  await stage.settle();
  expect(whispers()).toEqual([]);
});
