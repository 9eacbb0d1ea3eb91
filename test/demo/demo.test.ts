import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../world/docker.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const docker = connect(dockerHost);

/** What the demo takes for the temporary folder of the machine: whatever it leaves is in here. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-d-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  out: string;
  error: string;
}

/** Runs the demo as a terminal does, in a process group of its own; `heard` may interrupt it. */
async function demo(
  words: string[],
  heard: (out: string, child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, ['test/demo/main.ts', ...words], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, DOCKER_HOST: dockerHost },
  });
  let [out, error] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    heard(out, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text;
  });
  const [code] = await once(child, 'close');
  return { code, out, error };
}

async function leftovers() {
  const mine = (labels: Record<string, string> | undefined) =>
    /^demo(-\d+)?$/.test(labels?.['katabot.owner'] ?? '');
  const containers = (await docker.listContainers({ all: true })).filter(({ Labels }) => mine(Labels));
  const networks = (await docker.listNetworks()).filter(({ Labels }) => mine(Labels));
  const volumes = (await docker.listVolumes()).Volumes.filter(({ Labels }) => mine(Labels));
  return [...containers, ...networks, ...volumes, ...(await readdir(folder))];
}

test('the demo shows the whole way, measures it, and leaves nothing', async () => {
  const { code, out, error } = await demo(['--json']);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  for (const said of [
    /\$ git push http:\/\/demo@127\.0\.0\.1:\d+\/git\/hello\.git main\n/,
    /remote: +✔ start +2\/2 running/,
    /200 {2}hello: It runs\./,
    /web +\| listening on :80/,
    /\$ dig \+short @127\.0\.0\.1 -p \d+ hello\.local\.localhost\n {2}127\.20\.\d+\.1\n/,
    /\$ curl http:\S+\n {2}200 {2}hello: It runs\.\n\$ curl --cacert \S+ https:\S+\n {2}200 {2}hello: It runs\./,
    /TCP {2}parrot\.local\.localhost:7000 at 127\.20\.\d+\.2 +said "ahoy", heard "ahoy"/,
    /UDP {2}parrot\.local\.localhost:7001 at 127\.20\.\d+\.2 +said "ahoy", heard "ahoy"/,
    /change +restart of the changed containers, the address stays/,
    /error InvalidRequestContent/,
    /\[remote rejected\]/,
    /✔ removed +hello/,
    /✔ removed +parrot/,
  ]) {
    expect(out).toMatch(said);
  }
  expect(out.includes('\u001b')).toBe(false);
  expect(out).not.toContain('kata_');
  const measured = JSON.parse(out.trim().split('\n').at(-1) ?? '');
  expect(measured).toMatchObject({
    address: expect.stringMatching(/^127\.20\.\d+\.1:80$/),
    url: expect.stringMatching(/^http:\/\/hello\.local\.localhost:\d+$/),
    secureUrl: expect.stringMatching(/^https:\/\/hello\.local\.localhost:\d+$/),
    price: { perSecond: { currency: 'USD' }, perHour: { currency: 'USD', amount: '0.021585' } },
    bill: { open: false, total: { currency: 'USD' } },
  });
  for (const phase of ['engine', 'images', 'bot', 'setup', 'push', 'parrot', 'change', 'refused', 'delete']) {
    expect(measured.seconds[phase]).toBeGreaterThanOrEqual(0);
  }
  expect(await leftovers()).toEqual([]);
}, 180_000);

test('an interrupt in the middle of the push ends it in order and leaves nothing', async () => {
  let interrupted = false;
  const { code, error } = await demo([], (out, child) => {
    if (interrupted || !out.includes('✔ price')) return;
    interrupted = true;
    process.kill(-(child.pid ?? 0), 'SIGINT');
  });
  expect(code).toBe(130);
  expect(error.trim()).toBe('The demo stopped: it was interrupted. Nothing is left behind.');
  expect(await leftovers()).toEqual([]);
}, 90_000);

test('a demo that is left running can be asked, and is ended by another call', async () => {
  const kept = await demo(['--keep']);
  expect(kept).toMatchObject({ code: 0, error: '' });
  const [, url = ''] = /export KATABOT_URL=(\S+)/.exec(kept.out) ?? [];
  expect((await fetch(`${url}/healthz`)).ok).toBe(true);
  const again = await demo(['--keep']);
  expect(again).toMatchObject({
    code: 1,
    error: expect.stringContaining('"npm run demo -- --stop" ends it'),
  });
  const stopped = await demo(['--stop']);
  expect(stopped).toMatchObject({ code: 0, out: expect.stringContaining('nothing is left behind') });
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  expect(await leftovers()).toEqual([]);
  expect((await demo(['--stop'])).out).toContain('No demo was left running.');
}, 180_000);

test('a word it does not know ends it with one sentence', async () => {
  const { code, error } = await demo(['--kep']);
  expect(code).toBe(1);
  expect(error).toMatch(/^\nThe demo stopped: Unknown option '--kep'/);
  expect(error).not.toMatch(/\s+at /);
});
