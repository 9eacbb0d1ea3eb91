/** Two sign-ins in one browser make two accounts one person, and nothing else does. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { linkIn } from '../../../world/browser.ts';
import { openPeople, type PeopleStage } from './stage.ts';

const ANN = { team: 'T1', user: 'U1ANN' };
const EVE = { team: 'T1', user: 'U1EVE' };
const MINUTE_MS = 60_000;

let stage: PeopleStage;

beforeAll(async () => {
  stage = await openPeople();
});
afterAll(() => stage.stop());
beforeEach(async () => {
  for (const account of [ANN, EVE]) await stage.say(account, '/kata unlink');
});

const linkedTo = async (member: typeof ANN) => (await stage.callerOf(member)).accounts?.github;

describe('linking', () => {
  test('takes both sides, keeps the number and the name, and no token stays behind', async () => {
    const page = await stage.link(ANN, stage.ann);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Linked');
    expect(page.text).toContain('/kata unlink');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('set-cookie')).toContain('Max-Age=0');
    expect(page.text).not.toMatch(/<script|src=|https?:/);
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
    expect([...stage.github.oauth.tokens.keys()]).toEqual([]);
    expect([...stage.slack.tokens]).toEqual([]);
    const rows = await stage.stage.bot.app.store.audit.entries({ caller: 'slack:T1/U1ANN' });
    expect(rows.map(({ text, decision }) => `${text}: ${decision}`)).toContain(
      `link to github:ann, number ${stage.ann.id}: allowed: both accounts proved`,
    );
  });

  test('survives a restart; an address on its way does not', async () => {
    await stage.link(ANN, stage.ann);
    const address = await stage.asksForAddress(EVE);
    await stage.restart();
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
    const path = new URL(address).pathname;
    const page = await stage.browser({ slack: EVE }).open(`${stage.stage.bot.url}${path}`);
    expect(page.status).toBe(403);
  });

  test('opening the address uses nothing up: programs open it before people do', async () => {
    const address = await stage.asksForAddress(ANN);
    for (let count = 0; count < 3; count++) expect((await fetch(address)).status).toBe(200);
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    const consent = await browser.click(await browser.open(address), 'Sign in with Slack');
    const done = await browser.click(await browser.click(consent, 'Allow'), 'Authorize');
    expect(done.status).toBe(200);
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
  });

  test('anew takes the place of what was linked before', async () => {
    await stage.link(ANN, stage.ann);
    const { text } = await stage.say(ANN, '/kata link');
    expect(text).toContain('Until then you are ann on GitHub');
    expect((await stage.link(ANN, stage.bo)).status).toBe(200);
    expect(await linkedTo(ANN)).toBe(stage.bo.id);
  });
});

describe('nothing is linked', () => {
  test('in the browser of somebody else in Slack', async () => {
    const address = await stage.asksForAddress(EVE);
    const victim = stage.browser({ slack: ANN, github: stage.ann });
    const consent = await victim.click(await victim.open(address), 'Sign in with Slack');
    const page = await victim.click(consent, 'Allow');
    expect(page.status).toBe(403);
    expect(page.text).toContain('somebody else');
    expect(await linkedTo(EVE)).toBeUndefined();
    expect(await linkedTo(ANN)).toBeUndefined();
    expect((await victim.open(address)).status).toBe(403);
  });

  test('when the second half of the way is handed to somebody else', async () => {
    const eve = stage.browser({ slack: EVE, github: stage.eve });
    const consent = await eve.click(await eve.open(await stage.asksForAddress(EVE)), 'Sign in with Slack');
    const back = await eve.leads(linkIn(consent, 'Allow'));
    const toGithub = await eve.leads(back);
    expect(toGithub).toContain('/login/oauth/authorize');
    const victim = stage.browser({ slack: ANN, github: stage.ann });
    const page = await victim.click(await victim.open(toGithub), 'Authorize');
    expect(page.status).toBe(403);
    expect(await linkedTo(EVE)).toBeUndefined();
    expect(await linkedTo(ANN)).toBeUndefined();
  });

  test('by a state that was used before, on either side', async () => {
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    const consent = await browser.click(
      await browser.open(await stage.asksForAddress(ANN)),
      'Sign in with Slack',
    );
    const github = await browser.click(consent, 'Allow');
    const [fromSlack = ''] = github.way.filter((url) => url.includes('/link/slack'));
    expect((await browser.open(fromSlack)).status).toBe(403);
    const done = await browser.click(github, 'Authorize');
    expect(done.status).toBe(200);
    await stage.say(ANN, '/kata unlink');
    const [fromGithub = ''] = done.way.filter((url) => url.includes('/link/github'));
    const again = stage.browser({ slack: ANN, github: stage.ann });
    expect((await again.open(fromGithub)).status).toBe(403);
    expect((await browser.open(fromGithub)).status).toBe(403);
    expect(await linkedTo(ANN)).toBeUndefined();
  });

  test.each([
    ['slack', 'nonce', { nonce: 'another' }],
    ['slack', 'audience', { aud: 'another-app' }],
    ['slack', 'issuer', { iss: 'https://evil.example' }],
    ['slack', 'end', { exp: 1_000 }],
    ['slack', 'workspace', { 'https://slack.com/team_id': 'T2' }],
    ['slack', 'person', { 'https://slack.com/user_id': 'U1EVE' }],
  ])('by a token of %s with another %s', async (_side, _what, forged) => {
    stage.slack.forged = forged;
    try {
      const browser = stage.browser({ slack: ANN, github: stage.ann });
      const offer = await browser.open(await stage.asksForAddress(ANN));
      const page = await browser.click(await browser.click(offer, 'Sign in with Slack'), 'Allow');
      expect([403, 502]).toContain(page.status);
      expect(page.url).toContain('/link/slack');
      expect(await linkedTo(ANN)).toBeUndefined();
    } finally {
      stage.slack.forged = {};
    }
  });

  test('after ten minutes, also in the middle of the way', async () => {
    const address = await stage.asksForAddress(ANN);
    stage.clock.leap(11 * MINUTE_MS);
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    expect((await browser.open(address)).status).toBe(403);

    const offer = await browser.open(await stage.asksForAddress(ANN));
    const github = await browser.click(await browser.click(offer, 'Sign in with Slack'), 'Allow');
    stage.clock.leap(11 * MINUTE_MS);
    expect((await browser.click(github, 'Authorize')).status).toBe(403);
    expect(await linkedTo(ANN)).toBeUndefined();
  });

  test('by an address that a newer one has replaced, and by one that was made up', async () => {
    const first = await stage.asksForAddress(ANN);
    await stage.asksForAddress(ANN);
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    expect((await browser.open(first)).status).toBe(403);
    for (const made of ['slack', 'github', 'slack?state=&code=x', 'github?state=x&code=x', 'x'.repeat(43)])
      expect((await browser.open(`${stage.stage.bot.url}/link/${made}`)).status).toBe(403);
  });

  test.each([
    ['Slack', ['Sign in with Slack', 'Cancel']],
    ['GitHub', ['Sign in with Slack', 'Allow', 'Cancel']],
  ])('when somebody says no at %s', async (where, clicks) => {
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    let page = await browser.open(await stage.asksForAddress(ANN));
    for (const words of clicks) page = await browser.click(page, words);
    expect(page.status).toBe(403);
    expect(page.text).toContain(`You said no at ${where}`);
    expect(await linkedTo(ANN)).toBeUndefined();
  });

  test('while Slack does not answer, and the page says whom to ask', async () => {
    stage.slack.away = true;
    const browser = stage.browser({ slack: ANN, github: stage.ann });
    const offer = await browser.open(await stage.asksForAddress(ANN));
    const page = await browser.click(await browser.click(offer, 'Sign in with Slack'), 'Allow');
    stage.slack.away = false;
    expect(page.status).toBe(502);
    expect(page.text).toContain('Slack did not say who you are');
  });
});

describe('one person', () => {
  test('has one account of a workspace: a second one is refused, and told which one is first', async () => {
    await stage.link(ANN, stage.ann);
    const page = await stage.link(EVE, stage.ann);
    expect(page.status).toBe(409);
    expect(page.text).toContain('U1ANN');
    expect(await linkedTo(EVE)).toBeUndefined();
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
    await stage.say(ANN, '/kata unlink');
    expect((await stage.link(EVE, stage.ann)).status).toBe(200);
  });

  test('may have an account in another workspace, and is the same one there', async () => {
    const elsewhere = { team: 'T2', user: 'U1ANN' };
    await stage.link(ANN, stage.ann);
    expect((await stage.link(elsewhere, stage.ann)).status).toBe(200);
    expect(await linkedTo(elsewhere)).toBe(stage.ann.id);
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
    await stage.say(elsewhere, '/kata unlink');
    expect(await linkedTo(ANN)).toBe(stage.ann.id);
  });
});
