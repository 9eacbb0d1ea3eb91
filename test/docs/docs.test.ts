import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commandsPage, parse } from '../../src/commands/index.ts';
import { settingsPage } from '../../src/config.ts';
import { readTree } from '../world/source-tree.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Every command that a page shows in a block of `sh`. */
const commands = pages.flatMap((page) =>
  [...read(page).matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter(Boolean)
      .map((line) => [page, line] as const),
  ),
);

describe('every command in the documentation', () => {
  test.each(commands)('%s: %s', (_page, line) => {
    const [program = '', ...words] = line.replace(/ > \S+$/, '').split(' ');
    if (program === 'katabot') {
      expect(() => parse(words)).not.toThrow();
      return;
    }
    if (program === 'npm') {
      const script = words[0] === 'run' ? words[1] : words[0];
      const known = Object.keys(JSON.parse(read('package.json')).scripts);
      expect(script === 'ci' || known.includes(script ?? '')).toBe(true);
      return;
    }
    // git and docker themselves know whether they have such a subcommand.
    expect(['git', 'docker']).toContain(program);
    const subcommand = words[0] ?? '';
    if (program === 'docker') expect(['build']).toContain(subcommand);
    else
      expect(spawnSync('git', [subcommand, '-h'], { encoding: 'utf8' }).stderr).not.toContain(
        'is not a git command',
      );
  });
});

test('links lead somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(page), target))),
  );
  expect(broken).toEqual([]);
});

test('the pages of commands and settings are the ones that their tables make', () => {
  expect(read('docs/commands.md')).toBe(commandsPage());
  expect(read('docs/settings.md')).toBe(settingsPage());
});

test('every code that the bot answers with is explained', () => {
  const page = read('docs/troubleshooting.md');
  const sources = [...readTree('src')].filter(
    ([path]) => !/src\/spec\//.test(path) && /\.ts$/.test(path),
  );
  const codes = sources.flatMap(([, text]) => [
    ...[...text.matchAll(/new Failure\(\s*'([A-Za-z-]+)'/g)].map(([, code]) => code ?? ''),
    ...[...text.matchAll(/refused\(\s*'([A-Za-z-]+)'/g)].map(([, code]) => code ?? ''),
    ...[...text.matchAll(/code: '([A-Za-z-]+)',\n\s+(?:own|say|message)/g)].map(([, code]) => code ?? ''),
  ]);
  expect(new Set(codes).size).toBeGreaterThan(35);
  expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``)).sort()).toEqual([]);
});
