/** Deploys that wait: for people, for the clock, for a look at a stranger's commit. Over real HTTP, a pull request each. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../../src/secrets/index.ts';
import type { Person, Pull, Repository } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

const MINUTE_MS = 60_000;

let stage: Stage;
let shop: Repository;
let pull: Pull;
let cleo: Person;
let dora: Person;

const open = async (settings: Record<string, unknown> = {}, app: Record<string, unknown> = {}) => {
  stage = await openStage(settings, app);
  const { github, ann } = stage;
  [cleo, dora] = [github.person('cleo'), github.person('dora')];
  shop = github.repository('acme/till', {
    permissions: { ann: 'write', bo: 'admin', cleo: 'read', dora: 'write' },
    files: { 'README.md': 'till' },
  });
  github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web') });
  pull = github.openPull(ann, shop, { branch: 'feature' });
  await stage.settle();
  stage.clock.leap(2 * MINUTE_MS);
};
const reviewers = (...all: object[]) =>
  shop.environments.set('staging', {
    protection_rules: [{ type: 'required_reviewers', prevent_self_review: true, reviewers: all }],
    deployment_branch_policy: null,
  });
const user = ({ id, login }: Person) => ({ type: 'User', reviewer: { id, login } });
const say = async (by: Person, text: string) => {
  const comment = stage.github.comment(by, shop, pull, text);
  await stage.settle();
  return comment;
};
const running = async () =>
  (await stage.bot.app.store.desired.list())
    .filter(({ wanted, repository }) => wanted === 'running' && repository === 'acme/till')
    .map(({ key }) => key);
const answers = () => botComments(pull).answers.map(({ body }) => body.replaceAll('\\', ''));
const sticky = () => botComments(pull).sticky?.body ?? '';
const checks = (environment: string) =>
  shop.checks.filter(({ body }) => body['name'] === `katabot / ${environment}`);
const waiting = async () => (await stage.bot.app.store.proposals.open())[0]?.id ?? 'nothing';

afterEach(() => stage.stop());

describe('an environment with required reviewers', () => {
  beforeEach(async () => {
    await open();
    reviewers(user(cleo));
  });

  test('waits for them, says so everywhere, and goes on by itself with a yes', async () => {
    await say(stage.ann, '/kata plan to staging');
    expect(answers().at(-1)).toMatch(
      /environment rules[\s\S]*approvals.*of cleo[\s\S]*it would wait for that/,
    );
    const asked = await say(stage.ann, '/deploy to staging');
    expect(reactions(asked)).toEqual(['eyes']);
    expect(await running()).toEqual([]);
    expect(sticky()).toContain('| **staging** | ⏳ waits · for cleo |');
    expect(answers().at(-1)).toContain(`/kata approve ${await waiting()}`);
    expect(answers().at(-1)?.split('\n').at(-1)).toBe('@cleo');
    expect(checks('staging').at(-1)?.body).toMatchObject({
      conclusion: 'action_required',
      actions: [{ identifier: 'approve' }, { identifier: 'cancel' }],
    });
    const yes = await say(cleo, '/kata approve staging --reason "seen with ann"');
    expect(reactions(yes)).toEqual(['rocket']);
    expect(reactions(asked)).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
    expect(checks('staging').map(({ body }) => body['conclusion'])).toEqual(['action_required', 'success']);
    expect(await stage.bot.app.store.proposals.open()).toEqual([]);
  });

  test('takes no yes from who asked, who wrote it, or who is not asked', async () => {
    const { github, ann, bo } = stage;
    reviewers(user(cleo), user(ann), user(dora));
    github.push(dora, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'mine' }) });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
    await say(bo, '/deploy to staging');
    for (const [by, why] of [
      [bo, 'has asked for this'],
      [ann, 'has written one of the commits'],
      [dora, 'has written one of the commits'],
      [github.person('eve'), 'may not approve'],
    ] as const) {
      expect(reactions(await say(by, `/kata approve ${await waiting()}`))).toEqual(['-1']);
      expect(answers().at(-1)).toContain(by.login === 'eve' ? 'no role' : why);
    }
    expect(await running()).toEqual([]);
    // A team is asked for its members as they are now.
    reviewers({ type: 'Team', reviewer: { id: 5, slug: 'ops' } });
    expect(reactions(await say(cleo, `/kata approve ${await waiting()}`))).toEqual(['rocket']);
    expect(await running()).toEqual([]);
    github.state.teams.set('acme/ops', new Set([cleo.id]));
    expect(reactions(await say(cleo, `/kata approve ${await waiting()}`))).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
  });

  test('a yes is for that commit: a newer push takes all of it back, and says why', async () => {
    const { github, ann } = stage;
    const asked = await say(ann, '/deploy to staging');
    const id = await waiting();
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'sneaked in' }) });
    await stage.settle();
    expect(reactions(asked)).toEqual(['-1']);
    expect(answers().join()).toContain('was pushed: what was asked for');
    expect(reactions(await say(cleo, `/kata approve ${id}`))).toEqual(['-1']);
    expect(answers().at(-1)).toContain('is over');
    expect(await running()).toEqual([]);
  });

  test('a yes and a push at once deploy nothing that was not seen, in either order', async () => {
    const { github, ann } = stage;
    await say(ann, '/deploy to staging');
    const id = await waiting();
    github.comment(cleo, shop, pull, `/kata approve ${id}`);
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web', { text: 'sneaked in' }) });
    await github.deliver({ reversed: true });
    await stage.settle();
    expect(await running()).toEqual([]);
  });

  test('a no takes a reason, and ends it', async () => {
    const asked = await say(stage.ann, '/deploy to staging');
    expect(reactions(await say(cleo, `/kata reject ${await waiting()}`))).toEqual(['-1']);
    await say(cleo, `/kata reject ${await waiting()} --reason "the migration is missing"`);
    expect(reactions(asked)).toEqual(['-1']);
    expect(answers().join()).toContain('cleo said no: the migration is missing');
    expect(await running()).toEqual([]);
  });

  test('silence for an hour is a no, told to who asked', async () => {
    const asked = await say(stage.ann, '/deploy to staging');
    stage.clock.leap(61 * MINUTE_MS);
    await stage.settle();
    expect(reactions(asked)).toEqual(['-1']);
    expect(answers().join()).toContain('Nobody approved the deploy to staging in time');
  });

  test('it survives a restart, and the buttons do what the words do', async () => {
    const { github, ann } = stage;
    const asked = await say(ann, '/deploy to staging');
    await stage.restart();
    await stage.settle();
    const [check] = checks('staging');
    if (!check) throw new Error('there is no check');
    github.press(ann, shop, check, 'approve');
    await stage.settle();
    expect(await running()).toEqual([]);
    github.press(cleo, shop, check, 'approve');
    await stage.settle();
    expect(reactions(asked)).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
    expect(botComments(pull).answers.filter(({ body }) => body.includes('ask-')).length).toBeLessThanOrEqual(
      3,
    );
  });

  test('an operator goes past it with a reason, and everybody is told', async () => {
    const { ann, bo } = stage;
    expect(
      reactions(await say(ann, '/deploy to staging --break-glass --reason "the shop is down since noon"')),
    ).toEqual(['-1']);
    expect(reactions(await say(bo, '/deploy to staging --break-glass --reason short'))).toEqual(['-1']);
    expect(await running()).toEqual([]);
    expect(
      reactions(await say(bo, '/deploy to staging --break-glass --reason "the shop is down since noon"')),
    ).toEqual(['rocket']);
    expect(await running()).toEqual(['staging/web']);
    expect(answers().at(-1)).toContain('bo went past the approval of cleo');
    const rows = await stage.bot.app.store.audit.entries({});
    expect(rows.map(({ decision }) => decision).join()).toContain('allowed: break-glass (role admin');
  });

  test('the merge waits for them too, and goes on from a comment in what was merged', async () => {
    const { github, bo } = stage;
    shop.environments.set('production', {
      protection_rules: [{ type: 'required_reviewers', reviewers: [user(cleo)] }],
      deployment_branch_policy: null,
    });
    github.merge(bo, shop, pull);
    await stage.settle();
    expect(await running()).toEqual([]);
    expect(shop.statuses.at(-1)).toMatchObject({
      context: 'katabot / production',
      state: 'pending',
      description: 'waits for cleo',
    });
    expect(reactions(await say(bo, '/kata approve production'))).toEqual(['-1']);
    expect(reactions(await say(cleo, `/kata approve ${await waiting()}`))).toEqual(['rocket']);
    expect(await running()).toEqual(['production/web']);
    expect(shop.statuses.at(-1)).toMatchObject({ state: 'success' });
  });
});

test('a wait timer is shown as a time, survives a restart, and ends by itself', async () => {
  await open();
  shop.environments.set('staging', {
    protection_rules: [{ type: 'wait_timer', wait_timer: 30 }],
    deployment_branch_policy: null,
  });
  const asked = await say(stage.ann, '/deploy to staging');
  expect(sticky()).toMatch(/⏳ waits · until (\d{4}-\d\d-\d\d )?\d\d:\d\d UTC/);
  expect(checks('staging').at(-1)?.body).toMatchObject({ status: 'queued' });
  stage.clock.leap(20 * MINUTE_MS);
  await stage.restart();
  await stage.settle();
  expect(await running()).toEqual([]);
  stage.clock.leap(11 * MINUTE_MS);
  await stage.settle();
  expect(await running()).toEqual(['staging/web']);
  expect(reactions(asked)).toEqual(['rocket']);
});

describe('a fork that may be deployed', () => {
  let mallory: Person;
  beforeEach(async () => {
    await open({}, { forks: 'deploy' });
    const { github } = stage;
    mallory = github.person('mallory');
    const fork = github.repository('mallory/till', { files: { 'README.md': 'till' } });
    github.push(mallory, fork, 'gift', { 'containergroup.yaml': groupFile('web') });
    pull = github.openPull(mallory, shop, { branch: 'gift', from: fork });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
  });
  const environment = () => `pr-${pull.number}-till`;
  const change = async (text: string) => {
    if (!pull.head) throw new Error('the fork is gone');
    stage.github.push(mallory, pull.head, 'gift', { 'containergroup.yaml': text });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
  };

  test('waits for a look at that commit; the next push asks anew', async () => {
    const { github, ann } = stage;
    expect(sticky()).toContain(`/kata approve ${environment()}`);
    const asked = await say(ann, '/deploy');
    expect(reactions(asked)).toEqual(['eyes']);
    expect(reactions(await say(mallory, `/kata approve ${environment()}`))).toEqual(['-1']);
    expect(reactions(await say(cleo, `/kata approve ${environment()}`))).toEqual(['-1']);
    expect(await running()).toEqual([]);
    expect(reactions(await say(dora, `/kata approve ${environment()}`))).toEqual(['rocket']);
    expect(reactions(asked)).toEqual(['rocket']);
    expect(await running()).toEqual([`${environment()}/web`]);
    if (!pull.head) throw new Error('the fork is gone');
    github.push(mallory, pull.head, 'gift', { 'containergroup.yaml': groupFile('web', { text: 'worse' }) });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
    expect(sticky()).toContain(`/kata approve ${environment()}`);
    expect(reactions(await say(ann, '/deploy'))).toEqual(['eyes']);
    const [wish] = await stage.bot.app.store.desired.list();
    expect(wish?.revision.number).toBe(1);
  });

  test('a yes to the environment means the commit that could be seen', async () => {
    const { github } = stage;
    if (!pull.head) throw new Error('the fork is gone');
    github.comment(dora, shop, pull, `/kata approve ${environment()}`);
    github.push(mallory, pull.head, 'gift', { 'containergroup.yaml': groupFile('web', { text: 'worse' }) });
    await github.deliver({ reversed: true });
    await stage.settle();
    stage.clock.leap(2 * MINUTE_MS);
    expect(reactions(await say(stage.ann, '/deploy'))).toEqual(['eyes']);
    expect(await running()).toEqual([]);
  });

  test('goes nowhere but to its preview, whoever has approved it', async () => {
    expect(reactions(await say(dora, `/kata approve ${environment()}`))).toEqual(['rocket']);
    for (const environmentOf of ['staging', 'production']) {
      expect(reactions(await say(stage.bo, `/deploy to ${environmentOf} --yes`))).toEqual(['-1']);
      expect(answers().at(-1)).toContain(`run as a preview at most, and not in ${environmentOf}`);
    }
    expect(await running()).toEqual([]);
  });

  test('gets no GPU, whoever has approved it', async () => {
    const text = groupFile('web').replace('cpu: 0.1,', 'cpu: 0.1, gpu: { count: 1, sku: V100 },');
    await change(text);
    await say(dora, `/kata approve ${environment()}`);
    expect(reactions(await say(stage.bo, '/deploy'))).toEqual(['-1']);
    expect(answers().at(-1)).toContain('come from a fork, and containergroup.yaml asks for a GPU');
    expect(await running()).toEqual([]);
  });

  test('is given no secret once it is approved, and is not told whether there is one', async () => {
    const { ground } = stage.bot.app;
    const kept = { name: 'THERE', repository: '', environment: '', setBy: 'bo', setAtMs: 0, fingerprint: '' };
    await ground.secrets.set(kept, new Secret('canary-of-the-shop'));
    const answersFor: string[] = [];
    for (const name of ['THERE', 'OTHER']) {
      const variable = `        environmentVariables: [{ name: TOKEN, secureValueReference: 'katabot:${name}' }]\n`;
      await change(groupFile('web').replace('        resources:\n', `${variable}        resources:\n`));
      const asked = await say(stage.ann, '/deploy');
      expect(reactions(asked)).toEqual(['eyes']);
      expect(reactions(await say(dora, `/kata approve ${environment()}`))).toEqual(['rocket']);
      expect(reactions(asked)).toEqual(['confused']);
      const answer = answers().at(-1) ?? '';
      answersFor.push(answer.slice(answer.indexOf('\n')).replaceAll(name, 'NAME')); // without the mark of the comment
    }
    expect(answersFor[0]).toContain('The commit comes from a fork: it is given no secret');
    expect(answersFor[1]).toBe(answersFor[0]);
    expect(JSON.stringify(pull.comments)).not.toContain('canary-of-the-shop');
    expect(await running()).toEqual([]);
  });
});

test('a protected environment is confirmed by who asked, once, within ten minutes', async () => {
  await open({ protected: ['staging'] });
  const { ann, bo, clock } = stage;
  expect(reactions(await say(ann, '/deploy to staging'))).toEqual(['-1']);
  const id = /yes-\w+/.exec(answers().at(-1) ?? '')?.[0] ?? 'none';
  expect(reactions(await say(bo, `/kata confirm ${id}`))).toEqual(['-1']);
  expect(reactions(await say(ann, `/kata confirm ${id}`))).toEqual(['rocket']);
  expect(await running()).toEqual(['staging/web']);
  expect(reactions(await say(ann, `/kata confirm ${id}`))).toEqual(['-1']);
  await say(ann, '/kata stop web in staging');
  const late = /yes-\w+/.exec(answers().at(-1) ?? '')?.[0] ?? 'none';
  expect(late).not.toBe(id);
  clock.leap(11 * MINUTE_MS);
  expect(reactions(await say(ann, `/kata confirm ${late}`))).toEqual(['-1']);
});
