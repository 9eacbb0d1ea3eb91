/** GPUs as people meet them: a deploy that gets one, is refused, or waits; who holds which; what that costs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import type { Caller } from '../../src/policy/index.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const FIRST = 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01';
const SECOND = 'GPU-0b1c2d3e-0000-4d6e-9a52-7b6f0b8f7f02';
const ANN: Caller = { name: 'ann', right: 'admin' };
/** May deploy to previews, and see no more. */
const EVE: Caller = {
  name: 'eve',
  right: 'deployer',
  grants: [{ right: 'deployer', environments: ['pr-*'], repositories: ['*'], rule: 'test' }],
};

const engine = createMemoryEngine(systemClock, ['web:1']);
let bot: AppInTest;

beforeAll(async () => {
  bot = await startApp({
    parts: { engine: () => engine },
    settings: {
      locations: {
        local: {
          isolation: 'none',
          gpus: [
            { id: FIRST, sku: 'V100', model: 'Tesla V100' },
            { id: SECOND, sku: 'V100' },
          ],
          prices: { gpuPerHour: { V100: '3.06' } },
        },
      },
    },
  });
});
afterAll(() => bot.stop());

interface Wants {
  readonly count?: number;
  readonly sku?: string;
  readonly memory?: number;
  readonly limit?: { readonly count: number; readonly sku: string };
  readonly environment?: string;
}

/** Written as people write it, so that a line is a line. */
function fileOf(name: string, { count = 1, sku = 'V100', memory = 1, limit }: Wants) {
  const text = [
    `name: ${name}`,
    'location: local',
    'properties:',
    '  osType: Linux',
    '  containers:',
    '  - name: train',
    '    properties:',
    '      image: web:1',
    '      resources:',
    '        requests:',
    '          cpu: 1',
    `          memoryInGB: ${memory}`,
    '          gpu:',
    `            count: ${count}`,
    `            sku: ${sku}`,
    ...(limit
      ? [
          '        limits:',
          '          gpu:',
          `            count: ${limit.count}`,
          `            sku: ${limit.sku}`,
        ]
      : []),
    '',
  ].join('\n');
  return { path: 'containergroup.yaml', text };
}

type Said = Outcome & { readonly text: string };

async function say(words: string[], files: ReturnType<typeof fileOf>[] = [], caller = ANN): Promise<Said> {
  const blocks: Block[] = [];
  const command = runCommand(
    bot.app.ground,
    { words, caller, surface: 'api', files },
    AbortSignal.timeout(20_000),
  );
  for (;;) {
    const step = await command.next();
    if (!step.done) blocks.push(step.value);
    else {
      const text = [...blocks, ...step.value.blocks].flatMap((block) => drawPlain(block)).join('\n');
      return { ...step.value, text };
    }
  }
}

function deploy(name: string, wants: Wants = {}, more: string[] = [], caller = ANN): Promise<Said> {
  const place = wants.environment ? ['to', wants.environment] : [];
  return say(['deploy', '--file', 'containergroup.yaml', ...place, ...more], [fileOf(name, wants)], caller);
}

test('a group that asks for GPUs gets them, and its plan shows what they cost', async () => {
  const plan = await say(['plan', '--file', 'containergroup.yaml'], [fileOf('first', {})]);
  expect(plan).toMatchObject({ code: 'plan', data: { groups: [{ wouldDeploy: true }] } });
  expect(plan.text).toContain('1 GPU');
  expect(plan.text).toContain('$3.1050 /h'); // 3.06 for the card, the rest for 1 vCPU and 1 GB
  expect(await deploy('first')).toMatchObject({ kind: 'done', code: 'deployed' });
  expect(await bot.app.store.gpus.held('local')).toEqual([
    { device: FIRST, key: 'production/first', container: 'train' },
  ]);
});

test('what is not free is refused at its line before anything is made, with who has it and what to do', async () => {
  const { code, text } = await deploy('second', { count: 2 });
  expect(code).toBe('invalid');
  expect(text).toContain('containergroup.yaml:13:11');
  expect(text).toContain('The group asks for 2 × V100; local has 1 free of 2. first in production holds 1.');
  expect(text).toContain('Deploy with --queue to wait for them, first in line');
  expect(await bot.app.ground.desired.get('production/second')).toBeUndefined();
  const planned = await say(['plan', '--file', 'containergroup.yaml'], [fileOf('second', { count: 2 })]);
  expect(planned.text).toContain('it would not be deployed');
});

test('who may not see a group is not told its name', async () => {
  const { text } = await deploy('mine', { count: 2, environment: 'pr-1' }, [], EVE);
  expect(text).toContain('local has 1 free of 2. Another group holds 1.');
  expect(text).not.toContain('first in production');
});

test('a model that is not there is refused, with the one that was meant', async () => {
  const { text } = await deploy('second', { sku: 'v100' });
  expect(text).toContain('containergroup.yaml:15:18');
  expect(text).toContain('local has none of that model.');
  expect(text).toContain('Did you mean V100?');
  const { text: another } = await deploy('second', { sku: 'H200', count: 1 }, ['--queue']);
  expect(another).toContain('Ask for fewer, or for another model: V100.');
  const { text: more } = await deploy('second', { count: 4 }, ['--queue']);
  expect(more).toContain('The group asks for 4 × V100; local has 1 free of 2.');
  expect(more).toContain('Ask for fewer');
});

test('two models in one group are refused: its bill knows one', async () => {
  const { path, text } = fileOf('second', {});
  const other = text
    .slice(text.indexOf('  - name: train'))
    .replace('train', 'side')
    .replace('sku: V100', 'sku: H100');
  const said = await say(['plan', '--file', 'containergroup.yaml'], [{ path, text: text + other }]);
  expect(said.text).toContain('The group asks for GPUs of two models; train asks for V100.');
  expect(said.code).toBe('invalid');
});

test('a limit that differs from the request is refused', async () => {
  const { text } = await deploy('second', { count: 1, limit: { count: 2, sku: 'V100' } });
  expect(text).toContain('The limit of GPUs differs from the request');
  const same = await say(
    ['plan', '--file', 'containergroup.yaml'],
    [fileOf('second', { count: 1, limit: { count: 1, sku: 'V100' } })],
  );
  expect(same.text).not.toContain('The limit of GPUs');
});

/** A driver that knows one card, and nothing of the fields that came later. */
function smi(uuid: string, figures: string) {
  return ([program = '', query = '']: readonly string[]) => {
    if (program !== 'nvidia-smi') return undefined;
    if (query.includes('ecc.'))
      return { text: 'Field "mig.mode.current" is not a valid field to query.', exitCode: 2 };
    const text = query.includes('compute-apps')
      ? `${uuid}, 4711, python3, 30000\n`
      : `0, ${uuid}, ${figures}\n`;
    return { text, exitCode: 0 };
  };
}

test('gpu shows each device with its holder, what its driver says, and what is free', async () => {
  engine.program(
    'production/first',
    'train',
    smi(FIRST, 'Tesla V100-SXM2-32GB, 590.48.01, 38, 30100, 32510, 54, 212.31'),
  );
  const { text, data } = await say(['gpu']);
  const [table = '', ...lines] = text.split('\n').filter((line) => /GPU-|model/.test(line));
  expect(table.trim().split(/ {2,}/)).toEqual([
    'GPU',
    'model',
    'held by',
    'load',
    'memory',
    'temperature',
    'power',
    'ECC',
    'MIG',
    'driver',
  ]);
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    [
      'local/GPU-6f3f1b0e',
      'Tesla V100-SXM2-32GB',
      'first/train',
      '38 %',
      '30100 MiB of 32510 MiB',
      '54 °C',
      '212.31 W',
      'n/a',
      'n/a',
      '590.48.01',
    ],
    ['local/GPU-0b1c2d3e', 'V100', 'free', '–', '–', '–', '–', '–', '–', '–'],
    ['local/GPU-6f3f1b0e', 'first/train', '4711', 'python3', '30000 MiB'],
  ]);
  expect(data).toMatchObject({
    devices: [
      {
        location: 'local',
        id: FIRST,
        sku: 'V100',
        state: 'held',
        group: 'first',
        container: 'train',
        gpu: { uuid: FIRST, utilizationPercent: 38, mig: null, eccErrors: null, processes: [{ pid: 4711 }] },
      },
      { id: SECOND, state: 'free', group: '', gpu: null },
    ],
    waiting: [],
  });
  const one = await say(['gpu', 'first']);
  expect(one.text).not.toContain('free');
});

test('gpu says why a card shows no figures, and what to do', async () => {
  expect((await say(['gpu'])).text).not.toContain('shows no figures');
  engine.program('production/first', 'train', ([program = '']) =>
    program === 'nvidia-smi' ? { text: 'could not find libnvidia-ml.so: hunter2', exitCode: 12 } : undefined,
  );
  const { text, data } = await say(['gpu', 'first']);
  expect(text).toContain(
    'first/train shows no figures of its GPU: nvidia-smi does not find libnvidia-ml.so. Set',
  );
  expect(text).not.toContain('hunter2'); // what an image prints is not for everybody
  expect(data).toMatchObject({ containers: [{ silence: { advice: expect.any(String) } }] });
  engine.program('production/first', 'train', () => ({ text: '', exitCode: 127 }));
  expect((await say(['gpu', 'first'])).text).toContain('its image has no nvidia-smi');
});

test('gpu tells nobody of groups that they may not look at, but that a device is taken', async () => {
  const { text, data } = await say(['gpu', 'in', 'pr-1'], [], EVE);
  expect(text).not.toContain('first');
  expect(data).toMatchObject({ devices: [{ id: SECOND, state: 'free' }] });
  const all = await say(['gpu'], [], EVE);
  expect(all.text).not.toContain('first');
  expect(all.text).toContain('another group');
  expect(all.text).not.toContain('python3');
});

test('--queue waits, and goes on by itself when what it waits for is let go', async () => {
  const waiting = deploy('second', { count: 2 }, ['--queue']);
  await eventually(async () => {
    const events = await bot.app.store.events.events({ group: 'production/second' });
    expect(events.map(({ fact }) => fact.kind)).toContain('gpu-waits');
  });
  const { text } = await say(['status', 'second']);
  expect(text).toContain('Pending');
  expect(text).toContain('waits for 2 × V100 of local (1 free), first in line');
  expect((await say(['gpu'])).text).toContain('second waits for 2 × V100 of local, first in line');
  const behind = await deploy('third');
  expect(behind.text).toContain('Deploy with --queue to wait for them, number 2 in line');
  await say(['delete', 'first']);
  const told = await waiting;
  expect(told).toMatchObject({ kind: 'done', code: 'deployed' });
  expect(told.text).toContain('for 2 × V100 of local (1 free), first in line; goes on by itself');
  expect(told.text).toContain('It waits for its turn, first in line');
  expect((await say(['status', 'second'])).text).not.toContain('waits for');
});

test('a group without room takes no GPU and holds up nobody, until it has room', async () => {
  const large = deploy('large', { memory: 16 }, ['--queue']);
  await eventually(async () => {
    expect(await bot.app.ground.desired.get('production/large')).toMatchObject({ host: '' });
  });
  expect((await say(['gpu'])).text).not.toContain('large');
  await say(['delete', 'second']);
  expect(await large).toMatchObject({ kind: 'done', code: 'deployed' });
  expect((await bot.app.store.gpus.held('local')).map(({ key }) => key)).toEqual(['production/large']);
  await say(['delete', 'large']);
  expect(await deploy('second', { count: 2 })).toMatchObject({ kind: 'done', code: 'deployed' });
});

test('what was stopped has let its GPUs go, and does not start without them', async () => {
  await say(['stop', 'second']);
  await eventually(async () => expect(await bot.app.store.gpus.held('local')).toEqual([]));
  expect(await deploy('third')).toMatchObject({ code: 'deployed' });
  const start = await say(['start', 'second']);
  expect(start).toMatchObject({ kind: 'failed', code: 'gpu-unavailable' });
  expect(start.text).toContain('local has 1 free of 2. third in production holds 1.');
  await say(['delete', 'third']);
  expect(await say(['start', 'second'])).toMatchObject({ kind: 'done', code: 'started' });
  await say(['delete', 'second']);
});

test('of two that want the same at once one gets it, and nothing is left of the other', async () => {
  const outcomes = await Promise.all([deploy('left', { count: 2 }), deploy('right', { count: 2 })]);
  expect(outcomes.map(({ kind }) => kind === 'done').filter(Boolean)).toHaveLength(1);
  const keys = (await bot.app.ground.desired.list()).map(({ key }) => key);
  expect(keys).toHaveLength(1);
  expect((await bot.app.store.gpus.held('local')).map(({ key }) => key)).toEqual([keys[0], keys[0]]);
  for (const key of keys) await say(['delete', key.split('/')[1] ?? '']);
});
