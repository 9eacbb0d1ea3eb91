import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { commitFiles, git } from '../../world/bot.ts';
import { createGate, DONE, text } from './pretend-commands.ts';
import { type Served, serveGit, startGit } from './served.ts';

let served: Served;
let folder: string;
let commit: string;

beforeEach(async () => {
  served = await serveGit();
  folder = join(served.root, 'work');
  commit = await commitFiles(folder, { 'containergroup.yaml': 'name: hello' });
});

afterEach(() => served.stop());

/** The first check waits at a gate; the others pass. */
function firstCheckWaits() {
  const gate = createGate();
  let checks = 0;
  served.commands.check = async function* ({ branch }, signal) {
    checks += 1;
    yield text(`checking ${branch}`);
    if (checks === 1) await gate.pass(signal);
    return DONE;
  };
  return gate;
}

test('two pushes to one repository take turns, and the second is told for whom it waits and when it goes on', async () => {
  const gate = firstCheckWaits();
  const first = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  const second = startGit(folder, 'push', served.remote('shop', 'dora'), 'main:refs/heads/other');
  const told = await second.shows(/waiting for the push of/);
  expect(told).toMatch(new RegExp(`remote: .*waiting for the push of ${commit.slice(0, 7)} by olga`));
  expect(served.commands.checked).toHaveLength(1);
  gate.open();
  expect((await first.ended).code).toBe(0);
  const end = await second.ended;
  expect(end.code).toBe(0);
  expect(end.text).toMatch(/waiting for.*\n.*your turn.*\n.*checking other/);
});

test('a turn lasts until the end of the deploy', async () => {
  const gate = createGate();
  served.commands.deploy = async function* ({ branch }) {
    yield text(`deploying ${branch}`);
    if (branch === 'main') await gate.pass();
    return DONE;
  };
  const first = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  const second = startGit(folder, 'push', served.remote('shop'), 'main:refs/heads/other');
  await second.shows(/waiting for the push of/);
  expect(served.commands.checked).toHaveLength(1);
  gate.open();
  expect((await second.ended).code).toBe(0);
  expect((await first.ended).code).toBe(0);
});

test('pushes to two repositories do not wait for each other', async () => {
  const gate = firstCheckWaits();
  const first = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  expect((await git(folder, 'push', served.remote('bakery'), 'main')).code).toBe(0);
  gate.open();
  expect((await first.ended).code).toBe(0);
});

test('who gives up waiting blocks nobody, and lets nobody overtake', async () => {
  const gate = firstCheckWaits();
  const first = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  const second = startGit(folder, 'push', served.remote('shop'), 'main:refs/heads/second');
  await second.shows(/waiting for/);
  const third = startGit(folder, 'push', served.remote('shop'), 'main:refs/heads/third');
  await third.shows(/waiting for/);
  await second.kill();
  expect(await served.headOf('shop', 'second')).toBeUndefined();
  expect(served.commands.checked).toHaveLength(1);
  gate.open();
  expect((await first.ended).code).toBe(0);
  expect((await third.ended).code).toBe(0);
  expect(served.commands.deployed.map(({ branch }) => branch)).toEqual(['main', 'third']);
  expect((await git(folder, 'push', served.remote('shop'), 'main:refs/heads/fourth')).code).toBe(0);
});

test('a branch that moved while a push waited is not overwritten, and says so', async () => {
  await git(folder, 'push', served.remote('shop'), 'main');
  const gate = firstCheckWaits();
  const mine = await commitFiles(folder, { 'a.txt': 'a' });
  await git(folder, 'branch', 'rival', 'HEAD~1');
  await git(folder, 'checkout', '--quiet', 'rival');
  await commitFiles(folder, { 'b.txt': 'b' });
  const first = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  const second = startGit(folder, 'push', served.remote('shop'), 'rival:main');
  await second.shows(/waiting for/);
  gate.open();
  expect((await first.ended).code).toBe(0);
  const end = await second.ended;
  expect(end.code).not.toBe(0);
  expect(end.text).toContain(`main moved to ${mine.slice(0, 7)}`);
  expect(await served.headOf('shop')).toBe(mine);
});
