/** The way out that is named for a group which has outgrown its host: one that is there, found in a moment. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock, within } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import type { Outcome } from '../../src/replies/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const DEPLOY = 'deploy --file containergroup.yaml';
const gpus = [{ id: 'nvidia.com/gpu=0', sku: 'V100' }];
let bot: AppInTest;
let hangs = false;

beforeAll(async () => {
  const one = createMemoryEngine(systemClock, ['web:1']);
  const two = createMemoryEngine(systemClock, ['web:1']);
  const never = (signal: AbortSignal) => within(signal, new Promise<never>(() => {}));
  const engines = {
    one: {
      ...one,
      observe: async (signal: AbortSignal, key?: Parameters<typeof one.observe>[1]) => {
        signal.throwIfAborted(); // as a Docker Engine does
        return one.observe(signal, key);
      },
    },
    two: {
      ...two,
      describe: (signal: AbortSignal) => (hangs ? never(signal) : two.describe(signal)),
      observe: (signal: AbortSignal, key?: Parameters<typeof two.observe>[1]) =>
        hangs ? never(signal) : two.observe(signal, key),
    },
  };
  const hosts = {
    one: { engine: 'unix:///one.sock', addresses: '127.43.1.0/29', gpus },
    two: { engine: 'unix:///two.sock', addresses: '127.43.1.16/29', gpus },
  };
  bot = await startApp({
    settings: { locations: { local: { isolation: 'none', networks: '198.19.0.0/17', hosts } } },
    parts: { engine: ({ name }) => (name === 'one' ? engines.one : engines.two) },
  });
});

afterAll(() => bot.stop());

async function say(line: string, text?: string): Promise<Outcome> {
  const telling = runCommand(
    bot.app.ground,
    {
      words: line.split(' '),
      caller: { name: 'local', right: 'admin' },
      surface: 'cli',
      ...(text === undefined ? {} : { files: [{ path: 'containergroup.yaml', text }] }),
    },
    AbortSignal.timeout(60_000),
  );
  for (;;) {
    const step = await telling.next();
    if (step.done) return step.value;
  }
}

function withGpu(name: string, memoryInGB: string): string {
  const text = groupText({ name, image: 'web:1', memoryInGB });
  return text.replace(`memoryInGB: ${memoryInGB}}`, `memoryInGB: ${memoryInGB}, gpu: {count: 1, sku: V100}}`);
}

test('one whose GPUs others hold is none', async () => {
  expect((await say(DEPLOY, withGpu('train', '1'))).code).toBe('deployed');
  expect((await say(DEPLOY, withGpu('other', '4'))).code).toBe('deployed');
  const filler = groupText({ name: 'filler', image: 'web:1', memoryInGB: '10' });
  expect((await say(DEPLOY, filler)).code).toBe('deployed');
  const hostOf = async (name: string) => (await bot.app.store.desired.get(`production/${name}`))?.host;
  expect([await hostOf('train'), await hostOf('other')]).toEqual(['one', 'two']);
  const grown = await say(DEPLOY, withGpu('train', '10'));
  expect(grown.kind).toBe('invalid');
  expect(JSON.stringify(grown.data)).not.toContain('It fits on');
  await say('delete other');
  expect(JSON.stringify((await say(DEPLOY, withGpu('train', '10'))).data)).toContain('It fits on two');
});

test('one that hangs is none, and what is wrong at home is still said', async () => {
  hangs = true;
  const grown = await say(DEPLOY, withGpu('train', '17'));
  expect(grown.kind).toBe('invalid');
  expect(JSON.stringify(grown.data)).not.toContain('It fits on');
  hangs = false;
});
