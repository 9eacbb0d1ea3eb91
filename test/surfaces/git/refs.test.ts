import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { commitFiles, git } from '../../world/bot.ts';
import { createGate, DONE, text } from './pretend-commands.ts';
import { type Served, serveGit, startGit } from './served.ts';

let served: Served;
let folder: string;
const SPEC = { 'containergroup.yaml': 'name: hello' };

beforeEach(async () => {
  served = await serveGit();
  folder = join(served.root, 'work');
  await commitFiles(folder, SPEC);
});

afterEach(() => served.stop());

const push = (...words: string[]) => git(folder, 'push', served.remote('shop'), ...words);
const placesOf = (branches: readonly { branch: string; environment: string }[]) =>
  branches.map(({ branch, environment }) => `${branch}: ${environment}`).sort();

test('the first push of several branches has one default branch, main', async () => {
  await git(folder, 'branch', 'dev');
  expect((await push('--all')).code).toBe(0);
  expect(placesOf(served.commands.checked)).toEqual(['dev: dev', 'main: production']);
  expect(placesOf(served.commands.deployed)).toEqual(['dev: dev', 'main: production']);
});

test('without main, what is pushed first is the default branch, and stays it', async () => {
  expect((await push('main:refs/heads/trunk')).code).toBe(0);
  expect((await push('main')).code).toBe(0);
  await commitFiles(folder, { 'a.txt': 'a' });
  expect((await push('main:refs/heads/trunk')).code).toBe(0);
  expect(placesOf(served.commands.deployed)).toEqual([
    'main: main',
    'trunk: production',
    'trunk: production',
  ]);
  const clone = await git(served.root, 'clone', served.remote('shop', 'rita'), 'cloned');
  expect(clone.code).toBe(0);
  expect((await git(join(served.root, 'cloned'), 'branch', '--show-current')).text.trim()).toBe('trunk');
});

test('deleting the default branch deletes production, and the branch that is left stays what it was', async () => {
  await push('main', 'main:refs/heads/dev');
  const { code, text: said } = await push(':main');
  expect(said).toContain('removing main from production');
  expect(code).toBe(0);
  await commitFiles(folder, { 'a.txt': 'a' });
  await push('main:refs/heads/dev');
  expect(served.commands.deployed.at(-1)?.environment).toBe('dev');
});

test('a deleted branch is forgotten, and its environment is told', async () => {
  await push('main', 'main:refs/heads/Feature/X');
  expect(served.book.has('shop Feature/X')).toBe(true);
  const [environment] = served.commands.deployed.flatMap((each) =>
    each.branch === 'main' ? [] : [each.environment],
  );
  expect((await push('--delete', 'Feature/X')).code).toBe(0);
  expect(served.commands.deleted).toMatchObject([
    { branch: 'Feature/X', environment, caller: { name: 'olga' } },
  ]);
  expect(served.book.has('shop Feature/X')).toBe(false);
});

test.each([
  ['a no-break space', 'a\u00a0b'],
  ['a line separator', 'a\u2028b'],
  ['a wide space', '\u3000x'],
  ['an option', '-x'],
  ['a quote and a semicolon', `a';echo$IFS`],
])('a branch whose name holds %s is checked like any other', async (_, branch) => {
  const { code } = await push(`main:refs/heads/${branch}`);
  expect(served.commands.checked.map((each) => each.branch)).toEqual([branch]);
  expect(served.commands.deployed.map((each) => each.branch)).toEqual([branch]);
  expect(code).toBe(0);
});

test('a tag moves, deploys nothing and says so', async () => {
  await push('main');
  await git(folder, 'tag', 'v1');
  const { code, text: said } = await push('v1');
  expect(code).toBe(0);
  expect(said).toMatch(/remote: .*refs\/tags\/v1 is kept; tags deploy nothing/);
  expect(served.commands.checked).toHaveLength(1);
});

test('a ref that is neither branch nor tag stops the whole push', async () => {
  const { code, text: said } = await push('main', 'main:refs/odd/ref');
  expect(code).not.toBe(0);
  expect(said).toContain('refs/odd/ref is neither a branch nor a tag');
  expect(await served.headOf('shop')).toBeUndefined();
});

test('twenty refs are enough for one push', async () => {
  const { code, text: said } = await push(...Array.from({ length: 21 }, (_, at) => `main:refs/heads/b${at}`));
  expect(code).not.toBe(0);
  expect(said).toContain('21');
  expect(served.commands.checked).toEqual([]);
});

test('a rewritten history and an older commit are told apart, with what is lost', async () => {
  await push('main');
  await commitFiles(folder, { 'a.txt': 'a' });
  await commitFiles(folder, { 'b.txt': 'b' });
  await push('main');
  const before = await served.headOf('shop');
  await git(folder, 'reset', '--quiet', '--hard', 'HEAD~2');
  await push('--force', 'main');
  await push('--force', `${before}:refs/heads/main`);
  await commitFiles(folder, { 'c.txt': 'c' });
  await push('--force', 'main');
  expect(served.commands.checked.map(({ rewind }) => rewind)).toEqual([
    undefined,
    undefined,
    { kind: 'older-commit', lostCommits: 2 },
    undefined,
    { kind: 'force-push', lostCommits: 2 },
  ]);
  expect(served.commands.checked.at(-1)?.previousCommit).toBe(before);
});

test('a second branch deploys although the client left during the first', async () => {
  const gate = createGate();
  served.commands.deploy = async function* ({ branch }, signal) {
    yield text(`deploying ${branch}`);
    await gate.pass(signal);
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main', 'main:refs/heads/dev');
  await gate.reached;
  await client.kill();
  await served.surface.close();
  expect(placesOf(served.commands.deployed)).toEqual(['dev: dev', 'main: production']);
  expect(served.book.size).toBe(2);
});

test('a deploy that throws is told with its reference, and the next branch deploys all the same', async () => {
  served.commands.deploy = async function* ({ branch }) {
    if (branch === 'dev') throw new Error('the disk is full');
    yield text(`deploying ${branch}`);
    return DONE;
  };
  await git(folder, 'branch', 'dev');
  const { code, text: said } = await push('--all');
  expect(code).toBe(0);
  expect(said).toContain('Something went wrong inside the bot (reference E1)');
  expect(said).toContain('deploying main');
  expect(served.internal).toEqual([new Error('the disk is full')]);
  expect([...served.book.keys()]).toEqual(['shop main']);
});
