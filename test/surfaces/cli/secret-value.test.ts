/** The value of a secret on its way from a person to the bot: piped in or typed unseen, and never a word of the command. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openSealed, openVault, Secret } from '../../../src/secrets/index.ts';
import { katabot, onTerminal } from './run-katabot.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-value-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const HERE = { repository: 'acme/shop', environment: 'production' };

test('a value is sealed for a key without any bot: piped in, without its last end of line', async () => {
  const vault = await openVault(join(folder, 'identity.age'));
  const words = ['secret', 'seal', '--recipient', vault.recipient, '--repository', 'acme/shop'];
  const { code, out } = await katabot(words, { folder, input: 'two\nlines\n' });
  const opened = await openSealed(vault, out.trim(), HERE);
  expect([code, opened instanceof Secret && opened.reveal()]).toEqual([0, 'two\nlines']);
});

test('a value that is typed is not shown', async () => {
  const vault = await openVault(join(folder, 'identity.age'));
  const running = onTerminal(['secret', 'seal', '--recipient', vault.recipient], { folder });
  await running.sees(/Value to seal \(not shown\): /);
  running.type('hunter2hunter2\r');
  const { code, out } = await running.ended;
  expect(code).toBe(0);
  expect(out).not.toContain('hunter2');
  const sealed = /katabot:age:[\w-]+/.exec(out.replace(/\r?\n/g, ''))?.[0] ?? '';
  const opened = await openSealed(vault, sealed, HERE);
  expect(opened instanceof Secret && opened.reveal()).toBe('hunter2hunter2');
});

test.each([
  ['a value among the words', ['secret', 'set', 'NAME', 'hunter2hunter2'], 'x'],
  ['no value', ['secret', 'set', 'NAME'], ''],
  ['no name', ['secret', 'set'], 'x'],
])('%s ends before a bot is asked, without being repeated', async (_what, words, input) => {
  const { code, out, error } = await katabot(words, { folder, input });
  expect([code, out]).toEqual([2, '']);
  expect(error).not.toContain('hunter2');
  expect(error).toMatch(/standard input|pipe it in|needs the name/i);
});
