/** A location with sandboxes that wait: who takes one over, what is told of it, what it costs, who gives way. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { parseSettings } from '../../src/config.ts';
import { Failure } from '../../src/failure.ts';
import type { Block, Outcome } from '../../src/replies/index.ts';
import { documentOf, type GroupWords } from '../reconciler/groups.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';

const CALLER = { name: 'ann', right: 'admin' } as const;
/** Room for four groups. */
const LOCAL = {
  isolation: 'none',
  addresses: '127.43.1.0/29',
  bridges: '198.19.200.0/26',
  standby: [{ size: 2, cpu: 1, memoryInGB: 1.5, ports: [80] }],
};

let app: AppInTest;
let engine: MemoryEngine;

beforeEach(async () => {
  engine = createMemoryEngine(systemClock, ['web:1']);
  app = await startApp({ settings: { locations: { local: LOCAL } }, parts: { engine: () => engine } });
  await eventually(async () => expect(app.app.ground.standby.of('local').waiting).toHaveLength(2));
});

afterEach(() => app.stop());

async function hear(line: string, text?: string): Promise<{ outcome: Outcome; said: string }> {
  const files = text === undefined ? [] : [{ path: 'containergroup.yaml', text }];
  const words = { words: line.split(' '), caller: CALLER, surface: 'cli', files } as const;
  const told = runCommand(app.app.ground, words, AbortSignal.timeout(20_000));
  const blocks: Block[] = [];
  for (;;) {
    const step = await told.next();
    if (step.done) return { outcome: step.value, said: JSON.stringify([...blocks, ...step.value.blocks]) };
    blocks.push(step.value);
  }
}

const web = { image: 'web:1', cpu: 1, memoryInGB: 1.5 };
const deploy = (name: string, more: Partial<GroupWords> = {}) =>
  hear('deploy --file containergroup.yaml', documentOf({ name, containers: { web }, ports: [80], ...more }));
const list = () => engine.standby.list(AbortSignal.timeout(1_000));

test('a group of the class comes from standby with the place that waited; another one does not', async () => {
  const [first] = await list();
  const warm = await deploy('warm');
  expect(warm.outcome.code).toBe('deployed');
  expect(warm.said).toContain('1/1 running, from standby');
  const wish = await app.app.store.desired.get('production/warm');
  expect(wish).toMatchObject({ subnet: first?.subnet, published: first?.published });
  const cold = await deploy('cold', { ports: [8080] });
  expect(cold.said).toContain('1/1 running"');
  expect((await list()).map(({ adopted }) => adopted?.key)).toEqual(['production/warm', undefined]);
  // An update that replaces the pod makes its own sandbox, in the same place.
  const again = await deploy('warm', { restartPolicy: 'Never' });
  expect(again.said).toContain('1/1 running"');
  expect(await app.app.store.desired.get('production/warm')).toMatchObject({ subnet: first?.subnet });
});

test('of several hosts a group goes to one where a sandbox waits for it, though others have more room', async () => {
  await app.stop();
  const engines = new Map(['one', 'two'].map((name) => [name, createMemoryEngine(systemClock, ['web:1'])]));
  const hosts = Object.fromEntries(
    [...engines.keys()].map((name, index) => [
      name,
      { engine: `unix:///${name}.sock`, addresses: `127.43.1.${16 * index}/29` },
    ]),
  );
  const { isolation, standby } = LOCAL;
  app = await startApp({
    settings: { locations: { local: { isolation, standby, hosts } } },
    parts: { engine: ({ name }) => engines.get(name) ?? engine },
  });
  const waiting = (host: string) => app.app.ground.standby.of(host).waiting;
  await eventually(async () =>
    expect([...engines.keys()].map((name) => waiting(name).length)).toEqual([2, 2]),
  );
  const choice = async (name: string, more?: Partial<GroupWords>) =>
    /"label":"host","text":"(\w+ \([^,]+),/.exec((await deploy(name, more)).said)?.[1];
  const large = { containers: { web: { ...web, memoryInGB: 4 } } };
  expect(await choice('large', large)).toBe('one (of 2 with room the freest');
  expect(await choice('warm')).toBe('two (of 2 with room the freest'); // one waits on each: the freer one
  const two = engines.get('two');
  for (let count = 0; count < 5; count++) two?.standby.failNext(new Failure('engine-refused', 'no more'));
  for (const { id } of (await two?.standby.list(AbortSignal.timeout(1_000))) ?? []) two?.standby.exit(id);
  app.app.ground.standby.wake('two');
  await eventually(async () => expect(waiting('two')).toHaveLength(0));
  const chosen = await deploy('next');
  expect(chosen.said).toContain('one (of 2 with room the one where a sandbox waits for it, 12 GB of 16 GB');
  expect(chosen.said).toContain('1/1 running, from standby');
  expect(await choice('cold', { ports: [8080] })).toBe('two (of 2 with room the freest');
});

test('what waits is a line of the bill of its own; doctor and status say how many do', async () => {
  await deploy('warm');
  expect((await hear('cost')).said).toContain('standby of local');
  expect((await hear('cost --by environment')).said).toContain('standby of local');
  for (const verb of ['doctor', 'status'])
    expect((await hear(verb)).said).toContain('of 2 sandboxes wait (1 vCPU, 1.5 GB, port 80)');
});

test('what waits gives way to a group that finds no other place', async () => {
  for (const name of ['one', 'two']) await deploy(name, { ports: [8080] });
  expect(await app.app.store.slots.all('local')).toHaveLength(4); // full
  const third = await deploy('three', { ports: [8080] });
  expect([third.outcome.code, third.said.includes('from standby')]).toEqual(['deployed', false]);
  expect((await list()).length).toBe(1);
});

test('a class that cannot be is a mistake at its line', () => {
  const settings = (lines: string) => () =>
    parseSettings(`locations:\n  local:\n    isolation: none\n    standby:\n${lines}`, 'katabot.yml');
  expect(settings('      - { size: 0, cpu: 1, memoryInGB: 1 }')).toThrow(/:5:\d+.*at least 1/s);
  expect(settings('      - { size: 1, cpu: 1, memoryInGB: 1, ports: [80, 80] }')).toThrow(
    /:5:\d+.*every port once/s,
  );
  const twice = '      - { size: 1, cpu: 1, memoryInGB: 1 }\n';
  expect(settings(twice + twice)).toThrow(/:6:\d+.*stands above/s);
});
