/** What Prometheus reads: what there is now, for those who may see it, and nothing of what is gone. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { runCommand } from '../../../src/commands/index.ts';
import { createTokens } from '../../../src/policy/index.ts';
import { registryOf } from '../../../src/surfaces/web/metrics.ts';
import { type AppInTest, startApp } from '../../world/bot.ts';
import { groupText } from '../../world/groups.ts';
import { createMemoryEngine } from '../../world/memory-engine.ts';

const engine = createMemoryEngine(systemClock, ['katabot/busybox:1']);
let bot: AppInTest;
let watcher: string;

beforeAll(async () => {
  bot = await startApp({
    parts: { engine: () => engine },
    settings: {
      callers: { watcher: [{ right: 'reader', environments: ['staging'] }], later: 'reader', last: 'reader' },
    },
  });
  watcher = await createTokens(bot.app.store.tokens, systemClock).create('watcher', 'reader');
  await say(['deploy', '--file', 'containergroup.yaml'], groupText({ name: 'shop' }));
  await say(['deploy', '--file', 'containergroup.yaml', 'to', 'staging'], groupText({ name: 'shop' }));
});
afterAll(() => bot.stop());

async function say(words: string[], text?: string): Promise<void> {
  const files = text === undefined ? {} : { files: [{ path: 'containergroup.yaml', text }] };
  const said = { words, caller: { name: 'local', right: 'admin' }, surface: 'api', ...files } as const;
  const command = runCommand(bot.app.ground, said, AbortSignal.timeout(20_000));
  let step = await command.next();
  while (!step.done) step = await command.next();
  expect(step.value).toMatchObject({ kind: 'done' });
}

async function scrape(token: string): Promise<{ status: number; type: string; text: string }> {
  const response = await fetch(`${bot.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

describe('the metrics', () => {
  test('tell state, price, cost and use of every group and container, in the text format', async () => {
    const { status, type, text } = await scrape(bot.token);
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const of = (environment: string) =>
      `group="shop",environment="${environment}",location="local",repository="none"`;
    const container = 'group="shop",environment="production",location="local",container="main"';
    for (const line of [
      `katabot_group_state{${of('production')},state="Running"} 1`,
      `katabot_group_state{${of('staging')},state="Running"} 1`,
      `katabot_group_price_per_hour{${of('production')},currency="USD"} 0.004495`,
      `katabot_container_ready{${container}} 1`,
      `katabot_container_restarts_total{${container}} 0`,
      `katabot_container_cpu_cores{${container}} 0.01`,
      `katabot_container_memory_bytes{${container}} 1048576`,
      `katabot_container_memory_limit_bytes{${container}} 104857600`,
      'katabot_group_network_receive_bytes_total{group="shop",environment="production",location="local"} 0',
    ])
      expect(text.split('\n')).toContain(line);
    expect(text).toMatch(/^katabot_group_spent\{.*currency="USD"\} [\d.e-]+$/m);
    // Every line is a comment or a sample, and every name has its help and its type.
    for (const line of text.trim().split('\n').filter(Boolean))
      expect(line).toMatch(/^# (HELP|TYPE) katabot_\w+ |^katabot_\w+\{([a-z]+="[^"]*",?)+\} -?[\d.e+-]+$/);
  });

  test('tell a caller of its own places alone, and nobody without a token', async () => {
    const { text } = await scrape(watcher);
    expect(text).toContain('environment="staging"');
    expect(text).not.toContain('environment="production"');
    expect((await scrape('')).status).toBe(401);
  });

  test('say nothing more of a group that is gone', async () => {
    await say(['delete', 'shop', 'in', 'staging', '--yes']);
    const later = await createTokens(bot.app.store.tokens, systemClock).create('later', 'reader');
    const { text } = await scrape(later);
    expect(text).toContain('environment="production"');
    expect(text).not.toContain('environment="staging"');
  });

  test('of a host that does not answer tell its groups as unknown', async () => {
    engine.reachable = false;
    const last = await createTokens(bot.app.store.tokens, systemClock).create('last', 'reader');
    const { status, text } = await scrape(last);
    engine.reachable = true;
    expect(status).toBe(200);
    expect(text).toMatch(/^katabot_group_state\{.*state="Unknown"\} 1$/m);
    expect(text).not.toContain('katabot_container_memory_bytes{');
  });
});

test('a GPU’s numbers are in base units, and one that its driver does not give is not there', async () => {
  const gpu = {
    index: 0,
    uuid: 'GPU-6f3f1b0e',
    name: 'Tesla V100',
    driver: '550.54.15',
    utilizationPercent: 37,
    memoryUsedMib: 1024,
    memoryTotalMib: 16_384,
    temperatureCelsius: 41,
    powerWatts: null,
    powerLimitWatts: null,
    eccErrors: null,
    mig: null,
    processes: [],
  };
  const used = [
    {
      key: 'production/train' as const,
      group: 'train',
      container: 'main',
      cpuMilli: 1500,
      memoryBytes: 1,
      memoryLimitBytes: 2,
      processes: 3,
      receivedBytes: 4,
      sentBytes: 5,
      gpus: [gpu],
      silence: null,
    },
  ];
  const text = await registryOf({ groups: [], used }).metrics();
  const labels = 'group="train",environment="production",location="",container="main",gpu="GPU-6f3f1b0e"';
  expect(text).toContain(`katabot_gpu_utilization_ratio{${labels}} 0.37`);
  expect(text).toContain(`katabot_gpu_memory_used_bytes{${labels}} 1073741824`);
  expect(text).toContain(`katabot_gpu_temperature_celsius{${labels}} 41`);
  expect(text).not.toContain('katabot_gpu_power_watts{');
});
