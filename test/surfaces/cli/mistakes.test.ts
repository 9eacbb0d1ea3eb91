/** What goes wrong at a terminal, once each: one sentence, one advice, an exit code, and never a trace. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { VERBS } from '../../../src/commands/index.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/main.mjs');

let folder: string;
/** Somebody else's port. */
let taken: Server;
let takenPort: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-mistakes-'));
  await writeFile(join(folder, 'file'), '');
  taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  const address = taken.address();
  takenPort = typeof address === 'object' && address ? address.port : 0;
});

afterAll(async () => {
  await new Promise((done) => taken.close(done));
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  code: number | null;
  out: string;
  error: string;
}

async function katabot(words: string[], variables: Record<string, string> = {}): Promise<Answer> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], KATABOT_DATA: join(folder, 'data'), ...variables },
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out, error };
}

async function serve(settings: string, data = 'data'): Promise<Answer> {
  const file = join(folder, 'katabot.yml');
  await writeFile(file, settings.replaceAll('TAKEN', String(takenPort)));
  return katabot(['serve'], { KATABOT_SETTINGS: file, KATABOT_DATA: join(folder, data) });
}

function expectPlain({ out, error }: Answer): void {
  expect(error).not.toMatch(/^\s+at /m);
  expect(`${out}${error}`.includes('\u001b')).toBe(false);
}

describe('a name that no group can have', () => {
  test.each(['night-shop # y', 'abc$&', 'a: b', ''])(
    '%j is refused, and no file is written',
    async (name) => {
      const answer = await katabot(['new', 'web', 'unnamed', '--name', name]);
      expect(answer).toMatchObject({ code: 2, out: '' });
      expect(answer.error).toContain('name');
      expectPlain(answer);
      expect(existsSync(join(folder, 'unnamed'))).toBe(false);
    },
  );
});

describe('a bot that cannot start says why', () => {
  test.each([
    [
      'its port is taken',
      'http: { address: 127.0.0.1:TAKEN }\nedge: { address: 127.0.0.1:0 }\nlocations: { local: { isolation: none } }',
      /cannot listen on 127\.0\.0\.1:\d+: somebody listens there already\.\n→ Is another bot running\?/,
    ],
    [
      'the port of its edge is taken',
      'http: { address: 127.0.0.1:0 }\nedge: { address: 127.0.0.1:TAKEN }',
      /cannot listen on 127\.0\.0\.1:\d+: somebody listens there already/,
    ],
    [
      'its address belongs to another machine',
      'http: { address: 203.0.113.7:7070 }\nedge: { address: 127.0.0.1:0 }',
      /cannot listen on 203\.0\.113\.7:7070: this machine does not have that address/,
    ],
    ['its port is no port', 'http: { address: 127.0.0.1:70700 }', /http\.address: a port is 65535 at most/],
    ['a setting is unknown', 'htpp: {}', /katabot\.yml:1:1: htpp: not known\.\n→ Did you mean http\?/],
    [
      'a setting of a location is misspelt',
      'locations:\n  a:\n    isolation: none\n    adresses: 127.20.0.0/16',
      /katabot\.yml:4:5: locations\.a\.adresses: not known\.\n→ Did you mean addresses\?/,
    ],
    [
      'its settings are a list',
      '- instance: a',
      /katabot\.yml:1:1: the file: expected a map \(name: value\), found a list .*\n→ docs\/settings\.md/,
    ],
    [
      'several settings are wrong',
      'stopGraceSeconds: -1\nlocations:\n  a: { isolation: kata, gpus: {} }\n  b: { engine: 5 }',
      /katabot\.yml has 4 mistakes:\n {2}1:19 {2}stopGraceSeconds: expected 0 at least\.\n {2}3:19 {2}locations\.a\.isolation: none of .* Write hypervisor or sandbox or none\.\n/,
    ],
    [
      'a certificate of its edge is not there',
      'http: { address: 127.0.0.1:0 }\nedge: { address: 127.0.0.1:0, https: { address: 127.0.0.1:0, files: [{ certificate: /none.pem, key: /none.key }] } }\nlocations: { local: { isolation: none } }',
      /edge\.https\.files\[0\]: \/none\.pem cannot be shown: ENOENT.*\n→ Give a certificate with its chain/,
    ],
    ['its settings are no YAML', 'instance: [', /katabot\.yml:\d+:\d+: /],
  ])('%s', async (_what, settings, said) => {
    const answer = await serve(settings);
    expect(answer.code).toBe(1);
    expect(answer.error).toMatch(said);
    expectPlain(answer);
  });

  test('its data folder is a file', async () => {
    const answer = await serve('http: { address: 127.0.0.1:0 }', 'file');
    expect(answer).toMatchObject({
      code: 1,
      error: expect.stringMatching(/data folder .*file cannot be used[\s\S]*→ Give the bot a folder/),
    });
    expectPlain(answer);
  });

  test('its settings file is not there', async () => {
    const answer = await katabot(['serve'], { KATABOT_SETTINGS: join(folder, 'nowhere.yml') });
    expect(answer).toMatchObject({ code: 1, error: expect.stringContaining('nowhere.yml cannot be read') });
    expectPlain(answer);
  });
});

describe('a command that cannot be followed says why', () => {
  test.each([
    [['staus'], {}, 2, /Did you mean: katabot status/],
    [
      ['status', '--jsn'],
      {},
      2,
      /status has no option --jsn\.\n {2}katabot status --jsn\n +\^{5}\n→ Did you mean: katabot status --json\n/,
    ],
    [['status', '-x'], {}, 2, /status has no option -x\./],
    [['deploy', '--tll', '4h'], {}, 2, /Did you mean: katabot deploy --ttl 4h/],
    [['docs', 'nothing'], {}, 2, /There is no page "nothing"/],
    [['token', 'create'], {}, 2, /"" is no name for a caller/],
    [['token', 'burn', 'ann'], {}, 2, /token does not know "burn"\.\n→ Use create, list or revoke/],
    [['token', 'list'], { KATABOT_DATA: 'file' }, 1, /The data folder file cannot be used/],
    [['status'], { KATABOT_LOG: 'loud' }, 1, /KATABOT_LOG is "loud"\.\n→ Use silent, error/],
    [['status'], { KATABOT_URL: 'nonsense' }, 3, /No bot answers at nonsense/],
    [['validate', '.'], {}, 1, /\. cannot be read/],
  ])('%j with %j', async (words, variables, code, said) => {
    const answer = await katabot(words, variables);
    expect(answer.code).toBe(code);
    expect(answer.out).toBe('');
    expect(answer.error).toMatch(said);
    expectPlain(answer);
  });

  test('help needs no bot, no settings and no folder, and names every verb', async () => {
    const answer = await katabot(['help'], { KATABOT_LOG: 'loud', KATABOT_DATA: 'file' });
    expect(answer).toMatchObject({ code: 0, error: '' });
    for (const { name, summary } of VERBS)
      expect(answer.out).toMatch(new RegExp(`^ {2}${name} +${summary.slice(0, 12)}`, 'm'));
  });
});

test('a reader that has seen enough ends the command without a word', async () => {
  const child = spawn('sh', ['-c', `"$0" "$1" schema | head -n 1`, process.execPath, MAIN], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect({ out, error }).toEqual({ out: '{\n', error: '' });
});
