import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { commandsPage, parse } from '../../src/commands/index.ts';
import { parseSettings, readEnvironment, settingsPage, VARIABLES } from '../../src/config.ts';
import { DOCKER_GAPS } from '../../src/engines/docker/gaps.ts';
import { formatMoney, pricesFrom, rate, sizeOf } from '../../src/metering/index.ts';
import * as say from '../../src/replies/index.ts';
import { drawPlain } from '../../src/replies/index.ts';
import { readGroup, referencePage } from '../../src/spec/index.ts';
import { openApi } from '../../src/surfaces/web/openapi.ts';
import { readTree } from '../world/source-tree.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Every command that a page shows in a block of `sh`; a line that ends in a backslash goes on in the next one. */
const commands = blocks('sh').flatMap(([page, block]) =>
  block
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter(Boolean)
    .map((line) => [page, line] as const),
);

function blocks(language: string): (readonly [string, string])[] {
  return pages.flatMap((page) =>
    [...read(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
      ([, block = '']) => [page, block] as const,
    ),
  );
}

describe('every command in the documentation', () => {
  test.each(commands)('%s: %s', (_page, line) => {
    const [program = '', ...words] = line.replace(/ > \S+$/, '').split(' ');
    const check = CHECKS[program];
    expect({ program, known: check !== undefined }).toEqual({ program, known: true });
    check?.(words);
  });
});

/** What a page may show, and how it is seen to be right. */
const CHECKS: Readonly<Record<string, (words: string[]) => void>> = {
  katabot: (words) => words[0] === '--version' || expect(() => parse(words)).not.toThrow(),
  // Any address of the page has to be one of the API's own.
  curl(words) {
    const { pathname } = new URL(words.at(-1)?.replaceAll('"', '') ?? '');
    const known = Object.keys(Object(openApi()['paths']));
    expect(known).toContain(pathname.replace(/\/op-[a-z0-9]+/, '/{id}'));
  },
  npm([first = '', ...rest]) {
    const script = first === 'run' ? (rest.shift() ?? '') : first;
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    expect(['ci', 'link', ...scripts]).toContain(script);
    const [separator, ...given] = rest;
    if (separator === undefined) return;
    expect(separator).toBe('--');
    if (script === 'katabot') expect(() => parse(given)).not.toThrow();
    else expect(helpOf(script)).toEqual(expect.stringContaining(given.join(' ')));
  },
  // git itself knows whether it has such a subcommand.
  git([subcommand = '']) {
    const { stderr } = spawnSync('git', [subcommand, '-h'], { encoding: 'utf8' });
    expect(stderr).not.toContain('is not a git command');
  },
  docker: ([subcommand]) => expect(['build', 'run', 'exec']).toContain(subcommand),
  export([assignment = '']) {
    const [name = '', value = ''] = assignment.split('=');
    expect(() => readEnvironment({ [name]: value })).not.toThrow();
    expect(VARIABLES.map((variable): string => variable.name)).toContain(name);
  },
  // test/network/dns-update.test.ts runs them as they stand.
  keymgr: ([, key]) => expect(key).toBe('katabot-key'),
  pdnsutil: ([verb]) => expect(['generate-tsig-key', 'list-tsig-keys', 'set-meta']).toContain(verb),
  'tsig-keygen': (words) => expect(words.at(-1)).toBe('katabot-key'),
  sudo: ([program]) => expect(program).toBe('ifconfig'), // on a Mac
};

function helpOf(script: string): string {
  const file = { demo: 'test/demo/main.ts', bench: 'bench/main.ts' }[script] ?? '';
  return spawnSync(process.execPath, [join(ROOT, file), '--help'], { encoding: 'utf8' }).stdout;
}

describe('every document in the documentation is right as it stands', () => {
  const documents = blocks('yaml')
    .filter(([, block]) => !block.startsWith('#'))
    .map(([page, block]) => ({ page, block, first: block.split('\n')[0] }));

  test.each(documents)('$page: $first', ({ page, block }) => {
    if (/^properties:/m.test(block)) {
      expect(readGroup(block, { file: page, gaps: DOCKER_GAPS }).problems).toEqual([]);
    } else {
      expect(Object.keys(parseSettings(block, page).locations)).not.toEqual([]);
    }
  });

  test('and so is every template', () => {
    const templates = readdirSync(join(ROOT, 'templates'));
    expect(templates.length).toBeGreaterThan(2);
    for (const name of templates) {
      const file = `templates/${name}/containergroup.yaml`;
      expect([name, readGroup(read(file), { file }).problems]).toEqual([name, []]);
    }
  });
});

test('what the demo shows in the README is what the program prints', () => {
  const shown =
    blocks('text').find(([page, block]) => page === 'README.md' && block.includes('git push'))?.[1] ?? '';
  const { group } = readGroup(read('templates/hello/containergroup.yaml'), { file: 'containergroup.yaml' });
  if (!group) throw new Error('the template is broken');
  const price = rate(sizeOf(group), pricesFrom({}));
  for (const block of [
    say.priceStage(price),
    say.startStage(group.containers.length, 1_280),
    say.isolationStage('none', 'runc'),
    say.imageStage('katabot/hello:1', 'present', '', 0),
  ]) {
    expect(shown).toContain(`remote: ${drawPlain(block).join('')}`);
  }
  expect(read('docs/cost.md')).toContain(formatMoney(price.perHour, { digits: 4 }));
});

test('links lead somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(page), target))),
  );
  expect(broken).toEqual([]);
});

test('the pages of commands, settings and the spec are the ones that their tables make', () => {
  expect(read('docs/commands.md')).toBe(commandsPage());
  expect(read('docs/settings.md')).toBe(settingsPage());
  expect(read('docs/spec.md')).toBe(referencePage());
});

test('every code that the bot answers with is explained', () => {
  const page = read('docs/troubleshooting.md');
  const sources = [...readTree('src')].filter(([path]) => !/src\/spec\//.test(path) && /\.ts$/.test(path));
  const codes = sources.flatMap(([, text]) => [
    ...[...text.matchAll(/new Failure\(\s*'([A-Za-z-]+)'/g)].map(([, code]) => code ?? ''),
    ...[...text.matchAll(/refused\(\s*'([A-Za-z-]+)'/g)].map(([, code]) => code ?? ''),
    ...[...text.matchAll(/code: '([A-Za-z-]+)',\n\s+(?:own|say|message)/g)].map(([, code]) => code ?? ''),
    ...[...text.matchAll(/code: '([A-Za-z-]+)',\s+\.\.\.say/g)].map(([, code]) => code ?? ''),
  ]);
  const mended = read('src/commands/mend.ts').matchAll(/case '([a-z-]+)':/g);
  for (const [, code = ''] of mended) codes.push(code);
  expect(new Set(codes).size).toBeGreaterThan(35);
  expect([...new Set(codes)].filter((code) => !page.includes(`\`${code}\``)).sort()).toEqual([]);
});
