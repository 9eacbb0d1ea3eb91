import { describe, expect, test } from '@jest/globals';
import { mapped } from '../../../src/repositories/branches.ts';

const heads = (...branches: string[]) => new Map(branches.map((branch) => [branch, branch.padEnd(40, '0')]));
const placesOf = (...given: Parameters<typeof mapped>) =>
  Object.fromEntries(mapped(...given).wanted.map(({ branch, environment }) => [branch, environment]));

describe('which branch goes where', () => {
  test.each<[string, string[], Record<string, string> | undefined, Record<string, string>]>([
    ['without a word the default branch alone', ['main', 'other'], undefined, { main: 'production' }],
    [
      'as the settings say',
      ['main', 'dev'],
      { main: 'live', dev: 'staging' },
      { main: 'live', dev: 'staging' },
    ],
    [
      'by a pattern, named after the branch',
      ['pr-1', 'pr-2', 'x'],
      { 'pr-*': '' },
      { 'pr-1': 'pr-1', 'pr-2': 'pr-2' },
    ],
    [
      'by its name rather than by a pattern',
      ['main', 'a'],
      { '*': '', main: 'live' },
      { main: 'live', a: 'a' },
    ],
    ['a dot is a dot', ['v1x2'], { 'v1.2': 'live' }, {}],
  ])('%s', (_name, branches, patterns, expected) => {
    expect(placesOf(heads(...branches), 'main', patterns)).toEqual(expected);
  });

  test('nowhere for two that claim one environment, and that is said', () => {
    const { wanted, clashes } = mapped(heads('release/1', 'release/2', 'main'), 'main', {
      'release/*': 'staging',
      main: 'production',
    });
    expect(wanted.map(({ branch }) => branch)).toEqual(['main']);
    expect(clashes).toEqual([{ environment: 'staging', branches: ['release/1', 'release/2'] }]);
  });
});
