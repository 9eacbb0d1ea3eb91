/** Commands that come along with a push. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { commitFiles, git } from '../../world/bot.ts';
import { type Served, serveGit } from './served.ts';

let served: Served;
let count = 0;

beforeAll(async () => {
  served = await serveGit();
});

afterAll(() => served.stop());

async function push(...options: string[]) {
  const folder = join(served.root, 'options');
  await commitFiles(folder, { [`${count++}.txt`]: 'x' });
  const { code, text } = await git(
    folder,
    'push',
    ...options.flatMap((option) => ['-o', option]),
    served.remote('options'),
    'main',
  );
  const said = text.split('\n').flatMap((line) => /^remote: (.*?)\s*$/.exec(line)?.[1] ?? []);
  return { code, said };
}

test('are run in their order, after the push', async () => {
  const { code, said } = await push('/kata one', '/kata "two words"');
  expect(code).toBe(0);
  expect(said.slice(-4)).toEqual([
    '/kata one',
    'said /kata one',
    '/kata "two words"',
    'said /kata "two words"',
  ]);
});

test('end with the first that does not go well', async () => {
  const { code, said } = await push('/kata one', '/kata fail', '/kata three');
  expect(code).toBe(0);
  expect(said.at(-1)).toBe('said /kata fail');
});

test('may say that groups wait in line', async () => {
  const asked = () => served.commands.checked.at(-1)?.queue;
  expect([(await push('queue')).said.join(' '), asked()]).toEqual([
    expect.not.stringContaining('no command'),
    true,
  ]);
  await push();
  expect(asked()).toBeUndefined();
});

test('are ignored when they are no commands, and that is said', async () => {
  const { code, said } = await push('ci.skip');
  expect(code).toBe(0);
  expect(said.join('\n')).toContain('"ci.skip" is no command; one begins with /kata');
});

test('are at most five; more refuse the push', async () => {
  const before = await served.headOf('options');
  const { code, said } = await push(...Array.from({ length: 6 }, (_, index) => `/kata ${index}`));
  expect(code).toBe(1);
  expect(said.join('\n')).toContain('This push says 6 commands; 5 is the most.');
  expect(await served.headOf('options')).toBe(before);
});
