/** The rules that a repository gives itself: every mistake with its place, and never more than the settings allow. */
import { describe, expect, test } from '@jest/globals';
import { narrowed, readRepositoryFile, saidOf } from '../../src/policy/index.ts';

describe('a file', () => {
  test('without a word changes nothing', () => {
    for (const text of ['', '# nothing yet\n', '{}']) {
      const { file, problems } = readRepositoryFile(text);
      const { forks, comments, previews, queue } = file;
      expect([problems, forks, comments, previews, queue]).toEqual([[], 'deploy', 'sticky', 'asked', false]);
    }
  });

  test('says what holds in which environment; of several the strictest', () => {
    const { file, problems } = readRepositoryFile(`
environments:
  'pr-*': { longest: 8h }
  '*': { longest: 2d }
  staging: { protected: true }
  production: { pullRequests: false }
`);
    expect(problems).toEqual([]);
    expect(saidOf(file, 'pr-1-shop')).toEqual({
      isProtected: false,
      longestMs: 8 * 3_600_000,
      isClosed: false,
    });
    expect(saidOf(file, 'staging')).toEqual({
      isProtected: true,
      longestMs: 48 * 3_600_000,
      isClosed: false,
    });
    expect(saidOf(file, 'production').isClosed).toBe(true);
  });

  test.each<[string, string, [line: number, column: number, message: RegExp, advice: RegExp]]>([
    [
      'a word that is not known',
      'comments: sticky\nprevews: asked\n',
      [2, 1, /prevews: not known/, /previews/],
    ],
    [
      'a value that is none',
      'environments:\n  staging: { protected: maybe }\n',
      [2, 25, /environments\.staging\.protected/, /docs/],
    ],
    ['a word of another list', 'forks: always\n', [1, 8, /forks/, /plan or deploy/]],
    ['a right that is none', 'roles:\n  write: boss\n', [2, 10, /roles\.write/, /reader or deployer/]],
    [
      'an environment that is none',
      'environments:\n  Staging!: {}\n',
      [2, 3, /expected an environment/, /docs/],
    ],
    ['no YAML', 'environments: [\n', [2, 1, /./, /./]],
    ['a list', '- protected\n', [1, 1, /the file/, /./]],
  ])('with %s is told where', (_name, text, [line, column, message, advice]) => {
    const [problem] = readRepositoryFile(text).problems;
    expect([problem?.line, problem?.column]).toEqual([line, column]);
    expect(problem?.message).toMatch(message);
    expect(problem?.advice).toMatch(advice);
  });

  test('can take rights away, and give none', () => {
    const given = [{ right: 'deployer', environments: ['*'], repositories: ['*'] }] as const;
    expect(narrowed(given, 'reader')).toMatchObject([{ right: 'reader' }]);
    expect(narrowed(given, 'admin')).toMatchObject([{ right: 'deployer' }]);
    expect(narrowed(given, undefined)).toEqual(given);
  });
});
