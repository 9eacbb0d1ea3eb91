/** Buttons: rows in the bot's own books, pressed once, by whoever may. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Message } from '../../world/slack/index.ts';
import { groupFile } from '../github/stage.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let root: Message;

beforeAll(async () => {
  stage = await openStage({
    settings: { callers: { 'slack:T0ACME/UANN': 'operator', 'slack:T0ACME/UBO': 'deployer' } },
  });
  await stage.push({ 'containergroup.yaml': groupFile('hello') });
  await stage.push({ 'containergroup.yaml': groupFile('hello', { text: 'again' }) });
  await stage.ann.types(stage.ops, '/kata deploy shop');
  await stage.settle();
  const [first] = stage.roots();
  if (!first) throw new Error('there is no message');
  root = first;
});

afterAll(() => stage.stop());

function whispers() {
  return stage.slack.state.ephemerals.splice(0).map(({ user, text }) => `${user} ${text}`);
}

test('hold no parameters, only a name', () => {
  const buttons = root.blocks.flatMap(({ type, elements }) => (type === 'actions' ? elements : []));
  expect(buttons.length).toBeGreaterThan(1);
  for (const { value, url } of buttons) if (!url) expect(value).toMatch(/^[\w-]{24}$/);
});

test('do nothing for somebody without the right, and stay there for somebody with it', async () => {
  await stage.eve.presses(root, 'Stop');
  await stage.settle();
  expect(whispers()).toEqual([expect.stringContaining('UEVE')]);
  expect(root.text).toContain('healthy');
  const bo = stage.slack.person('bo');
  await bo.presses(root, 'Stop');
  await stage.settle();
  expect(root.text).toContain('stopped');
  expect(whispers()).toEqual([]);
});

test('pressed twice at once have one effect', async () => {
  const stale = { ...root, blocks: root.blocks };
  await Promise.all([stage.ann.presses(stale, 'Start'), stage.ann.presses(stale, 'Start')]);
  await stage.settle();
  expect(root.text).toContain('healthy');
  const outcomes = whispers();
  expect(outcomes).toHaveLength(1);
  const events = await stage.bot.app.store.events.events({ group: 'production/hello' });
  expect(events.filter(({ fact }) => fact.kind === 'starting')).toHaveLength(1);
});

test('of what ran before do nothing', async () => {
  const stale = { ...root, blocks: root.blocks };
  await stage.push({ 'containergroup.yaml': groupFile('hello', { text: 'newer' }) });
  await stage.settle();
  await stage.ann.presses(stale, 'Stop');
  await stage.settle();
  expect(whispers()).toEqual([expect.stringMatching(/something else runs/i)]);
});

test('that nobody knows, or that are too old, say so', async () => {
  const unknown = {
    ...root,
    blocks: [
      {
        type: 'actions',
        elements: [
          { type: 'button', text: { text: 'Stop' }, action_id: 'katabot:stop', value: 'nobody-knows' },
        ],
      },
    ],
  };
  await stage.ann.presses(unknown, 'Stop');
  await stage.settle();
  expect(whispers()).toEqual([expect.stringMatching(/not known/)]);
  const old = { ...root, blocks: root.blocks };
  stage.clock.leap(8 * 86_400_000);
  await stage.ann.presses(old, 'Stop');
  await stage.settle();
  expect(whispers()).toEqual([expect.stringMatching(/too old/)]);
});
