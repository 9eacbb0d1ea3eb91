/** A channel hears of a repository when somebody who may read it says so, and of no more than they may read. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPeople, type PeopleStage } from './stage.ts';

const ANN = { team: 'T1', user: 'U1ANN' };
const ZOE = { team: 'T1', user: 'U1ZOE' };
const SHOP = { repository: 'acme/shop' };

let stage: PeopleStage;

beforeAll(async () => {
  stage = await openPeople(
    {},
    { roles: { write: [{ right: 'deployer', environments: ['staging', 'pr-*'] }] } },
  );
  await stage.link(ANN, stage.ann);
});
afterAll(() => stage.stop());

const book = () => stage.stage.bot.app.store.subscriptions;

test('what somebody may read is told to the channel, and the channel is told who asked for it', async () => {
  const { outcome, text } = await stage.say(
    ANN,
    '/kata subscribe acme/shop env:staging on:failed,cost&gt;5/h',
    SHOP,
  );
  expect(outcome).toMatchObject({ kind: 'done', code: 'subscribed' });
  expect(text).toContain('This channel is told of acme/shop: staging; failed, a price over $5.00 an hour.');
  expect(text).toContain('Asked for by github:ann');
  expect(text).toContain('Nothing of acme/shop runs in staging yet');
  expect(await book().about('acme/shop')).toEqual([
    expect.objectContaining({
      team: 'T1',
      channel: 'C1',
      environments: ['staging'],
      on: ['failed'],
      abovePicosPerHour: 5_000_000_000_000n,
      by: 'github:ann',
    }),
  ]);
});

test('said again it takes the place of what was said before, and survives a restart', async () => {
  await stage.say(ANN, '/kata subscribe Acme/Shop env:staging', SHOP);
  await stage.restart();
  expect(await book().of({ team: 'T1', channel: 'C1' })).toHaveLength(1);
  const { text } = await stage.say(ZOE, '/kata subscriptions');
  expect(text).toMatch(/acme\/shop +staging +everything +github:ann/);
});

test.each([
  ['everything, by somebody who may not read everywhere', ANN, '/kata subscribe acme/shop', 'right-missing'],
  ['a pattern that they may not read', ANN, '/kata subscribe acme/shop env:*', 'right-missing'],
  ['another environment', ANN, '/kata subscribe acme/shop env:staging,production', 'right-missing'],
  ['somebody without a link', ZOE, '/kata subscribe acme/shop env:production', 'not-linked'],
  ['another repository', ANN, '/kata subscribe acme/bank env:staging', 'right-missing'],
  ['no repository', ANN, '/kata subscribe', 'usage'],
  ['a repository that is none', ANN, '/kata subscribe ../etc', 'usage'],
  ['a filter that is none', ANN, '/kata subscribe acme/shop env:staging on:faild', 'usage'],
])('%s is refused, and nothing is kept', async (_what, member, line, code) => {
  const { outcome } = await stage.say(member, line, { ...SHOP, channel: 'C2' });
  expect(outcome).toMatchObject({ code });
  expect(await book().of({ team: 'T1', channel: 'C2' })).toEqual([]);
});

test('a mistake in a filter is shown at its place', async () => {
  const { text } = await stage.say(ANN, '/kata subscribe acme/shop env:staging on:faild', SHOP);
  expect(text).toContain('Did you mean failed?');
  expect(text).toMatch(/\/kata subscribe acme\/shop env:staging on:faild\n +\^{5}/);
});

test('it ends with unsubscribe, said twice too', async () => {
  expect((await stage.say(ANN, '/kata unsubscribe acme/shop', SHOP)).outcome.code).toBe('unsubscribed');
  expect((await stage.say(ANN, '/kata unsubscribe acme/shop', SHOP)).outcome.code).toBe(
    'unsubscribed-already',
  );
  expect(await book().about('acme/shop')).toEqual([]);
  expect((await stage.say(ANN, '/kata subscriptions')).text).toContain('told of nothing');
});

test('elsewhere than in Slack these verbs are not said', async () => {
  const { code } = await stage.stage.bot.run('subscribe', 'acme/shop');
  expect(code).toBe('wrong-surface');
});
