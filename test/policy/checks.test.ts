/** The whole list of questions for a deed: in order, each with an answer. */
import { describe, expect, test } from '@jest/globals';
import { createPolicy, type DeedFacts, decisions, objectionsIn } from '../../src/policy/index.ts';
import { decisionBlocks, drawPlain, firstRefusal } from '../../src/replies/index.ts';
import type { Problem } from '../../src/spec/index.ts';

const policy = createPolicy({
  protected: ['production'],
  callers: {
    ann: 'admin',
    bo: [{ right: 'reader', environments: ['*'], repositories: ['shop'] }],
  },
});

function facts(name: string, repository: string, more: Partial<DeedFacts> = {}): DeedFacts {
  const place = { environment: 'production', repository };
  return {
    decision: policy.decide({ name, right: 'admin' }, 'deployer', 'deploy hello', place),
    confirmation: 'not-needed',
    spec: [],
    capacity: [],
    isolation: [],
    name: [],
    ...more,
  };
}

const states = (deed: DeedFacts) =>
  decisions(deed)
    .map(({ state }) => ({ passed: '✔', failed: '✗', 'not-needed': '–' })[state])
    .join('');

const full = { code: 'ServiceUnavailable', message: 'No memory is left.', advice: 'Ask for less.' };

describe('the list', () => {
  test.each<[string, DeedFacts, string]>([
    ['all is well', facts('ann', 'shop'), '✔✔✔–✔✔✔✔'],
    ['it was confirmed', facts('ann', 'shop', { confirmation: 'given' }), '✔✔✔✔✔✔✔✔'],
    ['it has to be confirmed', facts('ann', 'shop', { confirmation: 'needed' }), '✔✔✔✗✔✔✔✔'],
    ['nobody knows the caller', facts('zoe', 'shop'), '✗–––✔✔✔✔'],
    ['the repository is closed to them', facts('bo', 'bank'), '✔✗––✔✔✔✔'],
    ['the right is missing', facts('bo', 'shop'), '✔✔✗–✔✔✔✔'],
    ['there is no room', facts('ann', 'shop', { capacity: [full] }), '✔✔✔–✔✗✔✔'],
    [
      'much was not looked at',
      facts('ann', 'shop', { spec: [full], capacity: null, isolation: null, name: null }),
      '✔✔✔–✗–––',
    ],
  ])('when %s', (_what, deed, expected) => {
    expect(states(deed)).toBe(expected);
  });

  test('names its questions, and the refusal is the first that failed', () => {
    const checks = decisions(facts('bo', 'shop', { confirmation: 'needed', capacity: [full, full] }));
    expect(checks.map(({ name }) => name)).toEqual([
      'caller known',
      'repository allowed',
      'right',
      'confirmation',
      'spec accepted',
      'capacity',
      'isolation',
      'name free',
    ]);
    expect(firstRefusal(checks)).toMatchObject({ kind: 'refused', code: 'right-missing' });
    expect(firstRefusal(decisions(facts('ann', 'shop')))).toBeUndefined();
    expect(firstRefusal(decisions(facts('ann', 'shop', { confirmation: 'needed' })))).toMatchObject({
      code: 'confirmation-needed',
    });
  });

  test('is drawn with a mark, a reason and a way forward', () => {
    const drawn = decisionBlocks(decisions(facts('bo', 'shop', { capacity: [full, full] }))).flatMap(
      (block) => drawPlain(block),
    );
    expect(drawn).toEqual([
      '  ✔ caller known          yes',
      '  ✔ repository allowed    yes',
      '  ✗ right                 bo is a reader in production of shop and may not deploy hello; that takes a deployer.',
      expect.stringMatching(/^ {4}→ ann may do it\. .* bo: \[/),
      '  – confirmation          not asked',
      '  ✔ spec accepted         yes',
      '  ✗ capacity              No memory is left. (and 1 more)',
      '    → Ask for less.',
      '  ✔ isolation             yes',
      '  ✔ name free             yes',
    ]);
  });
});

test('the problems of a planned file answer the questions that they are about', () => {
  const problem = (code: string, severity: Problem['severity'] = 'error'): Problem => ({
    severity,
    code,
    file: 'containergroup.yaml',
    line: 1,
    column: 1,
    path: 'name',
    message: 'm',
    advice: 'a',
    own: true,
  });
  const codes = (problems: readonly Problem[]) =>
    Object.values(objectionsIn(problems)).map((found) => found?.map(({ code }) => code) ?? null);
  expect(codes([])).toEqual([[], [], [], []]);
  expect(codes([problem('ServiceUnavailable'), problem('group-taken'), problem('odd', 'warning')])).toEqual([
    [],
    ['ServiceUnavailable'],
    [],
    ['group-taken'],
  ]);
  expect(codes([problem('InvalidRequestContent')])).toEqual([['InvalidRequestContent'], null, null, null]);
});
