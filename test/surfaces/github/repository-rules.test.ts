/** What a repository says for itself: its own rules, who owns its files, and which reviews it wants. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runCommand } from '../../../src/commands/index.ts';
import { eventually } from '../../world/bot.ts';
import type { Person, Pull, Repository } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

const MINUTE_MS = 60_000;

let stage: Stage;
let shop: Repository;
let pull: Pull;
let dora: Person;

const open = async (files: Record<string, string>, by?: string) => {
  const { github } = stage;
  shop = github.repository('acme/till', {
    permissions: { ann: 'write', bo: 'admin', dora: 'write', cleo: 'read' },
    files: { 'README.md': 'till', ...files },
  });
  dora = github.person('dora');
  const author = by === undefined ? stage.ann : github.person(by);
  github.push(author, shop, 'feature', { 'containergroup.yaml': groupFile('web') });
  pull = github.openPull(author, shop, { branch: 'feature' });
  await stage.settle();
  stage.clock.leap(2 * MINUTE_MS);
};
const say = async (by: Person, text: string) => {
  const comment = stage.github.comment(by, shop, pull, text);
  await stage.settle();
  return reactions(comment);
};
const answers = () => botComments(pull).answers.map(({ body }) => body.replaceAll('\\', ''));
const wishes = async () =>
  (await stage.bot.app.store.desired.list()).filter(({ repository }) => repository === 'acme/till');
const running = async () =>
  (await wishes()).filter(({ wanted }) => wanted === 'running').map(({ key }) => key);
const plans = () => shop.checks.filter(({ body }) => body['name'] === 'katabot / plan');
const FILE = '.github/katabot.yml';

beforeEach(async () => {
  stage = await openStage();
});
afterEach(() => stage.stop());

describe('the rules of a repository', () => {
  test('hold as the base branch has them: roles, environments, protection and life', async () => {
    await open({
      [FILE]:
        "roles: { write: reader }\nenvironments:\n  production: { pullRequests: false }\n  staging: { protected: true }\n  'pr-*': { longest: 2h }\n",
    });
    expect(await say(stage.ann, '/deploy')).toEqual(['-1']);
    expect(answers().at(-1)).toContain('may not deploy');
    expect(await say(stage.bo, '/deploy to production')).toEqual(['-1']);
    expect(answers().at(-1)).toContain('Pull requests do not go to production');
    expect(await say(stage.bo, '/deploy to staging')).toEqual(['-1']);
    expect(answers().at(-1)).toContain('/kata confirm yes-');
    expect(await say(stage.bo, '/deploy --ttl 4h')).toEqual(['confused']);
    expect(await say(stage.bo, '/deploy')).toEqual(['rocket']);
    const [wish] = await wishes();
    expect((wish?.expiresAtMs ?? 0) - stage.clock.now()).toBeLessThanOrEqual(120 * MINUTE_MS);
  });

  test('have no effect before the merge of the pull request that brings them, and are shown there', async () => {
    await open({ [FILE]: 'roles: { write: reader }\n' });
    const { github, ann } = stage;
    github.push(ann, shop, 'feature', { [FILE]: 'roles: { write: admin }\nforks: deploy\n' });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
    const { summary }: { summary?: unknown } = Object(plans().at(-1)?.body['output']);
    expect(String(summary)).toContain('is changed by this pull request');
    expect(await say(ann, '/deploy')).toEqual(['-1']);
    expect(await running()).toEqual([]);
  });

  test('with a mistake are told at their place, in the pull request and after', async () => {
    await open({});
    const { github, ann, bo } = stage;
    github.push(ann, shop, 'feature', { [FILE]: 'comments: sticky\nforks: always\n' });
    await stage.settle();
    expect(plans().at(-1)?.body).toMatchObject({ conclusion: 'failure' });
    expect(plans().at(-1)?.annotations).toMatchObject([{ path: FILE, start_line: 2, start_column: 8 }]);
    github.push(bo, shop, 'main', { [FILE]: 'forks: always\n' });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
    expect(await say(bo, '/deploy')).toEqual(['-1']);
    expect(answers().at(-1)?.replaceAll('\u2060', '')).toContain(`${FILE}:1:8 on main`);
    expect(await running()).toEqual([]);
  });

  test('can ask for previews with each push, by the right of who pushed', async () => {
    await open({ [FILE]: 'previews: opened\n' });
    expect(await running()).toEqual(['pr-11-till/web']);
    stage.github.push(stage.github.person('cleo'), shop, 'feature', {
      'containergroup.yaml': groupFile('web', { text: 'of a reader' }),
    });
    await stage.settle();
    expect((await wishes())[0]?.revision.number).toBe(1);
    expect(answers()).toEqual([]);
  });

  test.each([
    ['outcomes', 1],
    ['none', 0],
  ])('can ask for no comment that is edited: %s', async (comments, count) => {
    await open({ [FILE]: `comments: ${comments}\n` });
    expect(await say(stage.ann, '/deploy')).toEqual(['rocket']);
    expect(botComments(pull).sticky).toBeUndefined();
    expect(answers().length).toBe(count);
  });
});

test('a repository can ask that its deploys and pushes wait for room, which is told where they were asked for', async () => {
  await open({ [FILE]: 'queue: true\n' });
  const { ground } = stage.bot.app;
  const operate = async (line: string, files: readonly { path: string; text: string }[] = []) => {
    const caller = { name: 'ops', right: 'admin' } as const;
    const said = { words: line.split(' '), caller, surface: 'api', files } as const;
    for await (const _ of runCommand(ground, said, AbortSignal.timeout(20_000)));
  };
  const all = groupFile('all').replace('memoryInGB: 0.1', 'memoryInGB: 16'); // as much as there is
  await operate('deploy --file containergroup.yaml', [{ path: 'containergroup.yaml', text: all }]);
  const comment = stage.github.comment(stage.ann, shop, pull, '/deploy');
  await stage.github.deliver();
  const heard = async (look: () => void) =>
    eventually(async () => {
      stage.clock.leap(1_100);
      look();
    });
  const waits = (place: string) => `it waits for room, ${place} in line: local has 0 GB of memory free`;
  await heard(() => expect(botComments(pull).sticky?.body).toContain(waits('first')));
  stage.github.push(stage.bo, shop, 'main', { 'containergroup.yaml': groupFile('web') });
  await stage.github.deliver();
  await heard(() =>
    expect(shop.statuses.at(-1)).toMatchObject({
      state: 'pending',
      description: expect.stringContaining(waits('number 2')),
    }),
  );
  await operate('delete all');
  await stage.settle();
  expect([reactions(comment), await running()]).toEqual([['rocket'], ['pr-11-till/web', 'production/web']]);
});

describe('who owns the file', () => {
  const CODEOWNERS = {
    '.github/CODEOWNERS': '* @bo\n*.yaml @dora @acme/ops\n',
    [FILE]: 'environments: { staging: { protected: true } }\n',
  };

  test('deploys it to a protected environment, or says yes to it', async () => {
    await open(CODEOWNERS);
    const { ann, bo } = stage;
    expect(await say(ann, '/deploy to staging --yes')).toEqual(['eyes']);
    expect(answers().at(-1)).toContain('dora or the team acme/ops, who own the file');
    expect(await say(bo, '/kata approve staging')).toEqual(['-1']);
    expect(await say(dora, '/kata approve staging')).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
    expect(await say(dora, '/kata delete web in staging --yes')).toEqual(['rocket']);
    expect(await say(dora, '/deploy to staging --yes')).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
  });

  test('is not asked for a preview, and an answer that does not come is a no', async () => {
    await open(CODEOWNERS);
    expect(await say(stage.ann, '/deploy')).toEqual(['rocket']);
    stage.github.trouble = ({ path }) => (path.includes('/memberships/') ? 403 : undefined);
    expect(await say(stage.ann, '/deploy to staging --yes')).toEqual(['-1']);
    expect(answers().at(-1)).toContain('people-unknown');
  });
});

test('reviews that the base branch requires are waited for outside of previews', async () => {
  await open({});
  const { ann, bo, github } = stage;
  shop.reviewRules.set('main', { required_approving_review_count: 1, dismiss_stale_reviews_on_push: true });
  expect(await say(ann, '/deploy')).toEqual(['rocket']);
  expect(await say(ann, '/deploy to staging')).toEqual(['-1']);
  expect(answers().at(-1)).toContain('an approving review');
  github.review(github.person('cleo'), pull, 'APPROVED'); // who may only read does not count
  expect(await say(ann, '/deploy to staging')).toEqual(['-1']);
  github.review(bo, pull, 'APPROVED');
  github.review(bo, pull, 'COMMENTED');
  expect(await say(ann, '/deploy to staging')).toEqual(['rocket']);
  expect(await running()).toEqual(['pr-11-till/web', 'staging/web']);
});
