/** The whole list of questions for a deed: in order, each with an answer. */
import { describe, expect, test } from '@jest/globals';
import {
  type Admission,
  createPolicy,
  type DeedFacts,
  decisions,
  type Need,
  objectionsIn,
  type PlaceFacts,
} from '../../src/policy/index.ts';
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
    .map(({ state }) => ({ passed: '✔', waits: '⏳', failed: '✗', 'not-needed': '–' })[state])
    .join('');

const full = { code: 'ServiceUnavailable', message: 'No memory is left.', advice: 'Ask for less.' };

const CLEO: Need = {
  why: 'reviewers',
  from: [{ kind: 'person', person: 'github:3', name: 'cleo' }],
  right: 'reader',
};
const ADMITTED: Admission = { allowed: true, rule: 'no rules' };
const WAITING: Admission = { ...ADMITTED, needs: { approvals: [CLEO], waitMs: 90_000, barred: [] } };
const NO: Admission = {
  allowed: false,
  code: 'environment-branch',
  message: 'Not from here.',
  advice: 'Merge.',
};

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

  test.each<[string, PlaceFacts | null, string]>([
    ['asks nothing', { admission: ADMITTED, missing: [], waitMs: 0 }, '✔✔✔✔–––✔✔✔✔'],
    ['says no', { admission: NO, missing: [], waitMs: 0 }, '✔✔✔✗–––✔✔✔✔'],
    ['was not looked at', null, '✔✔✔––––✔✔✔✔'],
    ['waits for cleo', { admission: WAITING, missing: [CLEO], waitMs: 90_000 }, '✔✔✔✔–⏳⏳✔✔✔✔'],
    ['has waited long enough', { admission: WAITING, missing: [], waitMs: 0 }, '✔✔✔✔–✔✔✔✔✔✔'],
  ])('of a place with rules of its own that %s', (_what, place, expected) => {
    expect(states(facts('ann', 'shop', { place }))).toBe(expected);
  });

  test('says for whom and how long it would wait, and that is no refusal', () => {
    const place = { admission: WAITING, missing: [CLEO], waitMs: 90_000 };
    const checks = decisions(facts('ann', 'shop', { place }));
    expect(checks.filter(({ state }) => state === 'waits').map(({ name, text }) => [name, text])).toEqual([
      ['approvals', 'of cleo'],
      ['wait timer', '2 minutes'],
    ]);
    expect(firstRefusal(checks)).toBeUndefined();
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
