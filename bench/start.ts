/** The bot from a cold start to its first answer, beside the bare start of the same Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Figure, median } from './figure.ts';

const RUNS = 10;
const START_LIMIT_MS = 20_000;
const END_LIMIT_MS = 10_000;
const root = resolve(import.meta.dirname, '..');

export async function benchStart(): Promise<readonly Figure[]> {
  const bare: number[] = [];
  const bot: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    bare.push(await bareStart());
    bot.push(await coldStart());
  }
  const against = `node -e 0 (${process.version})`;
  const floor = median(bare);
  const value = median(bot);
  return [
    {
      bench: 'start',
      figure: 'katabot serve: cold to ready',
      value,
      unit: 'ms',
      against,
      ratio: value / floor,
      target: '<= 1500 ms',
    },
    { bench: 'start', figure: against, value: floor, unit: 'ms', against: '' },
  ];
}

async function bareStart(): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
  return performance.now() - started;
}

/** With a data folder of its own each time: a first start has its books to open. */
async function coldStart(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'katabot-start-'));
  const [port, edgePort] = [await freePort(), await freePort()];
  const settings = join(folder, 'katabot.yml');
  writeFileSync(settings, settingsOf(port, edgePort));
  const started = performance.now();
  const bot = spawn(process.execPath, ['src/main.mjs', 'serve'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      KATABOT_DATA: join(folder, 'data'),
      KATABOT_SETTINGS: settings,
      KATABOT_LOG: 'error',
    },
  });
  let complaint = '';
  bot.stderr.setEncoding('utf8').on('data', (part: string) => {
    complaint += part;
  });
  try {
    await ready(bot, `http://127.0.0.1:${port}/healthz`, () => complaint);
    return performance.now() - started;
  } finally {
    await end(bot);
    rmSync(folder, { recursive: true, force: true });
  }
}

function settingsOf(port: number, edgePort: number): string {
  return [
    'instance: test-bench',
    `http: { address: '127.0.0.1:${port}' }`,
    `edge: { address: '127.0.0.1:${edgePort}' }`,
    'locations: { local: { isolation: none } }',
    '',
  ].join('\n');
}

async function ready(bot: ChildProcess, url: string, complaint: () => string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await answers(url))) {
    if (bot.exitCode !== null || bot.signalCode !== null) throw new Error(`the bot ended: ${complaint()}`);
    if (performance.now() > deadline)
      throw new Error(`the bot is not ready after ${START_LIMIT_MS} ms: ${complaint()}`);
    await pause(5);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

async function end(bot: ChildProcess): Promise<void> {
  if (bot.exitCode !== null || bot.signalCode !== null) return;
  const ended = once(bot, 'exit');
  bot.kill('SIGTERM');
  const patience = setTimeout(() => bot.kill('SIGKILL'), END_LIMIT_MS);
  await ended;
  clearTimeout(patience);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
