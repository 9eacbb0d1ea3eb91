/** Deploys that wait, in Slack and in the pull request at once: either side approves, both tell the same. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Message } from '../../world/slack/index.ts';
import { botComments, groupFile, reactions } from '../github/stage.ts';
import { openRooms, type Rooms } from './rooms.ts';
import { shown } from './stage.ts';

const MINUTE_MS = 60_000;
let rooms: Rooms;

beforeAll(async () => {
  rooms = await openRooms({
    environments: { staging: {}, demo: {} },
    protected: ['demo'],
  });
});
afterAll(() => rooms.stop());

const rule = (...rules: object[]) =>
  rooms.stage.shop.environments.set('staging', { protection_rules: rules, deployment_branch_policy: null });
const asksBo = () => {
  const { id, login } = rooms.stage.bo;
  rule({ type: 'required_reviewers', reviewers: [{ type: 'User', reviewer: { id, login } }] });
};
const newest = () => {
  const root = rooms.roots().at(-1);
  if (!root) throw new Error('there is no message');
  return root;
};
const labels = ({ blocks }: Pick<Message, 'blocks'>) =>
  blocks.flatMap(({ type, elements }) =>
    type === 'actions' ? elements.map(({ text }: { text: { text: string } }) => text.text) : [],
  );
const checks = (environment: string) =>
  rooms.stage.shop.checks.filter(({ body }) => body['name'] === `katabot / ${environment}`);
const revision = async (key: string) =>
  (await rooms.stage.bot.app.store.desired.list()).find((each) => each.key === key)?.revision;

describe('an environment with a reviewer', () => {
  beforeEach(asksBo);

  test('asked in Slack, approved there, then in the pull request, and rolled back from its check', async () => {
    const { ann, bo, eve, ops, settle, stage, whispers } = rooms;
    const { github, shop } = stage;
    const { pull, commit } = await rooms.open('till');
    await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
    await settle();
    const root = newest();
    expect(rooms.roots()).toHaveLength(1);
    expect(shown(root)).toMatch(/needs the approval of bo until/);
    expect(shown(root)).toContain('UBO');
    expect(labels(root)).toEqual(['Approve', 'Reject …']);
    expect(whispers()).toEqual([]);
    expect(botComments(pull).sticky?.body).toContain('| **staging** | ⏳ waits · for bo |');
    expect(checks('staging').at(-1)?.body).toMatchObject({ conclusion: 'action_required' });
    for (const [person, why] of [
      [ann, /ann has asked for this/],
      [eve, /not known who/],
    ] as const) {
      await person.presses(root, 'Approve');
      await settle();
      expect(whispers()).toEqual([
        expect.objectContaining({ user: person.id, text: expect.stringMatching(why) }),
      ]);
    }
    expect(await revision('staging/till')).toBeUndefined();
    await bo.presses(root, 'Approve');
    await settle();
    expect(root.texts.join('\n')).toMatch(/was approved by bo/);
    expect(root.text).toMatch(/staging is healthy/);
    expect(shown(root)).toMatch(/Approved by.*bo/);
    expect(labels(root)).not.toContain('Approve');
    expect(await revision('staging/till')).toMatchObject({ number: 1, commit });
    expect(botComments(pull).sticky?.body).toContain('✅ running');

    const second = github.push(stage.ann, shop, 'till', {
      'containergroup.yaml': groupFile('till', { text: 'again' }),
    });
    await settle();
    stage.clock.leap(2 * MINUTE_MS);
    await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
    await settle();
    const later = newest();
    expect(later).not.toBe(root);
    // What serves meanwhile keeps its message, with its buttons.
    expect(labels(root)).toContain('Stop');
    expect(later.text).toMatch(/needs the approval/);
    github.comment(stage.bo, shop, pull, '/kata approve staging');
    await settle();
    await settle();
    expect(later.text).toMatch(/staging is healthy/);
    expect(root.text).toMatch(/superseded/);
    expect(await revision('staging/till')).toMatchObject({ number: 2, commit: second });

    const check = checks('staging').at(-1);
    if (!check) throw new Error('there is no check');
    github.press(stage.ann, shop, check, 'rollback');
    await settle();
    await settle();
    expect(await revision('staging/till')).toMatchObject({ number: 3, commit });
    expect(shown(later)).toMatch(/revision #3/);
    const row = (botComments(pull).sticky?.body ?? '')
      .split('\n')
      .find((line) => line.startsWith('| **staging**'));
    expect(row).toContain('✅ running');
    expect(row).toContain(commit.slice(0, 7));
    expect(row).not.toContain(second.slice(0, 7));
    expect(shown(later)).toContain(commit.slice(0, 7));
  });

  test('asked in the pull request: the channel is told, rejects it with a reason, and approves the next one', async () => {
    const { ann, bo, settle, stage, slack, whispers } = rooms;
    const { github, shop } = stage;
    const { pull } = await rooms.open('hall');
    const asked = github.comment(stage.ann, shop, pull, '/deploy to staging');
    await settle();
    const root = newest();
    expect(root.text).toMatch(/needs the approval of bo/);
    await ann.presses(root, 'Approve');
    await settle();
    expect(whispers()).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/has asked for this/) }),
    ]);
    await bo.presses(root, 'Reject …');
    await settle();
    const form = [...slack.state.views.values()].at(-1);
    if (!form) throw new Error('there is no form');
    await bo.submits(form, { reason: 'the "migration" is missing' });
    await settle();
    expect(root.text).toContain('was rejected: bo said no: the "migration" is missing');
    expect(labels(root)).toEqual([]);
    expect(reactions(asked)).toEqual(['-1']);
    expect(await revision('staging/hall')).toBeUndefined();
    const again = github.comment(stage.ann, shop, pull, '/deploy to staging');
    await settle();
    const next = newest();
    expect(next).not.toBe(root);
    await bo.presses(next, 'Approve');
    await settle();
    await settle();
    expect(reactions(again)).toEqual(['rocket']);
    expect(next.text).toMatch(/staging is healthy/);
    expect(shown(next)).toMatch(/Approved by.*bo/);
    expect(rooms.roots().filter(({ text }) => text === next.text)).toHaveLength(1);
  });

  test('all copies say the same, and a press of an old one does nothing', async () => {
    const { ann, bo, settle, slack, whispers } = rooms;
    const side = slack.channel('C0SIDE');
    const { pull } = await rooms.open('copy');
    await ann.types(side, `/kata deploy shop#${pull.number} to staging`);
    await settle();
    const [copy] = rooms.roots(side);
    const root = newest();
    if (!copy) throw new Error('there is no message');
    expect([copy.text, root.text]).toEqual([expect.stringMatching(/needs the approval/), copy.text]);
    const old = { ...copy };
    await bo.presses(root, 'Approve');
    await settle();
    await settle();
    for (const each of [copy, root]) {
      expect(each.text).toMatch(/staging is healthy/);
      expect(shown(each)).toMatch(/Approved by.*bo/);
      expect(labels(each)).not.toContain('Approve');
    }
    whispers();
    await bo.presses(old, 'Approve');
    await settle();
    expect(whispers()).toEqual([expect.objectContaining({ text: expect.stringMatching(/is over/) })]);
  });

  test('it survives a restart; silence ends it, and that is told in its thread', async () => {
    const { ann, bo, ops, settle, stage, whispers } = rooms;
    const { pull } = await rooms.open('late');
    await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
    await settle();
    const root = newest();
    await rooms.restart();
    await settle();
    expect(root.text).toMatch(/needs the approval/);
    stage.clock.leap(61 * MINUTE_MS);
    await settle();
    await settle();
    expect(root.text).toMatch(/Nobody approved the deploy to staging in time/);
    expect(labels(root)).toEqual([]);
    expect(rooms.replies(root).map(shown).join()).toMatch(/Nobody approved/);
    expect(await revision('staging/late')).toBeUndefined();
    await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
    await settle();
    const next = newest();
    await rooms.restart();
    await bo.presses(next, 'Approve');
    await settle();
    await settle();
    expect(next.text).toMatch(/staging is healthy/);
    expect(whispers()).toEqual([]);
  });
});

test('a wait timer is a time in the message; it goes on by itself, also after a restart', async () => {
  const { ann, ops, settle, stage } = rooms;
  rule({ type: 'wait_timer', wait_timer: 30 });
  const { pull } = await rooms.open('slow');
  await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
  await settle();
  const root = newest();
  expect(root.text).toMatch(/waits: the wait timer of staging, until/);
  expect(labels(root)).toEqual(['Cancel']);
  stage.clock.leap(20 * MINUTE_MS);
  await rooms.restart();
  await settle();
  expect(root.text).toMatch(/waits/);
  stage.clock.leap(11 * MINUTE_MS);
  await settle();
  await settle();
  expect(root.text).toMatch(/staging is healthy/);
});

test('a protected environment is confirmed with a button, once, by who has asked', async () => {
  const { ann, eve, ops, settle, whispers } = rooms;
  const { pull } = await rooms.open('demo');
  whispers();
  await ann.types(ops, `/kata deploy shop#${pull.number} to demo`);
  await settle();
  const [asks] = whispers();
  if (!asks) throw new Error('nobody asked');
  const message = { ...asks, channel: ops.id };
  await eve.presses(message, 'Yes, do it');
  await settle();
  expect(whispers()).toEqual([expect.objectContaining({ text: expect.stringMatching(/somebody else/) })]);
  await ann.presses(message, 'Yes, do it');
  await settle();
  await settle();
  expect(newest().text).toMatch(/demo is healthy/);
  expect(whispers()).toEqual([]);
  await ann.presses(message, 'Yes, do it');
  await settle();
  expect(whispers()).toEqual([
    expect.objectContaining({ text: expect.stringMatching(/pressed this already/) }),
  ]);
});

test('or with the words that are offered, as they stand there', async () => {
  const { ann, ops, settle, whispers } = rooms;
  const { pull } = await rooms.open('spoken');
  whispers();
  await ann.types(ops, `/kata deploy shop#${pull.number} to demo`);
  await settle();
  const [typed = ''] = /\/kata confirm acme\/shop#\d+ yes-\w+/.exec(JSON.stringify(whispers())) ?? [];
  await ann.types(ops, typed);
  await settle();
  await settle();
  expect(await revision('demo/spoken')).toBeDefined();
});
