/** The bot dies at writes of its Slack books, before they are on disk and after: no answer is lost, nothing is done twice. */
import { expect, test } from '@jest/globals';
import type { SlackBook } from '../../../src/store/index.ts';
import type { SlackWorld } from '../../world/slack/index.ts';
import { botComments } from '../github/stage.ts';
import { openRooms } from './rooms.ts';

const MINUTE_MS = 60_000;

/** The books of Slack that a deploy which waits writes to. */
const WRITES = [
  ['asks', 'ask'],
  ['asks', 'keep'],
  ['asks', 'answered'],
  ['rooms', 'put'],
  ['rooms', 'locate'],
  ['buttons', 'put'],
  ['buttons', 'use'],
] as const;

/** From the count-th such write on every one fails, as if the disk were gone: before it is done, or after. */
function breakAt(
  slack: SlackBook,
  [book, name]: (typeof WRITES)[number],
  when: 'before' | 'after',
  world: Pick<SlackWorld, 'trouble'>,
) {
  const target: object = slack[book];
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== 'function') throw new Error(`there is no ${book}.${name}`);
  const fuse = { burnt: false };
  const burn = () => {
    fuse.burnt = true;
    world.trouble = () => 'cut'; // a bot that is dead asks nothing more
  };
  Reflect.set(target, name, async (...given: readonly unknown[]) => {
    if (fuse.burnt || when === 'before') {
      burn();
      throw new Error('fetch failed: the power is gone');
    }
    await Reflect.apply(method, target, given);
    burn();
    throw new Error('fetch failed: the power is gone');
  });
  return fuse;
}

test('a deploy that waits for a yes survives a death at each of its writes', async () => {
  const rooms = await openRooms();
  const { stage, ann, bo, ops, settle, roots } = rooms;
  const { id, login } = stage.bo;
  stage.shop.environments.set('staging', {
    protection_rules: [
      { type: 'required_reviewers', reviewers: [{ type: 'User', reviewer: { id, login } }] },
    ],
    deployment_branch_policy: null,
  });
  let deaths = 0;
  try {
    for (const [index, write] of WRITES.entries()) {
      const when = index % 2 ? 'after' : 'before';
      const name = `till-${index}`;
      const { pull, commit } = await rooms.open(name);
      const before = roots().length;
      const dying = breakAt(stage.bot.app.store.slack, write, when, rooms.slack);
      await ann.types(ops, `/kata deploy shop#${pull.number} to staging`);
      await settle();
      let root = roots().at(-1);
      if (!dying.burnt && root) await bo.presses(root, 'Approve');
      await settle();
      if (dying.burnt) deaths++;
      await rooms.restart();
      rooms.slack.trouble = undefined;
      for (let turn = 0; turn < 4; turn++) {
        stage.clock.leap(MINUTE_MS / 2);
        await settle();
      }
      root = roots().at(-1);
      if (root?.text.includes('needs the approval')) await bo.presses(root, 'Approve');
      for (let turn = 0; turn < 3; turn++) {
        await settle();
        stage.clock.leap(MINUTE_MS / 2);
      }
      const wish = (await stage.bot.app.store.desired.list()).find(({ key }) => key === `staging/${name}`);
      expect([write, wish?.revision.number, wish?.revision.commit]).toEqual([write, 1, commit]);
      const events = await stage.bot.app.store.events.events({ group: `staging/${name}` });
      expect(events.filter(({ fact }) => fact.kind === 'accepted')).toHaveLength(1);
      expect(roots().at(-1)?.text).toMatch(/staging.* is healthy/);
      // A message whose place was not written down may be there twice, and no more.
      expect(roots().length - before).toBeLessThanOrEqual(2);
      expect(botComments(pull).sticky?.body).toContain('✅ running');
      expect(await stage.bot.app.store.slack.asks.unanswered()).toEqual([]);
      expect(await stage.bot.app.store.proposals.open()).toEqual([]);
    }
    expect(deaths).toBe(WRITES.length);
  } finally {
    await rooms.stop();
  }
}, 300_000);
