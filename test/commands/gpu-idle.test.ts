/** GPUs that have nothing to do: seen after an hour, told once, with what they cost. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { isIdle } from '../../src/commands/gpu-idle.ts';
import { createUsageHistory, runCommand } from '../../src/commands/index.ts';
import { type Block, drawPlain } from '../../src/replies/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createManualClock } from '../world/clock.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const MINUTE_MS = 60_000;
const UUID = 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01';

describe('a GPU is idle', () => {
  const hour = (percent: (minute: number) => number | null) =>
    Array.from({ length: 60 }, (_, minute) => ({ atMs: minute * MINUTE_MS, gpuPercent: percent(minute) }));

  test.each<[string, ReturnType<typeof hour>, boolean]>([
    ['when it did nothing for an hour', hour(() => 0), true],
    ['when it showed a percent now and then', hour((minute) => minute % 2), true],
    ['but not when it worked for a minute', hour((minute) => (minute === 30 ? 40 : 0)), false],
    ['but not when its driver gives no number', hour(() => null), false],
    ['but not before the hour is over', hour(() => 0).slice(0, 55), false],
    ['but not where most of the hour is not known', hour(() => 0).filter((_, at) => at % 3 === 0), false],
    ['but not where nothing is known', [], false],
  ])('%s', (_name, samples, expected) => {
    expect(isIdle(samples)).toBe(expected);
  });
});

describe('a group with a GPU', () => {
  const engine = createMemoryEngine(systemClock, ['web:1']);
  const clock = createManualClock();
  let bot: AppInTest;
  let load = '0';

  beforeAll(async () => {
    bot = await startApp({
      parts: { engine: () => engine },
      settings: { locations: { local: { isolation: 'none', gpus: [{ id: UUID, sku: 'V100' }] } } },
    });
    engine.program('production/train', 'train', ([program = '', query = '']) => {
      if (program !== 'nvidia-smi') return undefined;
      const line = `0, ${UUID}, Tesla V100, 590.48.01, ${load}, 1024, 32768, 30, 25.00\n`;
      return { text: query.startsWith('--query-gpu=index') ? line : '', exitCode: 0 };
    });
    const resources = { requests: { cpu: 1, memoryInGB: 1, gpu: { count: 1, sku: 'V100' } } };
    const containers = [{ name: 'train', properties: { image: 'web:1', resources } }];
    const text = JSON.stringify({ name: 'train', properties: { osType: 'Linux', containers } });
    const files = [{ path: 'containergroup.yaml', text }];
    const caller = { name: 'ann', right: 'admin' } as const;
    const words = ['deploy', '--file', 'containergroup.yaml'];
    const signal = AbortSignal.timeout(20_000);
    const deploy = runCommand(bot.app.ground, { words, caller, surface: 'api', files }, signal);
    while (!(await deploy.next()).done);
  });
  afterAll(() => bot.stop());

  async function say(ground: typeof bot.app.ground, words: string[]): Promise<string> {
    const caller = { name: 'ann', right: 'admin' } as const;
    const command = runCommand(ground, { words, caller, surface: 'api' }, AbortSignal.timeout(20_000));
    const blocks: Block[] = [];
    for (;;) {
      const { done, value } = await command.next();
      if (done) return [...blocks, ...value.blocks].flatMap((each) => drawPlain(each)).join('\n');
      blocks.push(value);
    }
  }

  test('is told of once when it has nothing to do, with what it costs an hour', async () => {
    const { feed, events } = bot.app.ground;
    const history = createUsageHistory({ ...bot.app.ground, clock });
    const pass = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        clock.advance(MINUTE_MS);
        await history.look();
      }
      await feed.written();
      const all = await events.events({ group: 'production/train' });
      return all.flatMap(({ fact }) => (fact.kind === 'gpu-idle' ? [fact] : []));
    };
    load = '97';
    expect(await pass(30)).toEqual([]);
    load = '0';
    expect(await pass(58)).toEqual([]);
    const told = [{ kind: 'gpu-idle', gpus: 1, perHour: '$3.1050' }];
    expect(await pass(4)).toEqual(told);
    expect(await pass(30)).toEqual(told);
    expect(history.lastHour('production/train').at(-1)).toMatchObject({
      gpuPercent: 0,
      gpuMemoryBytes: 2 ** 30,
      gpuMemoryLimitBytes: 32 * 2 ** 30,
    });
    const ground = { ...bot.app.ground, clock, lastHour: history.lastHour };
    const look = await say(ground, ['gpu', 'train']);
    expect(look).toMatch(/load +last hour +memory/);
    expect(look).toMatch(/train\/train +0 % +▁{12} /);
    load = '97';
    await pass(5);
    expect(await say(ground, ['gpu', 'train'])).toMatch(/train\/train +97 % +▁{11}█ /);
  });
});
