/** A whole bot with callers in its settings: commands, pushes and the audit of both, on an engine in memory. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { pushCommands, runCommand } from '../../src/commands/index.ts';
import { Failure } from '../../src/failure.ts';
import { type Caller, createTokens } from '../../src/policy/index.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, commitFiles, git, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const SETTINGS = {
  instance: 'test-callers',
  locations: { local: { isolation: 'none', addresses: '127.34.0.0/16', networks: '198.18.128.0/22' } },
  protected: ['production'],
  callers: {
    ann: 'admin',
    bo: [{ right: 'deployer', environments: ['pr-*'], repositories: ['shop'] }],
    cleo: [{ right: 'reader', repositories: ['bank'] }],
    dora: [{ right: 'operator', environments: ['pr-*'] }],
  },
};

let bot: AppInTest;
let root: string;
let shop: string;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  bot = await startApp({
    settings: SETTINGS,
    parts: { engine: () => createMemoryEngine(systemClock, ['katabot/busybox:1']) },
  });
  root = await mkdtemp(join(tmpdir(), 'katabot-callers-'));
  const made = createTokens(bot.app.store.tokens, systemClock);
  for (const name of ['ann', 'bo', 'cleo', 'dora', 'zoe']) tokens[name] = await made.create(name, 'admin');
  shop = join(root, 'shop');
  await commitFiles(shop, { 'containergroup.yaml': groupText({ name: 'shop' }) });
  await commitFiles(join(root, 'bank'), { 'containergroup.yaml': groupText({ name: 'bank' }) });
  await push('ann', 'main');
  await push('ann', 'main', { folder: join(root, 'bank'), repository: 'bank' });
}, 60_000);

afterAll(async () => {
  await bot.stop();
  await rm(root, { recursive: true, force: true });
});

function push(who: string, refspec: string, { folder = shop, repository = 'shop', options = ['yes'] } = {}) {
  const remote = new URL(`/git/${repository}.git`, bot.url);
  remote.username = who;
  remote.password = tokens[who] ?? '';
  return git(folder, 'push', ...options.map((option) => `--push-option=${option}`), remote.href, refspec);
}

const caller = (name: string): Caller => ({ name, right: 'admin' });

async function say(name: string, ...words: string[]): Promise<Outcome & { text: string }> {
  const steps = runCommand(
    bot.app.ground,
    { words, caller: caller(name), surface: 'cli' },
    AbortSignal.timeout(20_000),
  );
  const said: Block[] = [];
  for (;;) {
    const step = await steps.next();
    if (step.done) {
      const blocks = [...said, ...step.value.blocks];
      return { ...step.value, text: blocks.flatMap((block) => drawPlain(block)).join('\n') };
    }
    said.push(step.value);
  }
}

const lastRows = async (count: number) =>
  (await bot.app.store.audit.entries({ last: count })).map(
    ({ kind, caller: who, surface, text, group, environment, decision, effect }) =>
      [kind, who, surface, text, group, environment, decision, effect].join(' | '),
  );

describe('a push', () => {
  test('is refused before the ref moves where the caller may not deploy, and goes where they may', async () => {
    const before = (await git(shop, 'rev-parse', 'HEAD')).text.trim();
    await commitFiles(shop, { 'notes.txt': 'new' });
    const refused = await push('bo', 'main');
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain('bo has no right in production of shop and may not deploy to production');
    expect(refused.text).toMatch(/→ ann may do it\. .* bo: \[/);
    expect((await git(join(root, '..'), 'ls-remote', remoteOf('ann'), 'main')).text).toContain(before);

    const allowed = await push('bo', 'main:pr-1');
    expect(allowed.text).toContain('pr-1');
    expect(allowed.code).toBe(0);
    const commit = (await git(shop, 'rev-parse', 'HEAD')).text.slice(0, 7);
    const rows = await lastRows(4);
    expect(rows[0]).toBe(
      `asked | bo | git | git push shop main@${commit} |  | production | refused: right-missing | `,
    );
    expect(rows[1]).toMatch(/^ended .* refused: right-missing \| refused: right-missing$/);
    expect(rows[2]).toBe(
      `asked | bo | git | git push shop pr-1@${commit} |  | pr-1 | allowed: callers.bo | `,
    );
    expect(rows[3]).toMatch(/^ended \| bo .* \| done: deployed$/);
  });

  test('that only takes files away is refused as well', async () => {
    await git(shop, 'checkout', '--quiet', '-b', 'empty');
    await git(shop, 'rm', '--quiet', 'containergroup.yaml');
    await commitFiles(shop, { 'other.txt': 'x' });
    const { code, text } = await push('bo', 'empty:main');
    await git(shop, 'checkout', '--quiet', 'main');
    expect(code).not.toBe(0);
    expect(text).toContain('may not deploy to production');
    expect((await say('ann', 'status', 'shop')).kind).toBe('done');
  });

  test('to a protected environment shows what would happen, and goes only when it is meant', async () => {
    const before = (await git(root, 'ls-remote', remoteOf('ann'), 'main')).text;
    await commitFiles(shop, { 'notes.txt': 'newer' });
    const asked = await push('ann', 'main', { options: [] });
    expect(asked.code).not.toBe(0);
    expect(asked.text).toMatch(/price +\$[\s\S]*✗ confirmation-needed +The environment is protected/);
    expect(asked.text).toContain('Push it again with -o yes: git push -o yes REMOTE main');
    expect((await git(root, 'ls-remote', remoteOf('ann'), 'main')).text).toBe(before);
    expect((await lastRows(2)).map((row) => row.split(' | ').slice(-2))).toEqual([
      ['refused: confirmation-needed', ''],
      ['refused: confirmation-needed', 'refused: confirmation-needed'],
    ]);
    const deleted = await push('ann', ':main', { options: [] });
    expect(deleted.code).not.toBe(0);
    expect(deleted.text).toContain('git push -o yes REMOTE --delete main');
    expect((await push('ann', 'main:pr-3', { options: [] })).code).toBe(0);

    const meant = await push('ann', 'main');
    expect(meant.code).toBe(0);
    expect(meant.text).not.toContain('is no command');
    expect((await git(root, 'ls-remote', remoteOf('ann'), 'main')).text).not.toBe(before);
    await push('ann', ':pr-3');
  });

  test('that deletes a branch needs the right there', async () => {
    await push('ann', 'main:staging');
    const refused = await push('bo', ':staging');
    expect(refused.code).not.toBe(0);
    expect(refused.text).toContain('may not deploy to staging');
    expect((await lastRows(2))[0]).toContain('git push shop --delete staging');
    expect((await push('bo', ':pr-1')).code).toBe(0);
    expect((await push('ann', ':staging')).code).toBe(0);
    expect((await lastRows(1))[0]).toMatch(/ended \| ann .*--delete staging .*done: deployed/);
  });

  test('to a repository that is not theirs does not even begin; reading neither', async () => {
    const pushed = await push('bo', 'main', { folder: join(root, 'bank'), repository: 'bank' });
    expect(pushed.text).toContain('bo has no right in the repository bank and may not push to bank');
    const read = (who: string) => git(root, 'ls-remote', remoteOf(who, 'bank'));
    expect((await read('bo')).text).toContain('may not read bank');
    expect((await read('cleo')).code).toBe(0);
    expect((await read('zoe')).text).toContain('The settings give zoe no right');
  });
});

function remoteOf(who: string, repository = 'shop'): string {
  return bot.url.replace('//', `//${who}:${tokens[who]}@`).concat(`/git/${repository}.git`);
}

describe('a command', () => {
  test('shows each caller what they may see', async () => {
    const names = async (who: string) =>
      ((await say(who, 'status')).data as { groups?: { name: string; environment: string }[] }).groups
        ?.map(({ name, environment }) => `${environment}/${name}`)
        .sort();
    expect(await names('ann')).toEqual(['production/bank', 'production/shop']);
    expect(await names('cleo')).toEqual(['production/bank']);
    expect(await names('bo')).toEqual([]);
    expect(await say('zoe', 'status')).toMatchObject({ kind: 'refused', code: 'caller-unknown' });
    expect(await say('cleo', 'status', 'shop')).toMatchObject({
      kind: 'refused',
      code: 'repository-refused',
    });
    const unknown = await say('cleo', 'status', 'nobody');
    expect(unknown.code).toBe('group-unknown');
    expect(unknown.text).not.toContain('shop');
    expect((await say('cleo', 'cost')).text).not.toContain('shop');
    expect((await say('ann', 'cost')).text).toContain('shop');
  });

  test('that changes a protected environment has to be confirmed', async () => {
    await git(shop, 'checkout', '--quiet', '-B', 'gone');
    await commitFiles(shop, { 'containergroup.yaml': groupText({ name: 'gone' }) });
    await push('ann', 'gone:main');
    const asked = await say('ann', 'delete', 'gone');
    expect(asked).toMatchObject({ kind: 'refused', code: 'confirmation-needed' });
    expect(asked.text).toContain('katabot delete gone --yes');
    expect((await say('ann', 'status', 'gone')).kind).toBe('done');
    expect(await say('bo', 'delete', 'gone', '--yes')).toMatchObject({ code: 'right-missing' });
    expect(await say('ann', 'delete', 'gone', '--yes')).toMatchObject({ kind: 'done', code: 'removed' });
    const rows = await bot.app.store.audit.entries({ last: 2 });
    expect(rows).toMatchObject([
      {
        kind: 'asked',
        text: 'delete gone --yes',
        group: 'production/gone',
        decision: 'allowed: callers.ann',
        effect: '',
        cost: '',
      },
      {
        kind: 'ended',
        text: 'delete gone --yes',
        effect: 'done: removed',
        cost: expect.stringMatching(/^\$\d/),
      },
    ]);
    expect(rows[0]?.id).toBe(rows[1]?.id);
  });

  test('that is not understood, or said in the wrong place, is kept too', async () => {
    await say('bo', 'statsu', 'kata_aaaaaaaaaaaaaaaaaaaa', 'two words');
    expect(await lastRows(2)).toEqual([
      'asked | bo | cli | statsu kata_… "two words" |  |  | refused: usage | ',
      'ended | bo | cli | statsu kata_… "two words" |  |  | refused: usage | invalid: usage',
    ]);
    expect((await say('bo', 'serve')).code).toBe('wrong-surface');
    expect((await lastRows(1))[0]).toContain('refused: wrong-surface');
  });

  test('whose listener leaves has left, and the audit says so', async () => {
    const steps = runCommand(
      bot.app.ground,
      { words: ['status'], caller: caller('ann'), surface: 'api' },
      new AbortController().signal,
    );
    await steps.next();
    await steps.return({ kind: 'done', code: 'left', blocks: [], data: null });
    expect((await lastRows(1))[0]).toMatch(/^ended \| ann \| api \| status .* \| left$/);
  });

  test('is not done when it cannot be written down; looking goes on', async () => {
    const audit = {
      ...bot.app.store.audit,
      append: async () => {
        throw new Failure('store-full', 'The disk is full.');
      },
    };
    const ask = async (...words: string[]) => {
      const steps = runCommand(
        { ...bot.app.ground, audit },
        { words, caller: caller('ann'), surface: 'cli' },
        AbortSignal.timeout(10_000),
      );
      for (;;) {
        const step = await steps.next();
        if (step.done) return step.value.code;
      }
    };
    expect(await ask('delete', 'bank', '--yes')).toBe('store-full');
    expect(await ask('status', 'bank')).toBe('status');
    const push = {
      repository: 'bank',
      branch: 'main',
      environment: 'production',
      commit: '1'.repeat(40),
      subject: '',
      files: [],
      caller: caller('ann'),
    };
    const check = pushCommands({ ...bot.app.ground, audit }).checkPush(push, AbortSignal.timeout(5_000));
    await expect(check.next()).rejects.toMatchObject({ code: 'store-full' });
  });
});

describe('whoami and audit', () => {
  test('tell somebody what they may do, where, and why', async () => {
    const { text, data } = await say('bo', 'whoami');
    expect(text).toMatch(/token +: allows admin at most, expires never/);
    expect(text).toMatch(/deployer +pr-\* +shop +callers\.bo/);
    expect(data).toMatchObject({
      caller: 'bo',
      grants: [{ right: 'deployer', environments: ['pr-*'], repositories: ['shop'], rule: 'callers.bo' }],
    });
    expect((await say('ann', 'whoami')).text).toMatch(/asks +: before a change in production/);
  });

  test('show the newest rows, of one caller or environment', async () => {
    const { text, data } = await say('ann', 'audit', '--caller', 'bo', '--last', '3');
    const { rows } = data as { rows: { caller: string }[] };
    expect(rows.map(({ caller: who }) => who)).toEqual(['bo', 'bo', 'bo']);
    expect(text).toMatch(/row +time +caller +from +command +decision +effect +cost/);
    expect((await say('ann', 'audit', 'everything')).code).toBe('usage');
    expect((await say('bo', 'audit')).code).toBe('right-missing');
  });

  test('show an operator of some places the rows of those, and their own', async () => {
    await push('ann', 'main:pr-7');
    await say('dora', 'status');
    const { rows } = (await say('dora', 'audit', '--last', '500')).data as {
      rows: { caller: string; environment: string }[];
    };
    const others = rows.filter((row) => row.caller !== 'dora');
    expect(others.length).toBeGreaterThan(0);
    expect(others.every(({ environment }) => environment.startsWith('pr-'))).toBe(true);
    expect(rows.some((row) => row.caller === 'dora' && row.environment === '')).toBe(true);
  });

  test('verify the chain, and name the row that somebody has changed', async () => {
    const whole = await say('ann', 'audit', 'verify');
    expect(whole).toMatchObject({ kind: 'done', code: 'audit-verified' });
    const { rows, head } = whole.data as { rows: number; head: string };
    expect(rows).toBeGreaterThan(20);
    expect(whole.text).toContain(head);
    const database = new DatabaseSync(join(bot.dataFolder, 'katabot.sqlite'));
    database.exec('drop trigger audit_is_not_changed');
    database.exec("update audit set caller = 'eve' where number = 7");
    database.close();
    const broken = await say('ann', 'audit', 'verify');
    expect(broken).toMatchObject({ kind: 'failed', code: 'audit-broken' });
    expect(broken.text).toContain('The audit is broken at row 7: it was changed.');
  });
});
