/** Who may, what exactly, and what happens when the world misbehaves: one pull request each, over real HTTP. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pull, Repository } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

let stage: Stage;
let shop: Repository;
let pull: Pull;
let count = 0;

/** A fresh bot, because GitHub lets an app write only so much a minute; and a pull request of ann's that could be deployed. */
beforeEach(async () => {
  stage = await openStage();
  const { github, ann } = stage;
  count++;
  shop = github.repository(`acme/shop-${count}`, { permissions: { ann: 'write', bo: 'admin', eve: 'read' } });
  github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web') });
  pull = github.openPull(ann, shop, { branch: 'feature' });
  await stage.settle();
});

afterEach(() => stage.stop());

const environment = () => `pr-11-shop-${count}`;
const keys = async () =>
  (await stage.bot.app.store.desired.list())
    .filter(({ wanted, repository }) => wanted === 'running' && repository === `acme/shop-${count}`)
    .map(({ key }) => key);
const lastAnswer = () => botComments(pull).answers.at(-1)?.body ?? '';
const say = async (by: Parameters<Stage['github']['comment']>[0], text: string) => {
  const comment = stage.github.comment(by, shop, pull, text);
  await stage.settle();
  return reactions(comment);
};
/** Pushes and comments have times of whole seconds: what follows is later. */
const age = () => {
  for (const each of shop.pulls.values()) each.updatedAtMs -= 120_000;
};

describe('which commit', () => {
  test('a push after the comment was sent is not deployed, whichever webhook comes first', async () => {
    const { github, ann, bo } = stage;
    github.comment(bo, shop, pull, '/deploy');
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'sneaked in' }) });
    await github.deliver({ reversed: true });
    await stage.settle();
    expect(await keys()).toEqual([]);
    expect(lastAnswer()).toMatch(/head-(moved|fresh|unknown)/);
  });

  test('a push of somebody else a moment before asks for its name; named, it is deployed', async () => {
    const { github, bo } = stage;
    expect(await say(bo, '/deploy')).toEqual(['-1']);
    expect(lastAnswer()).toContain('head-fresh');
    const head = shop.branches.get('feature') ?? '';
    expect(await say(bo, `/deploy @${head.slice(0, 7)}`)).toEqual(['rocket']);
    expect(await keys()).toEqual([`${environment()}/web`]);
    expect(github.trouble).toBeUndefined();
  });

  test('a commit of another branch is none of the pull request', async () => {
    const { github, bo, ann } = stage;
    const other = github.push(ann, shop, 'other', {
      'containergroup.yaml': groupFile('web', { text: 'other' }),
    });
    expect(await say(bo, `/deploy @${other.slice(0, 10)}`)).toEqual(['confused']);
    expect(await keys()).toEqual([]);
  });

  test('a button stands for the commit that it was shown with', async () => {
    const { github, ann, bo } = stage;
    const [check] = shop.checks.filter(({ body }) => body['name'] === 'katabot / plan');
    if (!check) throw new Error('there is no plan');
    github.press(bo, shop, check, 'deploy');
    await stage.settle();
    expect(await keys()).toEqual([`${environment()}/web`]);
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'newer' }) });
    await stage.settle();
    github.press(bo, shop, check, 'deploy');
    await stage.settle();
    const [wish] = (await stage.bot.app.store.desired.list()).filter(({ repository }) =>
      repository.endsWith(`-${count}`),
    );
    expect(wish?.revision.number).toBe(1);
  });
});

test('a plan that is asked for again gets a check of its own', async () => {
  const plans = () => shop.checks.filter(({ body }) => body['name'] === 'katabot / plan');
  const [first] = plans();
  if (!first) throw new Error('there is no plan');
  stage.github.rerequest(stage.bo, shop, first);
  await stage.settle();
  expect(plans().map(({ body }) => body['conclusion'])).toEqual(['success', 'success']);
});

describe('who', () => {
  test('a reader with a pull request from an existing branch deploys nothing', async () => {
    const { github, eve } = stage;
    pull = github.openPull(eve, shop, { branch: 'feature', title: 'mine now' });
    await stage.settle();
    expect(await say(eve, '/deploy')).toEqual(['-1']);
    expect(await keys()).toEqual([]);
  });

  test('a stranger to a public repository may not even look, whatever the payload says of them', async () => {
    const { github } = stage;
    shop.private = false;
    const stranger = github.person('mallory');
    expect(await say(stranger, '/kata status')).toEqual(['-1']);
    expect(lastAnswer()).toContain('no role');
  });

  test('a name that belongs to somebody else by now has no right', async () => {
    const { github, ann } = stage;
    age();
    const comment = github.comment(ann, shop, pull, '/deploy');
    github.state.people.set('ann', { id: 999_999, login: 'ann', type: 'User' });
    await stage.settle();
    github.state.people.set('ann', ann);
    expect(reactions(comment)).toEqual(['-1']);
    expect(await keys()).toEqual([]);
  });

  test.each([
    ['a fork', (base: Repository): Repository | null => ({ ...base, id: 50_000 + count, name: 'fork' })],
    ['a fork that was deleted', () => null],
    ['a fork of the same owner', (base: Repository) => ({ ...base, id: 60_000 + count, name: base.name })],
  ])('%s is planned and never deployed', async (_name, head) => {
    const { github, bo } = stage;
    pull = github.openPull(github.person('mallory'), shop, { branch: 'feature' });
    pull.head = head(shop);
    await stage.settle();
    expect(shop.checks.at(-1)?.body).toMatchObject({ name: 'katabot / plan', conclusion: 'success' });
    const commit = pull.commits.at(-1) ?? '';
    expect(await say(bo, `/deploy @${commit.slice(0, 8)}`)).toEqual(['-1']);
    expect(lastAnswer()).toContain('come from a fork');
    expect(await keys()).toEqual([]);
  });

  test('a bot is not listened to', async () => {
    const { github } = stage;
    const robot = { id: 77, login: 'renovate[bot]', type: 'Bot' } as const;
    expect(await say(robot, '/deploy')).toEqual([]);
    expect(github.state.repositories.size).toBeGreaterThan(0);
  });

  test('a comment that was deleted before it was read asks for nothing', async () => {
    const { github, bo } = stage;
    const comment = github.comment(bo, shop, pull, '/deploy');
    github.deleteComment(bo, shop, pull, comment);
    await stage.settle();
    expect(await keys()).toEqual([]);
  });

  test('a command that was edited in is not obeyed, and that is said', async () => {
    const { github, bo } = stage;
    const comment = github.comment(bo, shop, pull, 'thanks!');
    await stage.settle();
    github.editComment(bo, shop, pull, comment, 'thanks!\n\n/deploy');
    await stage.settle();
    expect(await keys()).toEqual([]);
    expect(lastAnswer()).toContain('edited into a comment');
  });
});

describe('what GitHub’s environments ask', () => {
  const rules = (name: string, protection_rules: object[], more: object = {}) =>
    shop.environments.set(name, { protection_rules, deployment_branch_policy: null, ...more });
  const head = () => (shop.branches.get('feature') ?? '').slice(0, 8);

  test.each<[string, () => void, string]>([
    [
      'reviewers that cannot be told from others',
      () =>
        rules('staging', [
          { type: 'required_reviewers', reviewers: [{ type: 'Robot', reviewer: { login: 'cleo' } }] },
        ]),
      'asks for reviewers',
    ],
    ['a wait without an end', () => rules('staging', [{ type: 'wait_timer' }]), 'how long'],
    [
      'a rule that nobody knows',
      () => rules('staging', [{ type: 'phase_of_the_moon' }]),
      'phase_of_the_moon',
    ],
    [
      'other branches',
      () =>
        rules('staging', [], {
          deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
          patterns: ['release/*'],
        }),
      'release/*',
    ],
    [
      'protected branches',
      () =>
        rules('staging', [], {
          deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
        }),
      'protected branches only',
    ],
    ['a rule of an app', () => rules('staging', [], { apps: ['gatekeeper'] }), 'gatekeeper'],
    [
      'a check that is green once and red once',
      () => {
        shop.required.set('main', ['ci / test']);
        const sha = shop.branches.get('feature') ?? '';
        shop.statuses.push({ sha, context: 'ci / test', state: 'success', description: '', target_url: '' });
        const body = { name: 'ci / test', head_sha: sha, status: 'completed', conclusion: 'failure' };
        shop.checks.push({ id: 1, app: 3, annotations: [], body });
      },
      'ci / test',
    ],
    ['a check that has not passed', () => shop.required.set('main', ['ci / test']), 'ci / test'],
  ])('%s keep a deployment out', async (_name, arrange, expected) => {
    arrange();
    expect(await say(stage.bo, `/deploy to staging @${head()}`)).toEqual(['-1']);
    expect(lastAnswer().replaceAll('\\', '')).toContain(expected);
    expect(await keys()).toEqual([]);
  });

  test('an answer that does not come is a no', async () => {
    stage.github.trouble = ({ path }) => (path.includes('/environments/') ? 500 : undefined);
    expect(await say(stage.bo, `/deploy to staging @${head()}`)).toEqual(['-1']);
    stage.github.trouble = undefined;
    expect(await keys()).toEqual([]);
  });

  test('a branch that fits, and checks that passed, let it in', async () => {
    rules('staging', [], {
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
      patterns: ['feat*'],
    });
    shop.required.set('main', ['ci / test']);
    shop.statuses.push({
      sha: shop.branches.get('feature') ?? '',
      context: 'ci / test',
      state: 'success',
      description: '',
      target_url: '',
    });
    expect(await say(stage.bo, `/deploy to staging @${head()}`)).toEqual(['rocket']);
    expect(await keys()).toEqual(['staging/web']);
    expect(await say(stage.bo, '/kata delete web in staging')).toEqual(['rocket']);
  });
});

describe('deliveries', () => {
  test('twice, late and in the wrong order make no second deploy', async () => {
    const { github, bo } = stage;
    const head = (shop.branches.get('feature') ?? '').slice(0, 8);
    const comment = github.comment(bo, shop, pull, `/deploy @${head}`);
    github.comment(bo, shop, pull, 'nothing to do here');
    await github.deliver({ reversed: true, twice: true });
    await stage.settle();
    const [sent] = github.deliveries.filter(({ body }) => body.includes(`"id":${comment.id}`));
    if (!sent) throw new Error('nothing was sent');
    expect(await github.send(sent.event, sent.body)).toBe(200);
    await stage.settle();
    const [wish] = (await stage.bot.app.store.desired.list()).filter(({ key }) =>
      key.startsWith(environment()),
    );
    expect(wish?.revision.number).toBe(1);
    expect(reactions(comment)).toEqual(['rocket']);
  });

  test('that are forged, nameless or of another kind change nothing', async () => {
    const { github, bo } = stage;
    const before = botComments(pull).answers.length;
    github.comment(bo, shop, pull, '/deploy');
    const body = github.deliveries.at(-1)?.body ?? '';
    expect(await github.send('issue_comment', body, { secret: 'a guess at the secret' })).toBe(401);
    expect(await github.send('issue_comment', body, { guid: '' })).toBe(400);
    expect(await github.send('issue_comment', '{', {})).toBe(400);
    expect(await github.send('star', body)).toBe(200);
    await stage.bot.app.github?.idle();
    expect(botComments(pull).answers.length).toBe(before);
    expect(await keys()).toEqual([]);
    await github.deliver({ lose: true });
  });

  test('longer than any that GitHub sends are refused before they are read to the end', async () => {
    const { github } = stage;
    expect(await github.send('push', JSON.stringify({ text: 'x'.repeat(5_000_000) }))).toBe(413);
  });

  test('the secret that is being replaced still counts', async () => {
    const { github } = stage;
    expect(await github.send('ping', '{}', { secret: 'something else entirely' })).toBe(401);
    expect(await github.send('ping', '{}')).toBe(200);
  });
});
