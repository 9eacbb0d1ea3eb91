import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type AppInTest, commitFiles, eventually, startApp } from '../../world/bot.ts';
import { groupText } from '../../world/groups.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.mjs');
const SETTINGS = {
  instance: 'test-cli',
  locations: { local: { isolation: 'none', addresses: '127.22.32.0/20', networks: '198.18.132.0/22' } },
};

let bot: AppInTest;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-cli-'));
  bot = await startApp({ settings: SETTINGS });
  const secret = [
    'environmentVariables: [{name: TOKEN, secureValue: never-show-this}]',
    'command: [sh, -c, "trap \'exit 0\' TERM; echo token is $TOKEN; echo second; echo third >&2; sleep 3600 & wait $!"]',
  ];
  const text =
    groupText({ name: 'cli' }).replace(/ {6}command: .*\n/, '') +
    secret.map((line) => `      ${line}\n`).join('');
  await commitFiles(join(folder, 'repository'), { 'containergroup.yaml': text });
  await bot.push(join(folder, 'repository'), { repository: 'cli' });
});

afterAll(async () => {
  await bot.run('delete', 'cli');
  await bot.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  code: number;
  out: string;
  error: string;
}

/** The command line as a process of its own; `until` interrupts it once its output matches. */
function katabot(
  words: string[],
  {
    input = '',
    until,
    url = bot.url,
    token = bot.token,
  }: { input?: string; until?: RegExp; url?: string; token?: string } = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [MAIN, ...words], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        KATABOT_URL: url,
        KATABOT_TOKEN: token,
        KATABOT_DATA: join(folder, 'data'),
      },
    });
    let [out, error, interrupted] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!interrupted && until?.test(out)) interrupted = child.kill('SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error += text;
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? -1, out, error }));
    child.stdin.end(input);
  });
}

describe('validate', () => {
  const broken = groupText({ name: 'x', memoryInGB: 'lots' });

  test('prints exactly the documented JSON, and ends with 1 when a file has errors', async () => {
    await writeFile(join(folder, 'good.yaml'), groupText({ name: 'good' }));
    await writeFile(join(folder, 'bad.yaml'), broken);
    const { code, out } = await katabot(['validate', '--json', 'good.yaml', 'bad.yaml']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      files: [
        { file: 'good.yaml', valid: true, problems: [] },
        {
          file: 'bad.yaml',
          valid: false,
          problems: [
            {
              severity: 'error',
              code: 'InvalidRequestContent',
              line: 12,
              column: expect.any(Number),
              path: 'properties.containers[0].properties.resources.requests.memoryInGB',
              message: 'memoryInGB is "lots"; expected a number of at least 0.1.',
              advice: 'Write a number of at least 0.1.',
            },
          ],
        },
      ],
    });
  });

  test('reads standard input, draws a caret, and needs no bot', async () => {
    const { code, error } = await katabot(['validate', '-'], { input: broken, url: 'http://127.0.0.1:1' });
    expect(code).toBe(1);
    expect(error).toMatch(/standard input:12:\d+ error InvalidRequestContent/);
    expect(error).toMatch(/\^\^\^\^/);
    expect((await katabot(['validate', '-'], { input: groupText({ name: 'good' }) })).code).toBe(0);
  });

  test('says which file it cannot read', async () => {
    const { code, error } = await katabot(['validate', 'missing.yaml']);
    expect(code).toBe(1);
    expect(error).toMatch(/missing\.yaml cannot be read/);
    expect(error).not.toMatch(/\s+at /);
  });
});

describe('the command line', () => {
  test('prints the schema', async () => {
    const { code, out } = await katabot(['schema']);
    expect([code, JSON.parse(out).$schema]).toEqual([0, 'http://json-schema.org/draft-07/schema#']);
  });

  test('ends with 2 and a suggestion for what it does not understand', async () => {
    expect(await katabot(['statsu'])).toMatchObject({
      code: 2,
      error: expect.stringContaining('Did you mean: katabot status'),
    });
  });

  test('ends with 3 when no bot is there, and with 4 without a token', async () => {
    expect(await katabot(['status'], { url: 'http://127.0.0.1:1' })).toMatchObject({
      code: 3,
      error: expect.stringContaining('No bot answers at http://127.0.0.1:1'),
    });
    expect(await katabot(['status'], { token: 'kata_no' })).toMatchObject({
      code: 4,
      error: expect.stringContaining('needs a token'),
    });
  });

  test('shows what runs, in text without colours and as JSON', async () => {
    const table = await katabot(['status']);
    expect(table.out).toMatch(/group +environment +state +running/);
    expect(table.out).toMatch(/cli +production +Running +1\/1/);
    expect(table.out.includes('\u001b')).toBe(false);
    const { out } = await katabot(['status', 'cli', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      name: 'cli',
      state: 'Running',
      containers: [{ name: 'main', state: 'Running', restarts: 0 }],
      bill: { open: true },
    });
  });

  test('shows the log, its tail, and follows it until it is interrupted', async () => {
    await eventually(async () => expect((await katabot(['logs', 'cli'])).out).toContain('third'));
    expect((await katabot(['logs', 'cli'])).out).toContain('main     | token is [secret]');
    expect((await katabot(['logs', 'cli/main', '--tail', '1'])).out.trim().split('\n')).toHaveLength(1);
    expect((await katabot(['logs', 'cli', '-t', '-n', '1'])).out).toMatch(/\| \d{4}-\d\d-\d\dT/);
    const followed = await katabot(['logs', 'cli', '-f'], { until: /third/ });
    expect(followed.code).toBe(130); // as every program that Ctrl-C ends
    expect(followed.out).toContain('second');
  });

  test('knows no group and no container that is not there', async () => {
    expect(await katabot(['status', 'nobody'])).toMatchObject({
      code: 1,
      error: expect.stringMatching(/There is no group nobody[\s\S]*There is: cli/),
    });
    expect(await katabot(['logs', 'cli/nobody'])).toMatchObject({
      code: 1,
      error: expect.stringMatching(/no container "nobody"[\s\S]*It has main/),
    });
  });

  test('shows the bill while a group runs and after it is gone', async () => {
    expect((await katabot(['cost', 'cli'])).out).toMatch(
      /lived +vCPU·s[\s\S]*Still running at \$0\.0045 \/h/,
    );
    const gone = await katabot(['delete', 'cli']);
    expect(gone).toMatchObject({ code: 0, out: expect.stringMatching(/removed +cli/) });
    expect((await katabot(['cost', 'cli', '--json'])).out).toContain('"open":false');
    expect((await katabot(['delete', 'cli'])).code).toBe(1);
  });

  test('makes, lists and revokes tokens, and shows one once', async () => {
    const { out } = await katabot(['token', 'create', 'ann', '--right', 'reader', '--json']);
    const { token } = JSON.parse(out);
    expect(token).toMatch(/^kata_/);
    expect((await katabot(['token', 'list'])).out).toMatch(/ann +reader/);
    expect((await katabot(['token', 'list', '--json'])).out).not.toContain(token);
    expect((await katabot(['token', 'revoke', 'ann'])).out).toContain('no longer work');
    expect((await readFile(join(folder, 'data', 'katabot.sqlite'))).includes(token)).toBe(false);
    expect((await katabot(['token', 'create', 'Ann!'])).code).toBe(2);
  });
});
