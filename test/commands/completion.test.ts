/** Completion in the shells themselves; bash, which is everywhere, is asked in parse.test.ts. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { completionScript } from '../../src/commands/index.ts';
import { find } from '../world/private-engine.ts';

const withFish = find('fish') ? test : test.skip;
const withZsh = find('zsh') ? test : test.skip;
const LIMIT_MS = 50_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'katabot-completion-'));
  writeFileSync(join(folder, 'katabot.fish'), completionScript('fish'));
  writeFileSync(join(folder, '_katabot'), completionScript('zsh'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, words: readonly string[]): string {
  const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'xterm' };
  const { stdout, stderr } = spawnSync(program, words, {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  expect(stderr).toBe('');
  return stdout;
}

withFish.each([
  ['katabot sta', ['start', 'status']],
  ['katabot cost --by ', ['caller', 'environment', 'group', 'repository']],
  ['katabot bill --s', ['--since']],
  ['katabot status --js', ['--json']],
])('fish completes %j', (line, expected) => {
  const said = run('fish', ['--no-config', '-c', `source katabot.fish; complete -C '${line}'`]);
  expect(
    said
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0]),
  ).toEqual(expected);
});

withZsh('zsh completes verbs, options and closed values', () => {
  const expected: readonly (readonly [string, string])[] = [
    ['katabot rollb', 'rollback'],
    ['katabot cost --b', '--by'],
    ['katabot cost --by env', 'environment'],
    ['katabot bill --sin', '--since'],
  ];
  // A shell with a terminal of its own: Tab is pressed, and what it writes is read until the word stands there.
  const script = [
    'zmodload zsh/zpty',
    'zpty shell "zsh -f -i"',
    `zpty -w shell 'fpath=(${folder} $fpath); autoload -Uz compinit; compinit -D -u; print -n BE; print GUN'`,
    "zpty -r shell said '*BEGUN*'",
    ...expected.flatMap(([line, word]) => [
      `zpty -n -w shell $'\\x15${line}\\t'`, // on an empty line
      `zpty -r shell said '*${word}*' && print -- ${word}`,
    ]),
    'zpty -d shell',
  ];
  const said = run('zsh', ['-f', '-c', script.join('\n')])
    .trim()
    .split('\n');
  expect(said).toEqual(expected.map(([, word]) => word));
});
