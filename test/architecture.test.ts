/** The order of the house, and proof that each rule notices when it is broken. */
import { describe, expect, test } from '@jest/globals';
import {
  filesTooLong,
  filesWith,
  importCycles,
  importsAgainstTheOrder,
  importsOfAdapters,
  importsOfNothing,
  importsPastTheDoor,
  namesThatSayNothing,
  READING_ORDER,
  readTree,
  type Tree,
} from './world/source-tree.ts';

const sources = readTree('src');
const tests = readTree('test');

const LINE_LIMIT = 250;

/** A table or one flat switch may be as long as it is; each says why. */
const LONGER: Readonly<Record<string, string>> = {
  'src/app.ts': 'one flat list of parts and how they are wired',
  'src/commands/table.ts': 'a table: one entry a verb',
  'src/config.ts': 'the tables of variables and settings, and the page made from them',
  'src/spec/schema/containers.ts': 'a table: one entry a property of ACI',
};

/** git tells a hook what is pushed through its environment, and a hook is a program of its own. */
const READERS_OF_THE_ENVIRONMENT = [
  'src/config.ts',
  ...[...sources.keys()].filter((path) => /^src\/surfaces\/git\/hook\.\w+$/.test(path)),
];

const ENVIRONMENT = /\bprocess\s*\.\s*env\b|\bprocess\s*\[\s*['"]env|\benv\b[^;\n]*\bfrom 'node:process'/;
const MODULE_MOCKS = /\bjest\s*\.\s*(mock|doMock|setMock|unstable_mockModule|createMockFromModule)\b/;

describe('the sources', () => {
  test('import from their own chapter and from earlier ones only', () => {
    expect(importsAgainstTheOrder(sources)).toEqual([]);
  });

  test('enter another chapter through its index.ts', () => {
    expect(importsPastTheDoor(sources)).toEqual([]);
  });

  test('leave adapters to app.ts, and the command line to program.ts', () => {
    expect(importsOfAdapters(sources)).toEqual([]);
  });

  test('import files that exist, by their whole name', () => {
    expect(importsOfNothing(sources)).toEqual([]);
  });

  test('import one another in no circle', () => {
    expect(importCycles(sources)).toEqual([]);
  });

  test('have names that say what is inside', () => {
    expect(namesThatSayNothing(sources)).toEqual([]);
    expect(namesThatSayNothing(tests)).toEqual([]);
  });

  test(`end within ${LINE_LIMIT} lines, or have a reason not to`, () => {
    expect(filesTooLong(sources, LINE_LIMIT, LONGER)).toEqual([]);
  });

  test('read the environment in config.ts alone', () => {
    expect(filesWith(sources, ENVIRONMENT, READERS_OF_THE_ENVIRONMENT)).toEqual([]);
  });
});

test('tests replace no modules', () => {
  expect(filesWith(tests, MODULE_MOCKS)).toEqual([]);
});

describe('a made-up tree', () => {
  test('that keeps every rule has no complaints', () => {
    const good = tree({
      'src/clock.ts': '',
      'src/spec/index.ts': "export { read } from './read.ts';",
      'src/spec/read.ts': "import { now } from '../clock.ts';",
      'src/engines/index.ts': "import type { Group } from '../spec/index.ts';",
      'src/engines/docker/docker-engine.ts':
        "import type { Engine } from '../index.ts';\nimport './labels.ts';",
      'src/engines/docker/labels.ts': '',
      'src/surfaces/cli/index.ts': '',
      'src/app.ts': "import { dockerEngine } from './engines/docker/docker-engine.ts';",
      'src/program.ts': "await import('./surfaces/cli/index.ts');\nimport { app } from './app.ts';",
    });
    const rules = [
      importsAgainstTheOrder,
      importsPastTheDoor,
      importsOfAdapters,
      importsOfNothing,
      importCycles,
    ];
    for (const rule of rules) expect(rule(good)).toEqual([]);
  });

  test.each([
    ["import { put } from '../store/index.ts';"],
    ["import {\n  put,\n  take,\n} from '../store/index.ts';"],
    ["export * from '../store/index.ts';"],
    ["import type { Store } from '../store/index.ts';"],
    ["const { put } = await import('../store/index.ts');"],
    ["import '../store/index.ts';"],
  ])('is caught importing forward with %j', (text) => {
    const files = tree({ 'src/spec/read.ts': text, 'src/store/index.ts': '' });
    expect(importsAgainstTheOrder(files)).toEqual([
      'src/spec/read.ts imports src/store/index.ts, which comes later',
    ]);
  });

  test('is caught with a chapter that the order does not know', () => {
    const files = tree({ 'src/spec/read.ts': "import '../magic/index.ts';", 'src/magic/index.ts': '' });
    expect(importsAgainstTheOrder(files)).toEqual([
      'src/spec/read.ts imports src/magic/index.ts, which stands in no chapter',
    ]);
  });

  test('is caught entering a chapter by the window', () => {
    const files = tree({ 'src/policy/decide.ts': "import '../spec/read.ts';", 'src/spec/read.ts': '' });
    expect(importsPastTheDoor(files)).toEqual([
      "src/policy/decide.ts imports src/spec/read.ts, not the chapter's index.ts",
    ]);
  });

  test('is caught tying itself to an adapter', () => {
    const files = tree({
      'src/reconciler/apply.ts': "import '../engines/docker/docker-engine.ts';",
      'src/engines/index.ts': "import './docker/docker-engine.ts';",
      'src/surfaces/web/listen.ts': "import '../git/listen.ts';",
      'src/program.ts': "import './surfaces/cli/index.ts';\nimport './store/sqlite/index.ts';",
    });
    expect(importsOfAdapters(files)).toEqual([
      'src/reconciler/apply.ts imports the adapter engines/docker',
      'src/engines/index.ts imports the adapter engines/docker',
      'src/surfaces/web/listen.ts imports the adapter surfaces/git',
      'src/program.ts imports the adapter store/sqlite',
    ]);
  });

  test('is caught going round in a circle, once', () => {
    const files = tree({
      'src/spec/index.ts': "export { a } from './a.ts';",
      'src/spec/a.ts': "import './b.ts';",
      'src/spec/b.ts': "import './c.ts';",
      'src/spec/c.ts': "import './a.ts';",
    });
    expect(importCycles(files)).toEqual(['src/spec/a.ts -> src/spec/b.ts -> src/spec/c.ts -> src/spec/a.ts']);
  });

  test('may mention an import in a comment', () => {
    const files = tree({ 'src/spec/read.ts': "// import '../app.ts'\n/**\n * import '../app.ts'\n */" });
    expect(importsOfNothing(files)).toEqual([]);
  });

  test('is caught with names that say nothing, as folder and as file', () => {
    const files = tree({
      'src/utils/x.ts': '',
      'src/spec/helpers.ts': '',
      'src/spec/Common.test.ts': '',
      'src/a.ts': '',
    });
    expect(namesThatSayNothing(files)).toEqual([
      'src/utils/x.ts',
      'src/spec/helpers.ts',
      'src/spec/Common.test.ts',
    ]);
  });

  test('is caught with a long file, and with an excuse for a file that is gone', () => {
    const files = tree({
      'src/a.ts': 'x\n'.repeat(3),
      'src/b.ts': 'x\n'.repeat(4),
      'src/c.ts': 'x\n'.repeat(4),
    });
    expect(filesTooLong(files, 3, { 'src/c.ts': 'a table', 'src/d.ts': 'a table' })).toEqual([
      'src/b.ts has 4 lines',
      'src/d.ts is excused and does not exist',
    ]);
  });

  test('is caught reading the environment or mocking a module', () => {
    const mock = `${'jest'}.mock('x')`; // in two parts, since this file is searched as well
    const files = tree({
      'src/a.ts': 'const { HOME } = process.env;',
      'src/b.ts': 'environment',
      'test/c.ts': mock,
    });
    expect(filesWith(files, ENVIRONMENT)).toEqual(['src/a.ts']);
    expect(filesWith(files, ENVIRONMENT, ['src/a.ts'])).toEqual([]);
    expect(filesWith(files, MODULE_MOCKS)).toEqual(['test/c.ts']);
  });
});

test('the reading order names every folder and file of src', () => {
  const known = READING_ORDER.flat();
  const found = new Set([...sources.keys()].map((path) => path.split('/')[1] ?? ''));
  expect([...found].filter((name) => !known.includes(name))).toEqual([]);
});

function tree(files: Record<string, string>): Tree {
  return new Map(Object.entries(files));
}
