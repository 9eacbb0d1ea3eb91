import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { textOf } from '../../src/repositories/git.ts';
import { readSpecs } from '../../src/repositories/specs.ts';
import { type Served, serveGit } from '../surfaces/git/served.ts';
import { commitFiles, git } from '../world/bot.ts';

let served: Served;
let made = 0;

beforeAll(async () => {
  served = await serveGit({ mostPushBytes: 8 * 1024 * 1024 });
});

afterAll(() => served.stop());

/** Commits these files in a repository of their own and pushes it. */
async function pushed(files: Readonly<Record<string, string>>, more?: (folder: string) => Promise<unknown>) {
  made += 1;
  const folder = join(served.root, `work-${made}`);
  await commitFiles(folder, { 'README.md': 'read me', ...files });
  if (more) {
    await more(folder);
    await git(folder, 'commit', '--quiet', '--message=more');
  }
  const { code, text } = await git(folder, 'push', served.remote(`specs-${made}`), 'main');
  const branch = served.commands.checked.find(({ repository }) => repository === `specs-${made}`);
  return { code, text, files: branch?.files, deployed: branch !== undefined };
}

test('specs are found in every folder, by their exact names', async () => {
  const { files } = await pushed({
    'containergroup.yaml': 'a',
    'api/containergroup.yml': 'b\n',
    'deep/er/containergroup.yaml': '',
    'containergroup.yaml.bak': 'x',
    'my-containergroup.yaml': 'x',
    'ContainerGroup.yaml': 'x',
    'folder/containergroup.yaml/notes': 'x',
  });
  expect(files).toEqual([
    { path: 'api/containergroup.yml', text: 'b\n' },
    { path: 'containergroup.yaml', text: 'a' },
    { path: 'deep/er/containergroup.yaml', text: '' },
  ]);
});

test('folders with hostile names are only names', async () => {
  const folders = [
    '--output=x',
    '-r',
    '$(touch gone)',
    'a;b',
    "it's",
    'tab\tline\nend',
    'ü·日本',
    '*',
    ':(top)',
  ];
  const { code, files } = await pushed(
    Object.fromEntries(folders.map((folder) => [`${folder}/containergroup.yaml`, folder])),
  );
  expect(code).toBe(0);
  expect(files).toHaveLength(folders.length);
  for (const { path, text } of files ?? []) expect(dirname(path)).toBe(text);
});

test('a tree without any spec is accepted, and told which file is looked for', async () => {
  const { code, text, files } = await pushed({});
  expect(code).toBe(0);
  expect(files).toEqual([]); // checked all the same: it takes away what the branch had
  expect(text).toContain('no containergroup.yaml in the tree');
});

test('a spec of two mebibytes is refused with its size, unread', async () => {
  const { code, text, deployed } = await pushed({ 'big/containergroup.yaml': 'x'.repeat(2 * 1024 * 1024) });
  expect(code).not.toBe(0);
  expect(text).toContain(
    'big/containergroup.yaml has 2,097,152 bytes; a container group may have 1,048,576 (1 MiB).',
  );
  expect(deployed).toBe(false);
});

test('specs that are too large together are refused', async () => {
  const almost = 'x'.repeat(1024 * 1024);
  const { code, text } = await pushed(
    Object.fromEntries(
      Array.from({ length: 17 }, (_, at) => [
        `${at}/containergroup.yaml`,
        `${at}${almost}`.slice(0, 1_048_576),
      ]),
    ),
  );
  expect(code).not.toBe(0);
  expect(text).toContain('17,825,792 bytes together');
});

test('two hundred groups are enough for one tree', async () => {
  const { code, text } = await pushed(
    Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`${at}/containergroup.yaml`, ''])),
  );
  expect(code).not.toBe(0);
  expect(text).toContain('more than 200 container groups');
});

test('a link and a submodule named like a spec are refused', async () => {
  const link = await pushed({}, async (folder) => {
    await symlink('/etc/passwd', join(folder, 'containergroup.yaml'));
    await git(folder, 'add', '--all');
  });
  expect(link.code).not.toBe(0);
  expect(link.text).toContain('containergroup.yaml is a link, not a file');
  const submodule = await pushed({}, (folder) =>
    git(folder, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},containergroup.yml`),
  );
  expect(submodule.code).not.toBe(0);
  expect(submodule.text).toContain('containergroup.yml is a submodule, not a file');
});

test('a push larger than the limit is refused by size', async () => {
  const { code, text } = await pushed({}, async (folder) => {
    await writeFile(join(folder, 'noise'), randomBytes(9 * 1024 * 1024));
    await git(folder, 'add', 'noise');
  });
  expect(code).not.toBe(0);
  expect(text).toMatch(/pack exceeds maximum allowed size/);
});

test('a few objects that describe billions of files do not hold up the bot', async () => {
  const folder = join(served.root, 'bomb');
  await mkdir(folder);
  const ask = (words: string[], input = '') => textOf({ folder, words, input });
  await ask(['init', '--quiet', '--initial-branch=main']);
  let id = await ask(['hash-object', '-w', '--stdin'], 'boom');
  for (let level = 0; level < 10; level += 1) {
    const kind = level === 0 ? '100644 blob' : '040000 tree';
    const lines = Array.from({ length: 10 }, (_, at) => `${kind} ${id}\tf${at}\n`);
    id = await ask(['mktree'], lines.join(''));
  }
  await expect(readSpecs({ folder }, id)).rejects.toMatchObject({ code: 'too-many-files' });
});
