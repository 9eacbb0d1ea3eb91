/** A pull request from its first commit to its bill, over real HTTP with real signatures. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pull } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

let stage: Stage;
let pull: Pull;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.stop());

const running = async () =>
  (await stage.bot.app.store.desired.list()).filter(({ wanted }) => wanted === 'running');
const checks = (name: string) => stage.shop.checks.filter(({ body }) => body['name'] === name);

describe('a pull request', () => {
  test('with a mistake gets a check with the place, and one comment', async () => {
    const { github, shop, ann } = stage;
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('shop', { cpu: 'two' }) });
    pull = github.openPull(ann, shop, { branch: 'feature', title: 'Ship @acme/owners `it`' });
    await stage.settle();
    const [check] = checks('katabot / plan');
    expect(check?.body).toMatchObject({
      status: 'completed',
      conclusion: 'failure',
      output: { title: '1 error' },
    });
    expect(check?.annotations).toEqual([
      expect.objectContaining({ path: 'containergroup.yaml', start_line: 11, annotation_level: 'failure' }),
    ]);
    const { sticky, answers } = botComments(pull);
    expect(sticky?.body).toContain('1 error');
    expect(sticky?.body).not.toMatch(/@acme/);
    expect(answers).toEqual([]);
  });

  test('that is mended is ready, with its price, in the same comment', async () => {
    const { github, shop, ann } = stage;
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('shop') });
    await stage.settle();
    expect(checks('katabot / plan').at(-1)?.body).toMatchObject({
      conclusion: 'success',
      actions: [{ identifier: 'deploy' }],
    });
    const { sticky, answers } = botComments(pull);
    expect(sticky?.body).toContain('plan: ready to deploy');
    expect(sticky?.body).toMatch(/\/h/);
    expect(answers).toEqual([]);
  });

  test('/deploy is acknowledged, deployed and shown; nothing else is written', async () => {
    const { github, shop, ann } = stage;
    const comment = github.comment(ann, shop, pull, 'Looks good.\n\n/deploy');
    // The push was a moment ago, but ann has made it herself.
    await stage.settle();
    expect(reactions(comment)).toEqual(['rocket']);
    expect((await running()).map(({ key, repository }) => [key, repository])).toEqual([
      ['pr-11-shop/shop', 'acme/shop'],
    ]);
    const { sticky, answers } = botComments(pull);
    expect(answers).toEqual([]);
    expect(sticky?.body).toMatch(/\*\*pr-11-shop\*\* \| ✅ running \| .* \| 1\/1 \|/);
    expect(checks('katabot / pr-11-shop').map(({ body }) => [body['status'], body['conclusion']])).toEqual([
      ['completed', 'success'],
    ]);
    expect(
      shop.deployments.map(({ environment, statuses, body }) => [
        environment,
        body['transient_environment'],
        statuses.at(-1)?.state,
      ]),
    ).toEqual([['pr-11-shop', true, 'success']]);
  });

  test('a question is answered in a comment of its own', async () => {
    const { github, shop, ann } = stage;
    const comment = github.comment(ann, shop, pull, '@katabot logs');
    await stage.settle();
    expect(reactions(comment)).toEqual(['rocket']);
    const { answers } = botComments(pull);
    expect(answers.map(({ body }) => body)).toEqual([expect.stringContaining('main | up')]);
  });

  test('a word that is no verb is answered with what was meant', async () => {
    const { github, shop, ann } = stage;
    const comment = github.comment(ann, shop, pull, '/kata statsu');
    await stage.settle();
    expect(reactions(comment)).toEqual(['confused']);
    expect(botComments(pull).answers.at(-1)?.body).toContain('/kata status');
  });

  test('who may only read changes nothing, and is told what it takes', async () => {
    const { github, shop, eve } = stage;
    const comment = github.comment(eve, shop, pull, '/kata stop');
    await stage.settle();
    expect(reactions(comment)).toEqual(['-1']);
    expect(botComments(pull).answers.at(-1)?.body).toContain('role read');
    expect((await running()).length).toBe(1);
  });

  test('a failure is told once, with what keeps serving', async () => {
    const { github, shop, ann } = stage;
    github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('shop', { image: 'missing:1' }) });
    await stage.settle();
    const comment = github.comment(ann, shop, pull, '/deploy');
    await stage.settle();
    expect(reactions(comment)).toEqual(['confused']);
    const { sticky, answers } = botComments(pull);
    expect(answers.at(-1)?.body).toContain('missing');
    expect(sticky?.body).toMatch(/❌ failed/);
    expect(checks('katabot / pr-11-shop').at(-1)?.body).toMatchObject({ conclusion: 'failure' });
  });

  test('merging takes the preview down, and the bill stays', async () => {
    const { github, shop, bo } = stage;
    github.merge(bo, shop, pull);
    await stage.settle();
    expect((await running()).map(({ key }) => key)).toEqual(['production/shop']);
    const { sticky } = botComments(pull);
    expect(sticky?.body).toMatch(/~~pr-11-shop~~ \| ⏹ removed · with the merge by bo/);
    expect(sticky?.body).toMatch(/total/);
    expect(
      shop.deployments
        .filter(({ environment }) => environment === 'pr-11-shop')
        .map(({ statuses }) => statuses.at(-1)?.state),
    ).toContain('inactive');
  });

  test('a merge that does not come up is told at the commit, and in the pull request that was merged', async () => {
    const { shop } = stage;
    expect(shop.statuses.at(-1)).toMatchObject({ context: 'katabot / production', state: 'failure' });
    expect(botComments(pull).answers.at(-1)?.body).toContain('not deployed to production: image-not-found');
    const [deployment] = shop.deployments.filter(({ environment }) => environment === 'production');
    expect(deployment?.statuses.at(-1)?.state).toBe('failure');
  });

  test('all of it took few writes', () => {
    const writes = stage.github.app.requests.filter(
      ({ method, path }) => method !== 'GET' && !path.endsWith('access_tokens'),
    );
    expect(writes.length).toBeLessThanOrEqual(60);
  });
});
