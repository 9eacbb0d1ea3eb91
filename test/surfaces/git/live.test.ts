import { readdir, rm } from 'node:fs/promises';
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

const push = (...words: string[]) => git(folder, 'push', served.remote('shop'), ...words);

test('lines reach the pusher while the check and the deploy still work', async () => {
  const [checking, deploying] = [createGate(), createGate()];
  served.commands.check = async function* (_, signal) {
    yield text('reading');
    await checking.pass(signal);
    yield text('read');
    return DONE;
  };
  served.commands.deploy = async function* (_, signal) {
    yield text('starting');
    await deploying.pass(signal);
    yield text('started');
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main');
  expect(await client.shows(/remote: reading/)).not.toContain('remote: read ');
  expect(await served.headOf('shop')).toBeUndefined();
  checking.open();
  expect(await client.shows(/remote: starting/)).not.toContain('started');
  expect(await served.headOf('shop')).toBe(commit);
  deploying.open();
  const { code, text: said } = await client.ended;
  expect(code).toBe(0);
  expect(said.match(/remote: \w+/g)).toEqual(
    ['reading', 'read', 'starting', 'started'].map((word) => `remote: ${word}`),
  );
});

test('the commands are told who pushes what, with the whole of every file', async () => {
  await push('main');
  const [pushed] = served.commands.checked;
  expect(pushed).toEqual({
    repository: 'shop',
    branch: 'main',
    environment: 'production',
    commit,
    subject: 'Describe the group',
    files: [{ path: 'containergroup.yaml', text: 'name: hello' }],
    confirmed: false,
    caller: { name: 'olga', right: 'operator' },
  });
  expect(served.commands.deployed).toEqual([pushed]);
});

test('a refused check leaves the branch where it was, and shows why', async () => {
  served.commands.check = async function* () {
    yield text('looking');
    return { kind: 'refused', code: 'locked', blocks: [text('locked by maya')], data: null };
  };
  const { code, text: said } = await push('main');
  expect(code).not.toBe(0);
  expect(said).toContain('remote: locked by maya');
  expect(said).toContain('[remote rejected] main -> main (pre-receive hook declined)');
  expect(await served.headOf('shop')).toBeUndefined();
  expect(served.commands.deployed).toEqual([]);
});

test('one refused branch of several holds back all of them', async () => {
  served.commands.check = async function* ({ branch }) {
    yield text(`checking ${branch}`);
    return branch === 'main' ? DONE : { ...DONE, kind: 'invalid' };
  };
  expect((await push('main', 'main:refs/heads/dev')).code).not.toBe(0);
  expect(await served.headOf('shop')).toBeUndefined();
  expect(served.commands.deployed).toEqual([]);
});

test('a check that throws leaves the branch, and says a reference instead of the error', async () => {
  served.commands.check = async function* () {
    yield text('looking');
    throw new Error('password of the registry: hunter2');
  };
  const { code, text: said } = await push('main');
  expect(code).not.toBe(0);
  expect(said).toContain('(reference E1)');
  expect(said).not.toContain('hunter2');
  expect(await served.headOf('shop')).toBeUndefined();
});

test('a client that dies during the check ends it, and the branch stays', async () => {
  const gate = createGate();
  const seen = Promise.withResolvers<AbortSignal>();
  served.commands.check = async function* (_, signal) {
    seen.resolve(signal);
    yield text('looking');
    await gate.pass(signal);
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  const signal = await seen.promise;
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
  await client.kill();
  await aborted;
  served.commands.check = async function* () {
    yield text('looking again');
    return DONE;
  };
  expect(await served.headOf('shop')).toBeUndefined();
  expect((await push('main')).code).toBe(0); // and nobody stands in the way
  expect(served.internal).toEqual([]);
});

test('a client that dies during the deploy ends the following and nothing else', async () => {
  const gate = createGate();
  const end = Promise.withResolvers<string>();
  served.commands.deploy = async function* (_, signal) {
    yield text('starting');
    await gate.pass(signal).then(
      () => end.resolve('followed to the end'),
      () => end.resolve('nobody listens'),
    );
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main');
  await client.shows(/starting/);
  await client.kill();
  expect(await end.promise).toBe('nobody listens');
  expect(await served.headOf('shop')).toBe(commit);
  expect(served.book.get('shop main')).toBe(commit);
});

test('a deploy that has not written its wishes yet does not hear that the client died', async () => {
  const gate = createGate();
  let abortedBefore: boolean | undefined;
  const end = Promise.withResolvers<boolean>();
  served.commands.deploy = async function* (_, signal) {
    await gate.pass();
    abortedBefore = signal.aborted;
    yield text('wishes written');
    end.resolve(signal.aborted);
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  await client.kill();
  gate.open();
  expect(await end.promise).toBe(true);
  expect(abortedBefore).toBe(false);
});

test('a bot that stops ends checks, tells who is there, and leaves nothing behind', async () => {
  const hooks = async () => (await readdir(served.root)).filter((name) => name.startsWith('katabot-hooks-'));
  const gate = createGate();
  served.commands.check = async function* (_, signal) {
    yield text('looking');
    await gate.pass(signal);
    return DONE;
  };
  const client = startGit(folder, 'push', served.remote('shop'), 'main');
  await gate.reached;
  expect(await hooks()).toHaveLength(1);
  await served.surface.close();
  expect((await client.ended).code).not.toBe(0);
  expect(await hooks()).toEqual([]);
  const response = await fetch(`${served.url}/git/shop.git/info/refs?service=git-upload-pack`);
  expect(response.status).toBe(503);
});

test('text from outside reaches the terminal without escapes, even as a subject', async () => {
  await git(folder, 'commit', '--quiet', '--amend', '--message=\u001b]0;owned\u0007\u001b[31mred\u202e');
  served.commands.check = async function* ({ subject }) {
    yield text(subject);
    yield { kind: 'log', source: 'web', text: 'x\u001b[2Jy' };
    return DONE;
  };
  const { text: said } = await push('main');
  expect(said).toContain('remote: red');
  expect(said).toContain('| xy');
  expect(['\u001b', '\u0007', '\u202e'].filter((sign) => said.includes(sign))).toEqual([]);
});

test('hooks that were swept away are made anew: no push goes unchecked', async () => {
  await push('main');
  for (const name of await readdir(served.root)) {
    if (name.startsWith('katabot-hooks-')) await rm(join(served.root, name), { recursive: true });
  }
  await push('main:refs/heads/dev');
  expect(served.commands.checked.map(({ branch }) => branch)).toEqual(['main', 'dev']);
  expect(served.commands.deployed.map(({ branch }) => branch)).toEqual(['main', 'dev']);
});
