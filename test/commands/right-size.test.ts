/** Files that ask for more than was ever used: what to write instead, and what it saves. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { createUsageHistory, runCommand, type UsageSample } from '../../src/commands/index.ts';
import { savingsOf } from '../../src/commands/right-size.ts';
import { pricesFrom } from '../../src/metering/index.ts';
import { type Block, drawPlain } from '../../src/replies/index.ts';
import { readGroup } from '../../src/spec/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createManualClock } from '../world/clock.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const MINUTE_MS = 60_000;
const GIB = 2 ** 30;

function groupWith(cpu: number, memoryInGB: number) {
  const text = groupText({ name: 'shop', memoryInGB: String(memoryInGB) }).replace('cpu: 0.1', `cpu: ${cpu}`);
  const { group } = readGroup(text);
  if (!group) throw new Error('no group');
  return group;
}

function hour(
  use: (minute: number) => { cpu: number; memory: number },
  { everyMinutes = 1, minutes = 60 } = {},
): UsageSample[] {
  return Array.from({ length: Math.floor(minutes / everyMinutes) }, (_, index) => {
    const { cpu, memory } = use(index * everyMinutes);
    const used = { cpuMilli: cpu * 1000, memoryBytes: memory * GIB };
    const containers = [{ container: 'main', ...used }];
    const none = { gpuPercent: null, gpuMemoryBytes: null, gpuMemoryLimitBytes: null, gpus: [] };
    return { atMs: index * everyMinutes * MINUTE_MS, ...used, containers, ...none };
  });
}

const said = (samples: UsageSample[], group = groupWith(1, 2)) =>
  savingsOf(group, samples, pricesFrom({})).map(({ resource, enough }) => `${resource}: ${enough}`);

describe('a container', () => {
  test.each<[string, UsageSample[], string[]]>([
    [
      'that used little is told half as much again as its peak',
      hour(() => ({ cpu: 0.2, memory: 0.5 })),
      ['cpu: 0.3', 'memoryInGB: 0.8'],
    ],
    [
      'that used most of it once is told nothing',
      hour((at) => (at === 30 ? { cpu: 0.9, memory: 1.5 } : { cpu: 0, memory: 0 })),
      [],
    ],
    [
      'is told of the one thing that is too large',
      hour(() => ({ cpu: 0.9, memory: 0.1 })),
      ['memoryInGB: 0.2'],
    ],
    [
      'that did nothing keeps the smallest that can be asked for',
      hour(() => ({ cpu: 0, memory: 0 })),
      ['cpu: 0.1', 'memoryInGB: 0.1'],
    ],
    [
      'is told from a look every five minutes too',
      hour(() => ({ cpu: 0.2, memory: 0.5 }), { everyMinutes: 5 }),
      ['cpu: 0.3', 'memoryInGB: 0.8'],
    ],
    [
      'of which less than an hour is known is told nothing',
      hour(() => ({ cpu: 0, memory: 0 }), { minutes: 40 }),
      [],
    ],
    ['of which nothing is known is told nothing', [], []],
  ])('%s', (_name, samples, expected) => {
    expect(said(samples)).toEqual(expected);
  });

  test('saves exactly the difference of two bills', () => {
    const [cpu, memory] = savingsOf(
      groupWith(1, 2),
      hour(() => ({ cpu: 0.2, memory: 0.5 })),
      pricesFrom({}),
    );
    const perHour = (saving: typeof cpu) => saving?.savesPerHour.toJSON();
    // 0.0405 a vCPU and 0.00445 a GB: ACI's published prices.
    expect([perHour(cpu), perHour(memory)]).toEqual([
      { currency: 'USD', amount: '0.02835' },
      { currency: 'USD', amount: '0.00534' },
    ]);
    expect(memory?.path).toBe('properties.containers[0].properties.resources.requests.memoryInGB');
  });

  test('of a location that costs nothing is told nothing', () => {
    const free = pricesFrom({ vcpuPerHour: '0', memoryGbPerHour: '0' });
    expect(
      savingsOf(
        groupWith(1, 2),
        hour(() => ({ cpu: 0, memory: 0 })),
        free,
      ),
    ).toEqual([]);
  });
});

describe('usage', () => {
  const engine = createMemoryEngine(systemClock, ['katabot/busybox:1']);
  let bot: AppInTest;
  beforeAll(async () => {
    bot = await startApp({ parts: { engine: () => engine } });
  });
  afterAll(() => bot.stop());

  test('says after an hour what the file could ask for, in words and for programs', async () => {
    const clock = createManualClock();
    const history = createUsageHistory({ ...bot.app.ground, clock });
    const ground = { ...bot.app.ground, lastHour: history.lastHour };
    const caller = { name: 'ann', right: 'admin' } as const;
    const ask = async (words: string[], files: { path: string; text: string }[] = [], on = ground) => {
      const command = runCommand(on, { words, caller, surface: 'api', files }, AbortSignal.timeout(20_000));
      const blocks: Block[] = [];
      for (;;) {
        const { done, value } = await command.next();
        if (done)
          return {
            data: value.data,
            text: [...blocks, ...value.blocks].flatMap((each) => drawPlain(each)).join('\n'),
          };
        blocks.push(value);
      }
    };
    const text = groupText({ name: 'shop', memoryInGB: '2' });
    await ask(['deploy', '--file', 'containergroup.yaml'], [{ path: 'containergroup.yaml', text }]);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(MINUTE_MS);
      await history.look();
    }
    const { text: shown, data } = await ask(['usage', 'shop'], [], { ...ground, clock });
    expect(shown).toMatch(/group +container +vCPU +last hour +memory +last hour +of/);
    expect(shown).toMatch(/shop +main +0\.\d{3} +[▁█]{12} +\d+\.\d MiB +▁{12} /);
    expect(shown).toContain(
      'shop/main was seen to use 0.00 GB of 2 at most within the last hour: memoryInGB: 0.1 in containergroup.yaml saves $0.0085 /h.',
    );
    expect(data).toMatchObject({
      savings: [{ container: 'main', resource: 'memoryInGB', asked: 2, enough: 0.1 }],
    });
    history.close();
  });
});
