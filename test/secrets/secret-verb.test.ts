/** Secrets from the moment they are set to the container that gets them, through the API; and every place that may never hold them. */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import type { Here } from '../../src/commands/verb.ts';
import { createLog } from '../../src/observability/index.ts';
import { createTokens } from '../../src/policy/index.ts';
import type { Outcome } from '../../src/replies/index.ts';
import { Secret, sealValue } from '../../src/secrets/index.ts';
import type { Group } from '../../src/spec/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const logged: string[] = [];
const answered: string[] = [];
const engine = createMemoryEngine(systemClock, ['web:1', 'ghcr.io/acme/web:1']);
let bot: AppInTest;
let tokens: Record<string, string>;

beforeAll(async () => {
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  bot = await startApp({
    settings: {
      callers: {
        ann: 'operator',
        shopkeeper: [{ right: 'operator', repositories: ['acme/shop'], environments: ['*'] }],
        dev: [{ right: 'deployer', repositories: ['*'], environments: ['*'] }],
        eve: 'reader',
      },
    },
    parts: { engine: () => engine, log },
  });
  const made = await Promise.all(
    ['ann', 'shopkeeper', 'dev', 'eve'].map(async (name) => [name, await tokenOf(name)] as const),
  );
  tokens = Object.fromEntries(made);
});
afterAll(() => bot.stop());

async function tokenOf(name: string): Promise<string> {
  return createTokens(bot.app.store.tokens, systemClock).create(name, 'operator');
}

interface Body {
  readonly secret?: string;
  readonly files?: readonly { path: string; text: string }[];
  readonly key?: string;
}

async function say(
  who: string,
  words: readonly string[],
  { key, ...body }: Body = {},
): Promise<Outcome & { text: string }> {
  const response = await fetch(new URL('/api/v1/commands', bot.url), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokens[who]}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify({ words, ...body }),
  });
  const text = await response.text();
  answered.push(text);
  const { outcome } = JSON.parse(text.trim().split('\n').at(-1) ?? '');
  return { ...outcome, text };
}

interface Shape {
  readonly name?: string;
  readonly image?: string;
  readonly variable?: Readonly<Record<string, string>>;
  readonly more?: Readonly<Record<string, unknown>>;
}

function file({ name = 'shop', image = 'web:1', variable, more = {} }: Shape) {
  const environmentVariables = variable ? [{ name: 'TOKEN', ...variable }] : [];
  const resources = { requests: { cpu: 0.1, memoryInGB: 0.1 } };
  const properties = { image, command: ['serve'], environmentVariables, resources };
  const group = {
    name,
    location: 'local',
    properties: { osType: 'Linux', containers: [{ name: 'main', properties }], ...more },
  };
  return { path: 'containergroup.yaml', text: JSON.stringify(group, null, 1) };
}

const deploy = (who: string, shape: Shape, ...more: string[]) =>
  say(who, ['deploy', '--file', 'containergroup.yaml', ...more], { files: [file(shape)] });
const plan = (who: string, shape: Shape, ...more: string[]) =>
  say(who, ['plan', '--file', 'containergroup.yaml', ...more], { files: [file(shape)] });

function problemsOf({ data }: Outcome): { code: string; line: number; message: string; advice: string }[] {
  return Object(data).problems ?? [];
}

function delivered(name: string): Group {
  const step = engine.steps.findLast((each) => 'pod' in each && each.pod.group.name === name);
  if (!step || !('pod' in step)) throw new Error(`${name} was never given to the engine`);
  return step.pod.group;
}

const tokenIn = (name: string) =>
  delivered(name).containers[0]?.environmentVariables[0]?.secureValue?.reveal();

describe('a secret that a file refers to', () => {
  const shape = { name: 'referring', variable: { secureValueReference: 'katabot:REFERRED' } };

  test('is a problem at its line until it is set: where it was looked for, and the command that sets it', async () => {
    const outcome = await deploy('ann', shape);
    expect(outcome).toMatchObject({ kind: 'invalid' });
    const line =
      file(shape)
        .text.split('\n')
        .findIndex((each) => each.includes('katabot:REFERRED')) + 1;
    expect(problemsOf(outcome)).toMatchObject([
      {
        code: 'secret-missing',
        line,
        message: 'There is no secret REFERRED; looked for in production, then everywhere.',
        advice: 'Somebody with the right operator sets it: katabot secret set REFERRED in production',
      },
    ]);
  });

  test('is delivered; a change is planned without being shown, and delivered by the next deploy', async () => {
    expect(await say('ann', ['secret', 'set', 'REFERRED'], { secret: 'first-canary-value' })).toMatchObject({
      kind: 'done',
      code: 'secret-set',
      data: { name: 'REFERRED', isNew: true, setBy: 'ann' },
    });
    expect(await deploy('ann', shape)).toMatchObject({ kind: 'done' });
    expect(tokenIn('referring')).toBe('first-canary-value');
    expect(await plan('ann', shape)).toMatchObject({ data: { groups: [{ effect: 'none', changes: [] }] } });
    await say('ann', ['secret', 'set', 'REFERRED', 'in', 'production'], { secret: 'second-canary-value' });
    expect(await plan('ann', shape)).toMatchObject({
      data: { groups: [{ effect: 'restart', changes: [{ from: '••••', to: '•••• (changed)' }] }] },
    });
    expect(await deploy('ann', shape)).toMatchObject({ kind: 'done' });
    expect(tokenIn('referring')).toBe('second-canary-value');
  });

  test('stays a reference in an export, which deploys without a change', async () => {
    const { data } = await say('ann', ['export', 'referring']);
    const { text } = Object(data);
    expect(text).toContain('secureValueReference: katabot:REFERRED');
    const again = await say('ann', ['plan', '--file', 'x.yaml'], { files: [{ path: 'x.yaml', text }] });
    expect(again).toMatchObject({ data: { groups: [{ effect: 'none' }] } });
  });

  test('is missed by doctor when it is gone', async () => {
    await say('ann', ['secret', 'remove', 'REFERRED', 'in', 'production']);
    await say('ann', ['secret', 'remove', 'REFERRED']);
    const { text } = await say('ann', ['doctor']);
    expect(text).toContain(
      'referring in production refers to katabot:REFERRED, which is no longer kept for it',
    );
  });

  test('may have a name of the file, as ACI has it, be the content of a file, and a password', async () => {
    await say('ann', ['secret', 'set', 'VAULTED'], { secret: 'third-canary-välue' });
    const more = {
      secretReferences: [{ name: 'own', secretReferenceUri: 'katabot:VAULTED' }],
      imageRegistryCredentials: [{ server: 'r.example.com', username: 'u', passwordReference: 'own' }],
      volumes: [{ name: 'files-here', secretReference: { key: 'own', same: 'katabot:VAULTED' } }],
    };
    const vaulted = { name: 'vaulted', variable: { secureValueReference: 'own' }, more };
    expect(await deploy('ann', vaulted)).toMatchObject({ kind: 'done' });
    const group = delivered('vaulted');
    expect(tokenIn('vaulted')).toBe('third-canary-välue');
    expect(group.imageRegistryCredentials[0]?.password?.reveal()).toBe('third-canary-välue');
    for (const name of ['key', 'same']) {
      const content = group.volumes[0]?.secret?.[name]?.reveal() ?? '';
      expect(Buffer.from(content, 'base64').toString()).toBe('third-canary-välue');
    }
    const { data } = await say('ann', ['export', 'vaulted']);
    expect(Object(data).text).toMatch(/key: own\s+same: katabot:VAULTED[\s\S]*passwordReference: own/);
  });

  test('of Azure Key Vault is refused with what to write', async () => {
    const uri = 'https://v.vault.azure.net/secrets/shop-db';
    const more = { secretReferences: [{ name: 'own', identity: '/a', secretReferenceUri: uri }] };
    const outcome = await deploy('ann', { name: 'azure', variable: { secureValueReference: 'own' }, more });
    expect(problemsOf(outcome)).toMatchObject([
      {
        code: 'key-vault',
        advice: 'Write secretReferenceUri: katabot:shop-db, and set it once: katabot secret set shop-db',
      },
    ]);
  });
});

describe('a sealed value in a file', () => {
  const seal = (repository: string, environment: string) =>
    sealValue(bot.app.ground.vault.recipient, { repository, environment }, new Secret('fourth-canary-value'));

  test('is opened for its place, and stays sealed in an export', async () => {
    const sealed = await seal('', 'production');
    expect(await deploy('ann', { name: 'sealed', variable: { secureValue: sealed } })).toMatchObject({
      kind: 'done',
    });
    expect(tokenIn('sealed')).toBe('fourth-canary-value');
    const { data } = await say('ann', ['export', 'sealed']);
    expect(Object(data).text).toContain(`secureValue: ${sealed}`);
  });

  test('is what `secret seal` prints, for the key that `secret recipient` prints', async () => {
    const { data } = await say('ann', ['secret', 'seal', 'in', 'production'], {
      secret: 'fifth-canary-value',
    });
    const variable = { secureValue: Object(data).sealed };
    expect(await deploy('ann', { name: 'sealed', variable })).toMatchObject({ kind: 'done' });
    expect(tokenIn('sealed')).toBe('fifth-canary-value');
    expect((await say('ann', ['secret', 'recipient'])).data).toEqual({
      recipient: bot.app.ground.vault.recipient,
    });
  });

  test.each([
    ['another repository', () => seal('acme/payroll', ''), 'sealed-for-another-place'],
    ['another environment', () => seal('', 'staging'), 'sealed-for-another-place'],
    ['nobody: it is broken', async () => `${(await seal('', '')).slice(0, -8)}AAAAAAAA`, 'sealed-broken'],
  ])('for %s is a problem at its line, which does not say for whom it was', async (_whom, sealed, code) => {
    const outcome = await deploy('ann', { name: 'wrong', variable: { secureValue: await sealed() } });
    expect(problemsOf(outcome).map((each) => each.code)).toEqual([code]);
    expect(outcome.text).not.toMatch(/payroll|staging/);
  });
});

describe('a login for a registry that the bot keeps', () => {
  test('is given to groups whose file names none for that registry, and to no other registry', async () => {
    expect(await say('ann', ['secret', 'set', 'registry:ghcr.io'], { secret: 'no colon' })).toMatchObject({
      kind: 'invalid',
    });
    await say('ann', ['secret', 'set', 'registry:ghcr.io'], { secret: 'robot:sixth-canary-value' });
    expect(await deploy('ann', { name: 'pulled', image: 'ghcr.io/acme/web:1' })).toMatchObject({
      kind: 'done',
    });
    const [login, ...others] = delivered('pulled').imageRegistryCredentials;
    expect([login?.server, login?.username, login?.password?.reveal(), others]).toEqual([
      'ghcr.io',
      'robot',
      'sixth-canary-value',
      [],
    ]);
    expect(await deploy('ann', { name: 'public', image: 'web:1' })).toMatchObject({ kind: 'done' });
    expect(delivered('public').imageRegistryCredentials).toEqual([]);
    expect(await plan('ann', { name: 'pulled', image: 'ghcr.io/acme/web:1' })).toMatchObject({
      data: { groups: [{ effect: 'none' }] },
    });
  });
});

describe('the commit of a fork', () => {
  const shapes: Readonly<Record<string, Shape>> = {
    'that is there': { variable: { secureValueReference: 'katabot:THERE' } },
    'that is not there': { variable: { secureValueReference: 'katabot:NOT_THERE' } },
    'of the group that runs': { variable: { secureValueReference: 'katabot:kept' } },
  };
  const place = (shape: Shape, fork: boolean): Here => ({
    repository: 'acme/shop',
    environment: 'pr-7-shop',
    environments: ['pr-7-shop', 'production'],
    fork,
    admit: async () => ({ allowed: true, rule: 'a test' }),
    pull: { number: 7, head: '' },
    seen: async () => ({ allowed: true, rule: 'a test' }),
    begin: async () => {},
    source: async () => ({ commit: 'a'.repeat(40), files: [file(shape)] }),
  });
  const inPull = async (line: string, here: Here): Promise<Outcome> => {
    const caller = { name: 'ann', right: 'operator' } as const;
    const said = { words: [], line, caller, surface: 'github', here } as const;
    const command = runCommand(bot.app.ground, said, AbortSignal.timeout(20_000));
    for (;;) {
      const step = await command.next();
      if (step.done) return step.value;
      answered.push(JSON.stringify(step.value));
    }
  };

  beforeAll(async () => {
    await say('ann', ['secret', 'set', 'THERE'], { secret: 'seventh-canary-value' });
  });

  test.each(['/kata plan', '/kata deploy', '/kata plan in production', '/kata deploy to production'])(
    'is given no secret by %s, and the answer is the same whether there is one',
    async (line) => {
      const messages = new Set<string>();
      for (const shape of Object.values(shapes)) {
        const outcome = await inPull(line, place(shape, true));
        const [problem, ...others] = problemsOf(outcome);
        expect([outcome.kind, problem?.code, others]).toEqual(['invalid', 'secret-withheld', []]);
        messages.add(`${problem?.message} ${problem?.advice}`);
      }
      expect(messages.size).toBe(1);
    },
  );

  test('has no sealed value opened, whole or broken', async () => {
    const sealed = await sealValue(
      bot.app.ground.vault.recipient,
      { repository: 'acme/shop', environment: '' },
      new Secret('eighth-canary-value'),
    );
    for (const secureValue of [sealed, `${sealed}AAAA`]) {
      const outcome = await inPull('/kata plan', place({ variable: { secureValue } }, true));
      expect(problemsOf(outcome).map(({ code }) => code)).toEqual(['secret-withheld']);
    }
  });

  test('cannot find out by guessing what a group that runs has', async () => {
    await inPull('/kata deploy', place({ variable: { secureValue: 'ninth-canary-value' } }, false));
    const guesses = ['ninth-canary-value', 'another'].map((secureValue) =>
      inPull('/kata plan', place({ variable: { secureValue } }, true)),
    );
    const [right, wrong] = (await Promise.all(guesses)).map(({ data }) => Object(data).groups[0].changes);
    expect(right).toEqual(wrong);
  });

  test('has no registry asked for its images by a plan, while a commit of the repository has', async () => {
    const shape = { name: 'looks', image: 'ghcr.io/acme/nowhere:1' };
    expect(problemsOf(await inPull('/kata plan', place(shape, true)))).toEqual([]);
    const found = await inPull('/kata plan', place(shape, false));
    expect(problemsOf(found)).toMatchObject([{ code: 'image-not-found', severity: 'warning' }]);
    expect(found).toMatchObject({ kind: 'done', data: { groups: [{ wouldDeploy: true }] } });
  });

  test('gets no login of a registry, while a commit of the repository gets both', async () => {
    const shape = { name: 'fork-login', image: 'ghcr.io/acme/web:1' };
    await inPull('/kata deploy', place(shape, true));
    expect(delivered('fork-login').imageRegistryCredentials).toEqual([]);
    const own = { ...shape, name: 'own-login', variable: { secureValueReference: 'katabot:THERE' } };
    expect(await inPull('/kata deploy', place(own, false))).toMatchObject({ kind: 'done' });
    expect(delivered('own-login').imageRegistryCredentials).toHaveLength(1);
    expect(tokenIn('own-login')).toBe('seventh-canary-value');
  });
});

describe('who may', () => {
  test.each([
    ['a reader', 'eve', ['secret', 'list'], 'right-missing'],
    ['a deployer', 'dev', ['secret', 'set', 'X'], 'right-missing'],
    ['an operator of one repository, for all of them', 'shopkeeper', ['secret', 'set', 'X'], 'right-missing'],
    [
      'the same, for another one',
      'shopkeeper',
      ['secret', 'set', 'X', '--repository', 'acme/other'],
      'repository-refused',
    ],
    ['the same, to remove what is for all', 'shopkeeper', ['secret', 'remove', 'THERE'], 'right-missing'],
  ])('not %s', async (_whose, who, words, code) => {
    expect(await say(who, words, { secret: 'x' })).toMatchObject({ kind: 'refused', code });
  });

  test('an operator of one repository sets for it, and sees nothing of the others', async () => {
    const words = ['secret', 'set', 'OWN', '--repository', 'acme/shop'];
    expect(await say('shopkeeper', words, { secret: 'tenth-canary-value' })).toMatchObject({ kind: 'done' });
    await say('ann', ['secret', 'set', 'OTHER', '--repository', 'acme/other'], { secret: 'x-canary-value' });
    const names = ({ data }: Outcome) => Object(data).secrets.map(({ name }: { name: string }) => name);
    expect(names(await say('shopkeeper', ['secret', 'list']))).toEqual(['OWN']);
    expect(names(await say('ann', ['secret', 'list']))).toEqual(
      expect.arrayContaining(['OTHER', 'OWN', 'THERE']),
    );
    expect(names(await say('ann', ['secret', 'list', '--repository', 'acme/other']))).toEqual(['OTHER']);
  });

  test('no reader has a file of their own filled, and none learns whether a secret is there', async () => {
    const [there, missing] = await Promise.all(
      ['THERE', 'MISSING'].map((name) =>
        plan('eve', { name: 'nosy', variable: { secureValueReference: `katabot:${name}` } }),
      ),
    );
    expect(there && problemsOf(there).map(({ code, message }) => [code, message])).toEqual(
      missing && problemsOf(missing).map(({ code, message }) => [code, message]),
    );
    expect(there && problemsOf(there)[0]?.code).toBe('secret-withheld');
  });

  test('no reader has registries asked for them', async () => {
    const shape = { name: 'nosy', image: 'ghcr.io/acme/nowhere:1' };
    expect(problemsOf(await plan('eve', shape))).toEqual([]);
    expect(problemsOf(await plan('dev', shape))).toMatchObject([{ code: 'image-not-found' }]);
    expect((await deploy('dev', shape, '--dry-run')).text).toContain('image-not-found');
  });

  test('nobody gives a file to one group and the name of another', async () => {
    const files = [file({ name: 'other' })];
    expect(await say('ann', ['deploy', 'shop', '--file', 'containergroup.yaml'], { files })).toMatchObject({
      kind: 'invalid',
      code: 'usage',
    });
  });
});

describe('a value in the wrong place', () => {
  test.each([
    [['secret', 'set', 'NAME', 'canary-among-words']],
    [['secret', 'set', 'NAME', '--value', 'canary-among-words']],
    [['secret', 'canary-among-words']],
    [['secrte', 'set', 'NAME', 'canary-among-words']],
    [['secret', 'set', 'NAME', 'in', 'Canary-among-words']],
  ])('is not repeated, and not written down: %j', async (words) => {
    const outcome = await say('ann', words, { key: randomUUID() });
    expect(outcome.kind).toBe('invalid');
    expect(outcome.text.toLowerCase()).not.toContain('canary-among-words');
  });

  test('said where others read it is refused with the reason', async () => {
    for (const surface of ['github', 'git'] as const) {
      const said = { words: [], line: '/kata secret set NAME canary-among-words', surface } as const;
      const caller = { name: 'ann', right: 'operator' } as const;
      const { value } = await runCommand(
        bot.app.ground,
        { ...said, caller },
        AbortSignal.timeout(5_000),
      ).next();
      answered.push(JSON.stringify(value));
      expect(value).toMatchObject({ code: 'wrong-surface' });
      expect(JSON.stringify(value)).toContain('is read by everybody who reads this place');
    }
  });

  test('a request that is said again with another value is another request', async () => {
    const words = ['secret', 'set', 'TWICE'];
    const first = await say('ann', words, { secret: 'short1', key: 'the-same' });
    expect(await say('ann', words, { secret: 'short1', key: 'the-same' })).toEqual(first);
    const response = await fetch(new URL('/api/v1/commands', bot.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens['ann']}`,
        'content-type': 'application/json',
        'idempotency-key': 'the-same',
      },
      body: JSON.stringify({ words, secret: 'short2' }),
    });
    expect(response.status).toBe(422);
  });
});

describe('after all of this', () => {
  let everything: string;
  beforeEach(async () => {
    const operations = await fetch(new URL('/api/v1/operations', bot.url), {
      headers: { authorization: `Bearer ${tokens['ann']}` },
    });
    answered.push(await operations.text());
    answered.push(
      (await say('ann', ['audit', '-n', '500'])).text,
      (await say('ann', ['secret', 'list'])).text,
    );
    const files = await readdir(bot.dataFolder, { recursive: true, withFileTypes: true });
    const held = files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1'));
    everything = [...(await Promise.all(held)), ...logged, ...answered].join('\n');
  });

  test('no value stands in a file of the bot, in its log, its audit, its operations or an answer', () => {
    expect(everything).toContain('REFERRED');
    const canary = /[a-z]+-canary-v(a|ä)lue|canary-among-words/i;
    expect(canary.exec(everything)?.[0]).toBeUndefined();
    for (const value of ['first-canary-value', 'seventh-canary-value', 'robot:sixth-canary-value']) {
      expect(everything).not.toContain(Buffer.from(value).toString('base64').slice(0, 16));
      expect(everything).not.toContain(encodeURIComponent(value));
    }
  });

  test('the audit says who set what, and where', async () => {
    const { data } = await say('ann', ['audit', '-n', '500']);
    const texts = Object(data).rows.map(({ text }: { text: string }) => text);
    expect(texts).toContain('secret set REFERRED in production');
    expect(texts).toContain('secret set OWN --repository=acme/shop');
    expect(texts).toContain('secret …');
  });
});
