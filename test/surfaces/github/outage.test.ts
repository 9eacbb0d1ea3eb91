/** What happens when the bot dies, GitHub is away, or webhooks do not come: the pull request tells the truth in the end. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Failure } from '../../../src/failure.ts';
import type { Pull } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

const MINUTE_MS = 60_000;

let stage: Stage;
let pull: Pull;

beforeEach(async () => {
  stage = await openStage();
  const { github, shop, ann } = stage;
  github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web') });
  pull = github.openPull(ann, shop, { branch: 'feature' });
  await stage.settle();
});
afterEach(() => stage.stop());

const running = async () =>
  (await stage.bot.app.store.desired.list())
    .filter(({ wanted }) => wanted === 'running')
    .map(({ key }) => key);
/** Lets the clock leap in small steps, so that what falls due can also fail, wait and fall due again. */
const pass = async (ms: number, step = MINUTE_MS) => {
  for (let passed = 0; passed < ms; passed += step) {
    stage.clock.leap(step);
    await stage.settle();
  }
};

describe('the bot dies', () => {
  test('in the middle of a deploy: the next one follows it to its end, and tells it once', async () => {
    const { github, engine, shop, ann } = stage;
    const held = engine.hold('create-sandbox');
    const comment = github.comment(ann, shop, pull, '/deploy');
    await github.deliver();
    await held.begun;
    await stage.restart();
    held.release();
    await stage.settle();
    expect(reactions(comment)).toEqual(['rocket']);
    expect(await running()).toEqual(['pr-11-shop/web']);
    const { sticky, answers } = botComments(pull);
    expect(sticky?.body).toContain('✅ running');
    expect(answers).toEqual([]);
    expect(shop.deployments.map(({ statuses }) => statuses.at(-1)?.state)).toEqual(['success']);
    expect(
      shop.checks
        .filter(({ body }) => body['name'] === 'katabot / pr-11-shop')
        .map(({ body }) => body['conclusion']),
    ).toEqual(['success']);
  });

  test('between taking a delivery and working on it: nothing is lost', async () => {
    const { github, shop, ann } = stage;
    github.trouble = () => 502; // nothing can be worked on
    const comment = github.comment(ann, shop, pull, '/deploy');
    expect(await github.deliver()).toEqual([202]);
    await stage.restart();
    github.trouble = undefined;
    await pass(5 * MINUTE_MS);
    expect(reactions(comment)).toEqual(['rocket']);
    expect(await running()).toEqual(['pr-11-shop/web']);
  });

  test('in the middle of taking a preview down: the next one ends it, with the bill', async () => {
    const { github, engine, shop, ann, bo } = stage;
    github.comment(ann, shop, pull, '/deploy');
    await stage.settle();
    const held = engine.hold('remove');
    github.closePull(bo, shop, pull);
    await github.deliver();
    await held.begun;
    await stage.restart();
    held.release();
    await stage.settle();
    await pass(2 * MINUTE_MS);
    expect(await running()).toEqual([]);
    expect(botComments(pull).sticky?.body).toMatch(/~~pr-11-shop~~ \| ⏹ removed · with the pull request \|/);
    expect(shop.deployments[0]?.statuses.at(-1)?.state).toBe('inactive');
    expect(await stage.bot.app.store.pulls.unfinished()).toEqual([]);
  });

  test('right after GitHub has taken a write: it finds its own comment, check and deployment again', async () => {
    const { github, shop, ann } = stage;
    const answered: string[] = [];
    // Each kind of write is taken once, and the answer to it is lost on the way.
    const cut = new Set<string>();
    const first = github.comment(ann, shop, pull, '/deploy');
    github.afterwards = ({ method, path }) => {
      const kind = `${method} ${path.replace(/\d+/g, 'N')}`;
      if (method !== 'POST' || path.endsWith('access_tokens') || cut.has(kind)) return undefined;
      cut.add(kind);
      answered.push(kind);
      return 'cut';
    };
    await stage.settle();
    await pass(10 * MINUTE_MS);
    github.afterwards = undefined;
    expect(answered.length).toBeGreaterThanOrEqual(4);
    expect(reactions(first)).toEqual(['rocket']);
    expect(pull.comments.filter(({ app }) => app !== null)).toHaveLength(1);
    expect(shop.deployments).toHaveLength(1);
    expect(shop.checks.filter(({ body }) => body['name'] === 'katabot / pr-11-shop')).toHaveLength(1);
  });
});

describe('GitHub is away', () => {
  test('for an hour: a deploy goes on, and is told when it is back', async () => {
    const { github, engine, shop, ann } = stage;
    const held = engine.hold('create-sandbox');
    const comment = github.comment(ann, shop, pull, '/deploy');
    await github.deliver();
    await held.begun;
    github.trouble = () => 'cut';
    held.release();
    await stage.settle();
    await pass(60 * MINUTE_MS, 5 * MINUTE_MS);
    expect(await running()).toEqual(['pr-11-shop/web']);
    github.trouble = undefined;
    await pass(15 * MINUTE_MS);
    expect(reactions(comment)).toEqual(['rocket']);
    expect(botComments(pull).sticky?.body).toContain('✅ running');
  });

  test('while something is pushed: it is not deployed over what was pushed later', async () => {
    const { github, shop, ann, bot } = stage;
    github.trouble = ({ path }) => (path.includes('/git/trees/') ? 502 : undefined);
    github.push(ann, shop, 'main', { 'containergroup.yaml': groupFile('web') });
    await stage.settle();
    expect(await bot.app.store.pulls.unanswered()).toHaveLength(1); // it is tried again
    github.trouble = undefined;
    github.push(ann, shop, 'main', { 'containergroup.yaml': groupFile('web', { text: 'later' }) });
    await stage.settle();
    const commitOf = async () => (await bot.app.store.desired.get('production/web'))?.revision.commit;
    const later = await commitOf();
    expect(later).toMatch(/^[0-9a-f]{40}$/);
    await pass(10 * MINUTE_MS);
    expect(await bot.app.store.pulls.unanswered()).toEqual([]);
    expect(await commitOf()).toBe(later);
  });

  test('one answer in three is a 502: every comment gets its answer, once', async () => {
    const { github, shop, ann } = stage;
    let requests = 0;
    github.trouble = () => (requests++ % 3 === 2 ? 502 : undefined);
    const comments = ['/kata status', '/deploy', '/kata logs'].map((text) =>
      github.comment(ann, shop, pull, text),
    );
    await github.deliver();
    await pass(30 * MINUTE_MS);
    github.trouble = undefined;
    await pass(10 * MINUTE_MS);
    for (const comment of comments) expect(reactions(comment)).not.toContain('eyes');
    const { answers } = botComments(pull);
    expect(new Set(answers.map(({ body }) => body.split('\n')[0])).size).toBe(answers.length);
  });
});

describe('webhooks do not come', () => {
  test('GitHub is asked to send a lost one again', async () => {
    const { github, shop, ann } = stage;
    const comment = github.comment(ann, shop, pull, '/deploy');
    await github.deliver({ lose: true });
    expect(await running()).toEqual([]);
    await pass(3 * MINUTE_MS);
    expect(
      github.deliveries.filter(({ event, status }) => event === 'issue_comment' && status < 300),
    ).toHaveLength(1);
    expect(reactions(comment)).toEqual(['rocket']);
    expect(await running()).toEqual(['pr-11-shop/web']);
  });

  test('at all: looking finds pushes, new heads and comments', async () => {
    await stage.stop();
    stage = await openStage({}, { lookEvery: '30s' });
    const { github, shop, ann } = stage;
    github.botUrl = 'http://127.0.0.1:9'; // nothing listens there
    const deaf = async () => {
      for (const delivery of github.deliveries) delivery.status ||= 502;
      stage.clock.leap(31_000);
      await stage.bot.app.github?.idle();
    };
    github.push(ann, shop, 'main', { 'containergroup.yaml': groupFile('web') });
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'feature' }) });
    pull = github.openPull(ann, shop, { branch: 'feature' });
    await deaf();
    expect(await running()).toEqual(['production/web']);
    expect(botComments(pull).sticky?.body).toContain('ready to deploy');
    stage.clock.leap(MINUTE_MS);
    const comment = github.comment(ann, shop, pull, '/deploy');
    await deaf();
    expect(reactions(comment)).toEqual(['rocket']);
    expect((await running()).toSorted()).toEqual(['pr-11-shop/web', 'production/web']);
  });

  test('for long: what was asked hours ago is asked back, not done', async () => {
    const { github, shop, ann } = stage;
    const comment = github.comment(ann, shop, pull, '/deploy');
    await github.deliver({ lose: true });
    github.trouble = () => 502;
    stage.clock.leap(3 * 60 * MINUTE_MS);
    github.trouble = undefined;
    await pass(6 * MINUTE_MS);
    expect(reactions(comment)).toEqual(['-1']);
    expect(botComments(pull).answers.at(-1)?.body).toContain('write it again');
    expect(await running()).toEqual([]);
  });
});

test('a deploy can be cancelled while it goes on, by the next comment', async () => {
  const { github, engine, shop, ann } = stage;
  const held = engine.hold('create-sandbox');
  const first = github.comment(ann, shop, pull, '/deploy');
  await github.deliver();
  await held.begun;
  const second = github.comment(ann, shop, pull, '/kata cancel web');
  await github.deliver();
  await until(async () => (await running()).length === 0);
  held.release();
  await stage.settle();
  expect(reactions(second)).toEqual(['rocket']);
  expect(reactions(first)).toEqual(['confused']);
  expect(await running()).toEqual([]);
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000 && !(await holds()); turn++)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a comment of the bot that somebody removes comes back with the next thing to say', async () => {
  const { github, shop, ann } = stage;
  const { sticky } = botComments(pull);
  if (sticky) pull.comments.splice(pull.comments.indexOf(sticky), 1);
  github.comment(ann, shop, pull, '/deploy');
  await stage.settle();
  await pass(2 * MINUTE_MS);
  expect(botComments(pull).sticky?.body).toContain('✅ running');
});

test('an engine that fails is told with its cause, and the next try goes through', async () => {
  const { github, engine, shop, ann } = stage;
  const broken = engine.failAlways(
    'create-sandbox',
    new Failure('engine-unreachable', 'The engine does not answer.'),
  );
  const comment = github.comment(ann, shop, pull, '/deploy');
  await github.deliver();
  await pass(40 * MINUTE_MS, 5 * MINUTE_MS);
  broken.mend();
  await pass(10 * MINUTE_MS);
  expect(['rocket', 'confused']).toContain(reactions(comment)[0]);
  github.comment(ann, shop, pull, '/deploy');
  await stage.settle();
  await pass(2 * MINUTE_MS);
  expect(botComments(pull).sticky?.body).toContain('✅ running');
});
