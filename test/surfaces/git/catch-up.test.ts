import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { noteDeletions } from '../../../src/surfaces/git/deletions.ts';
import { commitFiles, git } from '../../world/bot.ts';
import { createGate, DONE, text } from './pretend-commands.ts';
import { bookIn, type Served, serveGit, startGit } from './served.ts';

let first: Served;
let second: Served;
let folder: string;
let commit: string;
const NEVER = new AbortController().signal;

beforeEach(async () => {
  first = await serveGit();
  folder = join(first.root, 'work');
  commit = await commitFiles(folder, { 'containergroup.yaml': 'name: hello' });
  second = await serveGit({ folder: first.folder, branches: bookIn(first.book) });
});

afterEach(async () => {
  await second.stop();
  await first.stop();
});

const push = (...words: string[]) => git(folder, 'push', first.remote('team/shop'), ...words);

test('a branch that never reached the deploy is handed over at the next start, once', async () => {
  await push('main', 'main:refs/heads/dev');
  first.book.delete('team/shop dev'); // as if the bot had died before it wrote that down
  await second.surface.catchUp(NEVER);
  expect(second.commands.deployed).toEqual([
    {
      repository: 'team/shop',
      branch: 'dev',
      environment: 'dev',
      commit,
      subject: 'Describe the group',
      files: [{ path: 'containergroup.yaml', text: 'name: hello' }],
      caller: { name: 'katabot', right: 'operator' },
      queue: true,
    },
  ]);
  await second.surface.catchUp(NEVER);
  expect(second.commands.deployed).toHaveLength(1);
});

test('nobody follows what is caught up with: the wishes are written, and the next branch has its turn', async () => {
  await push('main', 'main:refs/heads/dev');
  first.book.clear();
  const gate = createGate();
  const followed: boolean[] = [];
  second.commands.deploy = async function* ({ branch }, signal) {
    followed.push(!signal.aborted);
    yield text(`wishes of ${branch} are written`);
    await gate.pass(signal).catch(() => {});
    return DONE;
  };
  await second.surface.catchUp(NEVER);
  expect(followed).toEqual([true, true]); // not aborted until the wishes are written
  expect([...first.book.keys()].sort()).toEqual(['team/shop dev', 'team/shop main']);
});

test('a branch that cannot be handed over keeps no other one waiting, and is tried again', async () => {
  await push('main', 'main:refs/heads/dev');
  first.book.clear();
  second.commands.deploy = async function* ({ branch }) {
    if (branch === 'dev') throw new Error('the engine is away');
    yield text('deploying');
    return DONE;
  };
  await second.surface.catchUp(NEVER);
  expect([...first.book.keys()]).toEqual(['team/shop main']);
  expect(second.internal).toEqual([new Error('the engine is away')]);
});

test('a branch that was deleted while the bot died is removed at the next start', async () => {
  await push('main', 'main:refs/heads/Feature/X');
  first.commands.remove = async function* () {
    yield* [];
    throw new Error('power cut');
  };
  await push(':Feature/X');
  const [asked] = first.commands.deleted;
  expect(first.book.has('team/shop Feature/X')).toBe(true);
  await second.surface.catchUp(NEVER);
  expect(second.commands.deleted).toEqual([asked]);
  expect(first.book.has('team/shop Feature/X')).toBe(false);
  await second.surface.catchUp(NEVER);
  expect(second.commands.deleted).toHaveLength(1);
});

test('a deletion that was noted but never happened removes nothing', async () => {
  await push('main');
  const caller = { name: 'olga', right: 'operator' } as const;
  const bare = join(first.folder, 'team/shop.git');
  await noteDeletions(bare, [{ branch: 'main', environment: 'production', caller }]);
  await second.surface.catchUp(NEVER);
  expect(second.commands.deleted).toEqual([]);
  await push('main:refs/heads/dev', ':main'); // and now it does happen
  await second.surface.catchUp(NEVER);
  expect(first.commands.deleted).toHaveLength(1);
  expect(second.commands.deleted).toEqual([]);
});

test('a push waits for the catching up of its repository, and wins', async () => {
  await push('main');
  first.book.clear();
  const newer = await commitFiles(folder, { 'a.txt': 'a' });
  const gate = createGate();
  let deploys = 0;
  second.commands.deploy = async function* ({ branch }) {
    deploys += 1;
    if (deploys === 1) await gate.pass();
    yield text(`deploying ${branch}`);
    return DONE;
  };
  const catching = second.surface.catchUp(NEVER);
  await gate.reached;
  const client = startGit(folder, 'push', second.remote('team/shop'), 'main');
  await client.shows(/waiting for .*catches up/);
  gate.open();
  await catching;
  expect((await client.ended).code).toBe(0);
  expect(second.commands.deployed.map((each) => each.commit)).toEqual([commit, newer]);
});

test('git that dies after the check and before post-receive is caught up with at once', async () => {
  await push('main');
  const newer = await commitFiles(folder, { 'a.txt': 'a' });
  const [hooks = ''] = (await readdir(first.root)).filter((name) => name.startsWith('katabot-hooks-'));
  first.commands.check = async function* () {
    yield text('checked');
    await rm(join(first.root, hooks, 'hooks', 'post-receive'));
    return DONE;
  };
  expect((await push('main')).code).toBe(0);
  await first.surface.close();
  expect(first.commands.deployed.at(-1)).toMatchObject({ commit: newer, caller: { name: 'katabot' } });
});
