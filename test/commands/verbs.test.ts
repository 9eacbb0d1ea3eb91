/** The pure parts of verbs: which release, which moment, how long. */
import { describe, expect, test } from '@jest/globals';
import { momentOf } from '../../src/commands/moments.ts';
import { lastGood, releaseOf } from '../../src/commands/release.ts';
import { lifeOf } from '../../src/policy/index.ts';
import type { Revision, Wish } from '../../src/reconciler/index.ts';
import { lifetime } from '../../src/replies/index.ts';
import { wishFor } from '../reconciler/groups.ts';

const HELLO = wishFor({ containers: { web: {} } });

describe('the release that a rollback goes back to', () => {
  const history = (...each: [number, Revision['settled'], number?][]): Revision[] =>
    each
      .map(([number, settled, rollbackOf = 0]) => ({
        ...HELLO.revision,
        number,
        settled,
        rollbackOf,
        commit: String(number).repeat(40),
      }))
      .reverse();
  const at = (number: number): Wish => ({ ...HELLO, revision: { ...HELLO.revision, number } });

  test.each<[string, Revision[], number, number | undefined]>([
    ['is the one before', history([1, 'Running'], [2, 'Running']), 2, 1],
    ['is not one that never came up', history([1, 'Running'], [2, null], [3, 'Running']), 3, 1],
    [
      'is not the one that was gone back from',
      history([1, 'Running'], [2, 'Running'], [3, 'Running', 1]),
      3,
      undefined,
    ],
    [
      'goes a second step after a first',
      history([1, 'Running'], [2, 'Running'], [3, 'Running'], [4, 'Running', 2]),
      4,
      1,
    ],
    ['is there also for a broken deploy', history([1, 'Succeeded'], [2, null]), 2, 1],
    ['is missing for a first deploy', history([1, null]), 1, undefined],
  ])('%s', (_name, revisions, now, expected) => {
    expect(lastGood(revisions, at(now))?.number).toBe(expected);
  });

  test('is found by its number and by its commit', () => {
    const revisions = history([1, 'Running'], [2, 'Running']);
    expect(releaseOf(revisions, { revision: 1 })?.number).toBe(1);
    expect(releaseOf(revisions, { commit: '2222222' })?.number).toBe(2);
    expect(releaseOf(revisions, { commit: '3333333' })).toBeUndefined();
  });
});

describe('a moment', () => {
  const now = Date.parse('2026-11-24T12:30:00Z');

  test.each([
    ['18:00', '2026-11-24T18:00:00.000Z'],
    ['9:05', '2026-11-25T09:05:00.000Z'],
    ['12:30', '2026-11-25T12:30:00.000Z'],
    ['2026-11-24T18:00Z', '2026-11-24T18:00:00.000Z'],
    ['2026-11-24T18:00', '2026-11-24T18:00:00.000Z'],
    ['2026-11-24T18:00+02:00', '2026-11-24T16:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(new Date(momentOf(text, now)).toISOString()).toBe(expected);
  });

  test.each(['25:00', 'soon', '12:60', ''])('%j is none', (text) => {
    expect(() => momentOf(text, now)).toThrow(/is no time/);
  });
});

describe('the life of a group', () => {
  const rules = { 'pr-*': { ttlMs: 1, longestMs: 2 }, 'pr-7': { ttlMs: 3 }, '*': { longestMs: 4 } };

  test.each([
    ['pr-1', { ttlMs: 1, longestMs: 2 }],
    ['pr-7', { ttlMs: 3 }],
    ['staging', { longestMs: 4 }],
  ])('in %s', (environment, expected) => {
    expect(lifeOf(rules, environment)).toEqual(expected);
    expect(lifeOf({}, environment)).toEqual({});
  });

  test.each([
    [3 * 86_400_000, '3d'],
    [4 * 3_600_000, '4h'],
    [90 * 60_000, '90m'],
    [90_000, '90s'],
  ])('of %i ms is typed %s', (ms, text) => {
    expect(lifetime(ms)).toBe(text);
  });
});
