/** What somebody may do in Slack: what their number may do on GitHub, asked anew; what the settings say; what the channel hears. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runCommand } from '../../../../src/commands/index.ts';
import type { Caller } from '../../../../src/policy/index.ts';
import { groupFile } from '../../github/stage.ts';
import { openPeople, type PeopleStage } from './stage.ts';

const ANN = { team: 'T1', user: 'U1ANN' };
const BO = { team: 'T1', user: 'U1BO' };
const EVE = { team: 'T1', user: 'U1EVE' };
const OPS = { team: 'T1', user: 'U1OPS' };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SHOP = { repository: 'acme/shop' };

let stage: PeopleStage;

beforeAll(async () => {
  stage = await openPeople({
    callers: { 'slack:T1/U1OPS': 'operator', 'slack:T9/U1ANN': 'admin' },
  });
  const { github, ann, shop } = stage;
  github.push(ann, shop, 'main', { 'containergroup.yaml': groupFile('shop') });
  await stage.stage.settle();
  const caller: Caller = { name: 'local', right: 'admin' };
  const file = { path: 'containergroup.yaml', text: groupFile('shop') };
  const said = {
    words: ['deploy', '--file', file.path, '--yes'],
    caller,
    surface: 'cli',
    files: [file],
  } as const;
  for await (const _ of runCommand(stage.stage.bot.app.ground, said, AbortSignal.timeout(20_000)));
  await stage.link(ANN, stage.ann);
  await stage.link(BO, stage.bo);
  await stage.link(EVE, stage.eve);
});
afterAll(() => stage.stop());
beforeEach(() => {
  stage.clock.leap(2 * MINUTE_MS); // no role is remembered from before
});
afterEach(() => {
  stage.github.trouble = undefined;
});

const rightsOf = async (member: typeof ANN, about: { repository?: string; channel?: string } = SHOP) => {
  const { grants = [] } = await stage.callerOf(member, about);
  return grants.map(({ right, rule }) => `${right}: ${rule}`);
};

describe('a person who is linked', () => {
  test('has in Slack what their role gives on GitHub, in that repository', async () => {
    expect(await rightsOf(ANN)).toEqual(['deployer: role write in acme/shop']);
    expect(await rightsOf(BO)).toEqual(['operator: role admin in acme/shop']);
    expect(await rightsOf(EVE)).toEqual(['reader: role read in acme/shop']);
    expect(await stage.callerOf(ANN, SHOP)).toMatchObject({
      name: 'github:ann',
      accounts: { github: stage.ann.id, chat: { home: 'T1', user: 'U1ANN' } },
    });
    expect(await rightsOf(ANN, { repository: 'acme/nowhere' })).toEqual([]);
  });

  test('keeps the link under another name, and the next owner of the old name has nothing', async () => {
    const { github, ann } = stage;
    github.state.people.delete('ann');
    ann.login = 'anna';
    github.state.people.set('anna', ann);
    const other = github.person('ann');
    stage.clock.leap(2 * MINUTE_MS);
    expect(await stage.callerOf(ANN, SHOP)).toMatchObject({ name: 'github:anna' });
    expect(await rightsOf(ANN)).toEqual(['deployer: role write in acme/shop']);
    expect((await stage.say(ANN, '/kata whoami', SHOP)).text).toContain(`anna, number ${ann.id}`);
    const STRANGER = { team: 'T1', user: 'U1OTHER' };
    await stage.link(STRANGER, other);
    expect(await rightsOf(STRANGER)).toEqual([]);
    github.state.people.delete('ann');
    github.state.people.delete('anna');
    ann.login = 'ann';
    github.state.people.set('ann', ann);
  });

  test('loses a role that is taken away within a minute', async () => {
    expect(await rightsOf(ANN)).toHaveLength(1);
    stage.shop.permissions.set(stage.ann.id, 'read');
    stage.clock.leap(61_000);
    expect(await rightsOf(ANN)).toEqual(['reader: role read in acme/shop']);
    const { outcome, text } = await stage.say(ANN, '/kata stop shop --yes', SHOP);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'right-missing' });
    expect(text).toContain('role read in acme/shop');
    stage.shop.permissions.set(stage.ann.id, 'write');
  });

  test('is asked for once a minute, however often they speak', async () => {
    const asked = () => stage.github.app.requests.filter(({ path }) => path.endsWith('/permission')).length;
    const before = asked();
    await Promise.all(Array.from({ length: 20 }, () => stage.callerOf(ANN, SHOP)));
    await stage.callerOf(ANN, SHOP);
    expect(asked()).toBe(before + 1);
  });

  test('acts, and the audit has both identities', async () => {
    const { outcome } = await stage.say(ANN, '/kata restart shop --yes', SHOP);
    expect(outcome.kind).toBe('done');
    const [row] = await stage.stage.bot.app.store.audit.entries({ caller: 'github:ann', last: 1 });
    expect(row).toMatchObject({ caller: 'github:ann', surface: 'slack:T1/U1ANN' });
  });

  test('is shown both identities, each right with its reason, and when the link ends', async () => {
    const { text } = await stage.say(ANN, '/kata whoami', SHOP);
    expect(text).toContain('U1ANN in T1');
    expect(text).toContain(`ann, number ${stage.ann.id}`);
    expect(text).toMatch(/linked +: until \d{4}-\d\d-\d\d/);
    expect(text).toMatch(/deployer +all +acme\/shop +role write in acme\/shop/);
  });
});

describe('while GitHub does not answer', () => {
  const away = () => {
    stage.github.trouble = () => 503;
  };

  test('a role of a moment ago is enough to look, to stop and to roll back, and that is said', async () => {
    await stage.callerOf(ANN, SHOP);
    stage.clock.leap(5 * MINUTE_MS);
    away();
    const status = await stage.say(ANN, '/kata status shop', SHOP);
    expect(status.outcome.kind).toBe('done');
    expect(status.text).toContain('GitHub does not answer');
    for (const line of ['/kata logs shop', '/kata stop shop --yes'])
      expect([line, (await stage.say(ANN, line, SHOP)).outcome.kind]).toEqual([line, 'done']);
    expect((await stage.say(ANN, '/kata rollback shop --yes', SHOP)).outcome.code).not.toBe('github-away');
    for (const verb of ['deploy', 'start', 'restart', 'delete'])
      expect([verb, (await stage.say(ANN, `/kata ${verb} shop --yes`, SHOP)).outcome.code]).toEqual([
        verb,
        'github-away',
      ]);
  });

  test('after a quarter of an hour nothing counts any more', async () => {
    stage.github.trouble = undefined;
    await stage.callerOf(ANN, SHOP);
    stage.clock.leap(16 * MINUTE_MS);
    away();
    expect(await stage.callerOf(ANN, SHOP)).toMatchObject({ grants: [], bar: 'github-away' });
    expect((await stage.say(ANN, '/kata stop shop --yes', SHOP)).outcome).toMatchObject({
      kind: 'refused',
      code: 'github-away',
    });
    stage.github.trouble = undefined;
    expect(await rightsOf(ANN)).toEqual(['deployer: role write in acme/shop']);
  });
});

describe('a person who is not linked', () => {
  const ZOE = { team: 'T1', user: 'U1ZOE' };

  test('has nothing, and is told how to change that', async () => {
    const { outcome, text } = await stage.say(ZOE, '/kata status shop', SHOP);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'not-linked' });
    expect(text).toContain('/kata link');
    expect((await stage.say(ZOE, '/kata whoami')).text).toContain('/kata link');
  });

  test('looks at what the channel hears of, and there alone', async () => {
    await stage.say(ANN, '/kata subscribe acme/shop env:production', { ...SHOP, channel: 'C-shop' });
    const here = { ...SHOP, channel: 'C-shop' };
    expect(await rightsOf(ZOE, here)).toEqual(['reader: subscription of the channel']);
    expect((await stage.say(ZOE, '/kata status shop', here)).outcome.kind).toBe('done');
    expect((await stage.say(ZOE, '/kata stop shop --yes', here)).outcome.code).toBe('not-linked');
    expect((await stage.say(ZOE, '/kata status shop', { ...SHOP, channel: 'C-other' })).outcome.code).toBe(
      'not-linked',
    );
    expect(await rightsOf(ZOE, { ...here })).not.toContain('deployer');
  });

  test('may be named in the settings', async () => {
    expect(await rightsOf(OPS)).toEqual(['operator: callers.slack:T1/U1OPS']);
    expect((await stage.say(OPS, '/kata start shop --yes', SHOP)).outcome.kind).toBe('done');
  });
});

describe('no right at all', () => {
  test('have people of another workspace in a shared channel, also linked ones', async () => {
    const far = { team: 'T9', user: 'U1ANN' };
    await stage.link(far, stage.ann);
    const there = await stage.callerOf(far, { ...SHOP, team: 'T1' });
    expect(there).toMatchObject({ grants: [], bar: 'stranger' });
    const { outcome } = await stage.say(far, '/kata link', { team: 'T1' });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'stranger' });
  });
});

test('a link proves nothing after ninety days, until it is made anew', async () => {
  stage.clock.leap(91 * DAY_MS);
  expect(await stage.callerOf(BO, SHOP)).toMatchObject({
    name: 'slack:T1/U1BO',
    grants: [],
    bar: 'link-ended',
  });
  expect((await stage.say(BO, '/kata stop shop --yes', SHOP)).outcome.code).toBe('link-ended');
  expect((await stage.link(BO, stage.bo)).status).toBe(200);
  expect(await rightsOf(BO)).toEqual(['operator: role admin in acme/shop']);
});
