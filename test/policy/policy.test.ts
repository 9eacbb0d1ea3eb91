/** May this caller do this there: places, patterns, the ceiling of a token, and what a refusal says. */
import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../src/config.ts';
import {
  type Caller,
  createPolicy,
  type Decision,
  type Place,
  type Policy,
  RIGHTS,
  type Right,
} from '../../src/policy/index.ts';

const SETTINGS = `
protected: [production, 'live-*']
callers:
  ann: admin
  bo:
    - { right: operator, environments: [production, pr-*], repositories: [shop, acme/*] }
    - { right: reader }
  cleo: [{ right: deployer, environments: [staging] }]
  dan: [{ right: deployer, repositories: [shop] }]
  '*': [{ right: reader, environments: [staging] }]
`;

const policy = createPolicy(parseSettings(SETTINGS, 'katabot.yml'));
const without = createPolicy(parseSettings('{}', 'katabot.yml'));

const admin = (name: string): Caller => ({ name, right: 'admin' });
const may = (given: Policy, caller: Caller, needed: Right, place?: Place) =>
  given.decide(caller, needed, 'do it', place).allowed;

/** The most that somebody may do, found by asking. */
const most = (caller: Caller, place?: Place) =>
  RIGHTS.findLast((right) => may(policy, caller, right, place)) ?? 'nothing';

describe('without callers in the settings the token’s right holds everywhere', () => {
  const pairs = RIGHTS.flatMap((right, has) =>
    RIGHTS.map((needed, needs) => ({ right, needed, has, needs })),
  );

  test.each(pairs)('a $right asks for what takes a $needed', ({ right, needed, has, needs }) => {
    for (const place of [undefined, {}, { environment: 'production', repository: 'shop' }])
      expect(may(without, { name: 'ann', right }, needed, place)).toBe(has >= needs);
  });

  test('and a refusal says how a right is given', () => {
    expect(without.decide({ name: 'bo', right: 'deployer' }, 'operator', 'create a repository')).toEqual({
      allowed: false,
      code: 'right-missing',
      message: 'bo is a deployer and may not create a repository; that takes an operator.',
      advice: 'Whoever runs the bot can give the right: katabot token create bo --right operator',
    });
    expect(without.rightOf({ name: 'bo', right: 'deployer' }, { environment: 'x' })).toEqual({
      right: 'deployer',
      rule: 'token',
    });
  });
});

describe('with callers in the settings', () => {
  const at = (environment?: string, repository?: string): Place => ({
    ...(environment === undefined ? {} : { environment }),
    ...(repository === undefined ? {} : { repository }),
  });

  test.each<[string, Place, Right | 'nothing']>([
    ['ann', at(), 'admin'],
    ['ann', at('production', 'shop'), 'admin'],
    ['ann', at('production'), 'admin'],
    ['bo', at(), 'operator'],
    ['bo', at('production', 'shop'), 'operator'],
    ['bo', at('pr-12', 'shop'), 'operator'],
    ['bo', at('pr-', 'shop'), 'operator'],
    ['bo', at('production', 'acme/site'), 'operator'],
    ['bo', at('production', 'acme'), 'reader'],
    ['bo', at('production', 'shop-2'), 'reader'],
    ['bo', at('productions', 'shop'), 'reader'],
    ['bo', at('a-production', 'shop'), 'reader'],
    ['bo', at('pr', 'shop'), 'reader'],
    ['bo', at('staging', 'shop'), 'reader'],
    // An unknown part could be anything, so only what holds for all of it counts.
    ['bo', at('production'), 'reader'],
    ['bo', at(undefined, 'shop'), 'reader'],
    ['cleo', at(), 'deployer'],
    ['cleo', at('staging'), 'deployer'],
    ['cleo', at('staging', 'anything'), 'deployer'],
    ['cleo', at('production', 'shop'), 'nothing'],
    ['cleo', at(undefined, 'shop'), 'nothing'],
    ['dan', at(undefined, 'shop'), 'deployer'],
    ['dan', at('staging', 'shop'), 'deployer'],
    ['dan', at('staging', 'other'), 'reader'],
    ['dan', at('staging'), 'reader'],
    ['zoe', at(), 'reader'],
    ['zoe', at('staging', 'shop'), 'reader'],
    ['zoe', at('production', 'shop'), 'nothing'],
    ['constructor', at('production'), 'nothing'],
    ['local', at('production', 'shop'), 'admin'],
    ['katabot', at('production', 'shop'), 'admin'],
  ])('%s at %j is %s', (name, place, right) => {
    expect(most(admin(name), place)).toBe(right);
    const known = policy.rightOf(admin(name), place);
    expect(known.right ?? 'nothing').toBe(right);
  });

  test.each(RIGHTS)('no token that allows a %s lets anybody do more', (right) => {
    for (const name of ['ann', 'bo', 'cleo', 'dan', 'zoe', 'local', 'katabot']) {
      for (const place of [at(), at('production', 'shop'), at('staging', 'shop')]) {
        const [own, ceiling] = [most(admin(name), place), most({ name, right }, place)];
        const lesser = RIGHTS.indexOf(own as Right) < RIGHTS.indexOf(right) ? own : right;
        expect(ceiling).toBe(lesser);
      }
    }
  });

  test('something of a place is enough to come in', () => {
    const somewhere = (name: string, needed: Right, place: Place) =>
      policy.somewhere(admin(name), needed, 'push', place).allowed;
    expect(somewhere('bo', 'operator', { repository: 'shop' })).toBe(true);
    expect(somewhere('bo', 'operator', { repository: 'other' })).toBe(false);
    expect(somewhere('bo', 'operator', { environment: 'pr-1' })).toBe(true);
    expect(somewhere('cleo', 'deployer', { repository: 'shop' })).toBe(true);
    expect(somewhere('cleo', 'deployer', { environment: 'production' })).toBe(false);
  });

  test('the rule that decided is named', () => {
    const rule = (caller: Caller, place: Place) => policy.rightOf(caller, place).rule;
    expect(rule(admin('ann'), at('production', 'shop'))).toBe('callers.ann');
    expect(rule(admin('bo'), at('production', 'shop'))).toBe('callers.bo[0]');
    expect(rule(admin('bo'), at('elsewhere', 'shop'))).toBe('callers.bo[1]');
    expect(rule({ name: 'bo', right: 'deployer' }, at('production', 'shop'))).toBe('callers.bo[0], token');
    expect(rule(admin('zoe'), at('staging', 'shop'))).toBe('callers.*');
    expect(rule(admin('local'), at('staging', 'shop'))).toBe('own caller');
    expect(rule(admin('cleo'), at('production', 'shop'))).toBe('no rule');
  });

  test('a caller’s grants are those by name and those of anybody, under the ceiling', () => {
    expect(policy.grantsOf({ name: 'cleo', right: 'reader' })).toEqual([
      { right: 'reader', environments: ['staging'], repositories: ['*'], rule: 'callers.cleo, token' },
      { right: 'reader', environments: ['staging'], repositories: ['*'], rule: 'callers.*' },
    ]);
  });

  test.each([
    ['production', true],
    ['live-eu', true],
    ['live', false],
    ['staging', false],
    ['', false],
  ])('whether %s asks before it is changed: %s', (environment, asks) => {
    expect(policy.isProtected(environment)).toBe(asks);
  });
});

describe('a pattern', () => {
  const matches = (pattern: string, name: string) => createPolicy({ protected: [pattern] }).isProtected(name);

  test.each([
    ['*', '', true],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['a*bc*c', 'abc', false],
    ['**', 'anything', true],
    ['a.b', 'axb', false],
    ['acme/*', 'acme/site', true],
  ])('%s for %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test('takes no longer for a name that is made to be slow', () => {
    const startedAt = performance.now();
    expect(matches(`${'a*'.repeat(200)}b`, 'a'.repeat(10_000))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});

describe('a refusal', () => {
  const refuse = (name: string, right: Right, needed: Right, place: Place, given = policy) => {
    const decision = given.decide({ name, right }, needed, 'delete hello', place);
    if (decision.allowed) throw new Error('it was allowed');
    return decision;
  };
  const shop = { environment: 'production', repository: 'shop' };

  test('of a right says who has it and what to write', () => {
    expect(refuse('dan', 'admin', 'operator', shop)).toEqual({
      allowed: false,
      code: 'right-missing',
      message: 'dan is a deployer in production of shop and may not delete hello; that takes an operator.',
      advice:
        'ann, bo may do it. Whoever runs the bot can give the right, below `callers` in the settings: ' +
        'dan: [{ right: deployer, repositories: [shop] }, { right: operator, environments: [production], repositories: [shop] }]',
    });
  });

  test('of a token that allows less than the settings says so, not that the right is missing', () => {
    expect(refuse('bo', 'reader', 'deployer', shop)).toMatchObject({
      code: 'token-limited',
      message:
        'bo is an operator in production of shop, but this token allows no more than a reader and may not delete hello; that takes a deployer.',
      advice: expect.stringContaining('katabot token create bo --right deployer'),
    });
  });

  test('of a repository, and of a caller that the settings do not know', () => {
    const only = createPolicy({
      protected: [],
      callers: { eve: [{ right: 'admin', environments: ['*'], repositories: ['shop'] }] },
    });
    expect(refuse('eve', 'admin', 'reader', { environment: 'x', repository: 'bank' }, only).code).toBe(
      'repository-refused',
    );
    const unknown = refuse('zoe', 'admin', 'reader', {}, only);
    expect(unknown).toMatchObject({ code: 'caller-unknown', message: expect.stringContaining('zoe') });
    expect(unknown.advice).toBe(
      'eve may do it. Whoever runs the bot can give the right, below `callers` in the settings: zoe: reader',
    );
  });

  test('names five people at most', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const many = createPolicy({
      protected: [],
      callers: Object.fromEntries(names.map((name) => [name, 'admin' as const])),
    });
    expect(refuse('zoe', 'admin', 'admin', {}, many).advice).toMatch(/^a, b, c, d, e and 2 more may do it\./);
  });

  const asked: [string, Right, Place][] = ['dan', 'bo', 'cleo', 'zoe', 'true', '007'].flatMap((name) =>
    RIGHTS.flatMap((needed): [string, Right, Place][] =>
      [{}, shop, { environment: 'live-eu' }, { repository: 'acme/site' }].map((place) => [
        name,
        needed,
        place,
      ]),
    ),
  );

  test.each(asked)(
    '%s who wants to be %s at %j: the line that it names gives just that',
    (name, needed, place) => {
      const refusal: Decision = policy.decide(admin(name), needed, 'do it', place);
      if (refusal.allowed) return;
      const [, line = ''] = /in the settings: (.*)$/.exec(refusal.advice) ?? [];
      const callers = `callers:\n  ${line}\n`;
      const mended = createPolicy(parseSettings(callers, 'katabot.yml'));
      expect(may(mended, admin(name), needed, place)).toBe(true);
      // And takes nothing away.
      for (const grant of policy.grantsOf(admin(name)).filter(({ rule }) => rule !== 'callers.*')) {
        const inside = {
          environment: grant.environments[0]?.replace('*', 'x') ?? '',
          repository: grant.repositories[0]?.replace('*', 'x') ?? '',
        };
        expect(may(mended, admin(name), grant.right, inside)).toBe(true);
      }
    },
  );
});

describe('the settings are told their mistakes', () => {
  test.each([
    [
      'callers: { ann: opperator }',
      'callers.ann: expected a right (reader, deployer, operator, admin) or a list of { right, environments, repositories }; did you mean operator?',
    ],
    ['callers: { ann: 5 }', 'callers.ann: expected a right (reader'],
    ['callers: { ann: }', 'callers.ann: expected a right (reader'],
    [
      'callers: { ann: [{ right: Admin }] }',
      'callers.ann.0.right: expected a right (reader, deployer, operator, admin); did you mean admin?',
    ],
    [
      'callers: { ann: [{ right: reader, enviroments: [x] }] }',
      '1:35: callers.ann.0.enviroments: not known.',
    ],
    [
      'callers: { ann: [{ right: reader, environments: [Production] }] }',
      'callers.ann.0.environments.0: expected an environment such as production',
    ],
    [
      'callers: { ann: [{ right: reader, environments: [] }] }',
      'callers.ann.0.environments: expected at least one environment',
    ],
    [
      'callers: { ann: [{ right: reader, repositories: [a/b/c] }] }',
      'callers.ann.0.repositories.0: expected a repository such as shop',
    ],
    [
      'callers: { Ann: reader }',
      'callers.Ann: expected the name of a token’s caller such as ann, an account such as slack:T0123/U0456, or * for anybody with a token',
    ],
    ['callers: { local: reader }', 'callers.local: is a caller of the bot’s own'],
    ['protected: [Production]', 'protected.0: expected an environment such as production'],
  ])('%s', (text, said) => {
    expect(() => parseSettings(text, 'katabot.yml')).toThrow(
      expect.objectContaining({ code: 'settings-invalid', message: expect.stringContaining(said) }),
    );
  });
});
