/** A location of several hosts: where groups go, what is told of it, what is missing, drains, waiting for room. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { parseSettings } from '../../src/config.ts';
import {
  type Candidate,
  canWait,
  type EngineFacts,
  type Placement,
  place,
  type Shortage,
} from '../../src/engines/index.ts';
import type { Block, Outcome } from '../../src/replies/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';

const CALLER = { name: 'ann', right: 'admin' } as const;
const HOSTS = {
  one: { engine: 'unix:///one.sock', addresses: '127.42.1.0/24' },
  two: { engine: 'unix:///two.sock', addresses: '127.42.2.0/24' },
};
const V100 = (id: number) => ({ id, sku: 'V100' });
const SETTINGS = {
  locations: {
    local: {
      isolation: 'none',
      hosts: {
        one: { ...HOSTS.one, gpus: [V100(0)] },
        two: { ...HOSTS.two, gpus: [V100(0), V100(1)] },
      },
    },
  },
};

let app: AppInTest;
let engines: Record<string, MemoryEngine>;

beforeEach(async () => {
  const engine = () => createMemoryEngine(systemClock, ['katabot/busybox:1']); // 16 GB of memory
  engines = { one: engine(), two: engine() };
  app = await startApp({ settings: SETTINGS, parts: { engine: ({ name }) => engineOf(name) } });
});

afterEach(() => app.stop());

function engineOf(name: string): MemoryEngine {
  const engine = engines[name];
  if (!engine) throw new Error(`no host ${name}`);
  return engine;
}

async function hear(
  line: string,
  text?: string,
  signal = AbortSignal.timeout(20_000),
): Promise<{ outcome: Outcome; said: string }> {
  const files = text === undefined ? [] : [{ path: 'containergroup.yaml', text }];
  const words = { words: line.split(' '), caller: CALLER, surface: 'cli', files } as const;
  const told = runCommand(app.app.ground, words, signal);
  const blocks: Block[] = [];
  for (;;) {
    const step = await told.next();
    if (step.done) return { outcome: step.value, said: JSON.stringify([...blocks, ...step.value.blocks]) };
    blocks.push(step.value);
  }
}

const deploy = (name: string, memoryInGB = '10', more = '') =>
  hear(`deploy --file containergroup.yaml${more}`, groupText({ name, memoryInGB }));
const hostOf = async (name: string) => (await app.app.store.desired.get(`production/${name}`))?.host;
const groupsOn = async (host: string) => [
  ...(await engineOf(host).observe(AbortSignal.timeout(1_000))).keys(),
];

test('a group that asks for GPUs goes to a host that has them free, and waits in the line of that host', async () => {
  const ask = (name: string, count: number, more = '') =>
    hear(
      `deploy --file containergroup.yaml${more}`,
      groupText({ name, memoryInGB: '0.1' }).replace(
        'memoryInGB: 0.1',
        `memoryInGB: 0.1, gpu: {count: ${count}, sku: V100}`,
      ),
    );
  await deploy('large', '4'); // on one, so two is the freer
  expect((await ask('single', 1)).outcome).toMatchObject({ code: 'deployed' });
  expect(await hostOf('single')).toBe('two');
  expect((await ask('another', 1)).outcome).toMatchObject({ code: 'deployed' });
  expect((await ask('third', 1)).outcome).toMatchObject({ code: 'deployed' });
  expect([await hostOf('another'), await hostOf('third')]).toEqual(['two', 'one']);
  const held = await Promise.all(['one', 'two'].map((host) => app.app.store.gpus.held(host)));
  expect(held.map((each) => each.map(({ key, device }) => `${key} ${device}`))).toEqual([
    ['production/third 0'],
    ['production/single 0', 'production/another 1'],
  ]);
  const refused = await ask('pair', 2);
  expect(refused.said).toContain('The group asks for 2 × V100; two has 0 free of 2.');
  expect((await ask('many', 3)).said).toContain(
    'No host of local takes the group: one does not have the GPUs; two does not have the GPUs.',
  );
  const waiting = ask('pair', 2, ' --queue');
  await eventually(async () => {
    const events = await app.app.store.events.events({ group: 'production/pair' });
    expect(events.map(({ fact }) => fact.kind)).toContain('gpu-waits');
  });
  expect((await hear('gpu')).said).toContain('pair waits for 2 × V100 of two, first in line');
  await hear('delete single');
  await hear('delete another');
  expect((await waiting).outcome).toMatchObject({ code: 'deployed' });
  const pair = (await app.app.store.gpus.held('two')).map(({ key }) => key);
  expect(pair).toEqual(['production/pair', 'production/pair']);
});

test('a group goes to the host with the most memory free, and is told why', async () => {
  const placed = async (...words: [string, string]) =>
    /"label":"host","text":"([^"]+)"/.exec((await deploy(...words)).said)?.[1];
  expect(await placed('first', '10')).toBe('one (of 2 with room the freest, 16 GB of 16 GB memory free)');
  expect(await placed('second', '4')).toBe('two (of 2 with room the freest, 16 GB of 16 GB memory free)');
  expect(await placed('third', '10')).toBe('two (the only one of 2 with room, 12 GB of 16 GB memory free)');
  expect(await placed('third', '9')).toBeUndefined(); // it stays where it is
  expect([await groupsOn('one'), await groupsOn('two')]).toEqual([
    ['production/first'],
    ['production/second', 'production/third'],
  ]);
  expect((await hear('status second')).said).toContain('local · host two');
});

test('a full location says what is missing on each host, and waiting takes the first room that comes', async () => {
  await deploy('first');
  await deploy('second');
  const refused = await deploy('third');
  expect(refused.outcome.code).toBe('invalid');
  expect(refused.said).toContain(
    'No host of local takes the group: one has 6 GB of memory free, 10 GB are needed; two has 6 GB of memory free, 10 GB are needed.',
  );
  expect(await hostOf('third')).toBeUndefined();
  const plan = groupText({ name: 'third', memoryInGB: '10' });
  const planned = (await hear('plan --file containergroup.yaml --queue', plan)).outcome.data;
  expect(Object(planned).groups[0].checks).toContainEqual(
    expect.objectContaining({ name: 'capacity', state: 'waits', text: 'for room' }),
  );
  const waiting = deploy('third', '10', ' --queue');
  await eventually(async () => expect(await hostOf('third')).toBe(''));
  expect((await hear('start third')).said).toContain('it waits for room already');
  expect((await hear('status third')).said).toContain(
    'waits for room, first in line: one has 6 GB of memory free, 10 GB are needed; two has 6 GB',
  );
  expect((await hear('logs third')).outcome.code).toBe('no-room');
  await hear('delete second');
  const { outcome, said } = await waiting;
  expect(outcome.code).toBe('deployed');
  expect(said).toContain('it would wait for room, first in line: one has 6 GB');
  expect(said).toContain('it waits for room, first in line: one has 6 GB');
  expect(said).toContain('it comes up by itself when it is its turn');
  expect(await groupsOn('two')).toEqual(['production/third']);
});

test('groups that come at the same moment are not promised the same room', async () => {
  const answers = await Promise.all(['first', 'second', 'third'].map((name) => deploy(name)));
  const refused = answers.filter(({ outcome }) => outcome.code !== 'deployed');
  expect(refused.map(({ said }) => said)).toEqual([expect.stringContaining('two has 6 GB of memory free')]);
  expect([await groupsOn('one'), await groupsOn('two')].map(({ length }) => length)).toEqual([1, 1]);
});

test('who has waited longer goes first, and a group that waits can be deleted', async () => {
  await deploy('first');
  await deploy('second');
  const third = deploy('third', '10', ' --queue');
  await eventually(async () => expect(await hostOf('third')).toBe(''));
  const fourth = deploy('fourth', '10', ' --queue');
  await eventually(async () => expect(await hostOf('fourth')).toBe(''));
  expect((await hear('status fourth')).said).toContain('waits for room, number 2 in line');
  await hear('delete first');
  expect((await third).outcome.code).toBe('deployed');
  expect(await hostOf('fourth')).toBe('');
  await eventually(async () =>
    expect((await hear('status fourth')).said).toContain('waits for room, first in line'),
  );
  expect((await hear('stop fourth')).said).toContain('it waits for room no longer');
  await hear('delete fourth');
  expect((await fourth).outcome.code).toBe('cancelled');
  expect(await hostOf('fourth')).toBeUndefined();
});

test('a group that waits goes on waiting when the bot is started anew', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-waiting-'));
  const start = () =>
    startApp({ settings: SETTINGS, dataFolder, parts: { engine: ({ name }) => engineOf(name) } });
  await app.stop();
  app = await start();
  await deploy('first');
  await deploy('second');
  const leaving = new AbortController();
  const text = groupText({ name: 'third', memoryInGB: '10' });
  const watched = hear('deploy --file containergroup.yaml --queue', text, leaving.signal);
  await eventually(async () => expect(await hostOf('third')).toBe(''));
  leaving.abort();
  expect((await watched).outcome.code).toBe('still-going');
  await app.stop();
  app = await start();
  expect(await hostOf('third')).toBe('');
  await hear('delete first');
  await eventually(async () => expect(await groupsOn('one')).toEqual(['production/third']));
  await rm(dataFolder, { recursive: true, force: true });
});

test('what no host will ever take is refused, however long it would wait', async () => {
  const { outcome, said } = await hear(
    'deploy --file containergroup.yaml --queue',
    groupText({ name: 'wide', memoryInGB: '0.1' }).replace('cpu: 0.1', 'cpu: 5'),
  );
  expect(outcome.code).toBe('invalid');
  expect(said).toContain('one has 4 processors for 5 vCPU');
});

test('an update that outgrows the host is refused, the old revision serves, and the way out is named', async () => {
  await deploy('first', '10');
  await deploy('second', '4');
  await deploy('third', '4'); // beside second
  expect(await Promise.all(['second', 'third'].map(hostOf))).toEqual(['two', 'two']);
  const asked = (memoryInGB: string) => deploy('third', memoryInGB, ' --queue');
  const never = await asked('17');
  expect([never.outcome.code, never.said]).toEqual([
    'invalid',
    expect.stringContaining('Ask for less. Another'),
  ]);
  expect(never.said).not.toContain('--queue');
  const full = await asked('13');
  expect(full.outcome.code).toBe('invalid');
  expect(full.said).toContain('katabot stop third, then deploy it with --queue');
  expect(full.said).not.toContain('It fits on');
  await hear('delete first');
  const elsewhere = await asked('13');
  expect(elsewhere.outcome.code).toBe('invalid');
  expect(elsewhere.said).toContain(
    'It fits on one, and stays where it is for as long as it exists: katabot delete third, then deploy it again',
  );
  const third = await app.app.store.desired.get('production/third');
  expect(third).toMatchObject({
    wanted: 'running',
    settled: 'Running',
    host: 'two',
    revision: { number: 1 },
  });
  await hear('delete third');
  expect((await asked('13')).outcome.code).toBe('deployed');
  expect(await hostOf('third')).toBe('one');
});

test('a drained host takes no new groups; what runs there stays and is updated there', async () => {
  await deploy('first');
  const drained = await hear('host drain one');
  expect(drained.outcome).toMatchObject({
    code: 'drained',
    data: { host: 'one', groups: ['production/first'] },
  });
  expect((await hear('host drain one')).outcome.code).toBe('unchanged');
  expect((await deploy('second', '1')).said).toContain('two (the only one of 2 with room');
  expect((await deploy('third', '1')).outcome.code).toBe('deployed');
  expect((await deploy('first', '9')).outcome.code).toBe('deployed');
  expect(await groupsOn('one')).toEqual(['production/first']);
  await hear('host drain two');
  expect((await deploy('fourth', '1')).said).toContain('one takes no new groups; two takes no new groups');
  const fourth = deploy('fourth', '1', ' --queue');
  await eventually(async () => expect(await hostOf('fourth')).toBe(''));
  expect((await hear('host undrain one')).outcome.code).toBe('undrained');
  expect((await fourth).outcome.code).toBe('deployed');
  expect(await hostOf('fourth')).toBe('one');
  expect((await hear('host drain three')).outcome.code).toBe('host-unknown');
});

test('groups of a host that does not answer are unknown: neither made anew elsewhere nor removed', async () => {
  await deploy('first');
  engineOf('one').reachable = false;
  expect((await hear('status first')).said).toContain('Unknown');
  expect((await hear('status')).outcome.data).toMatchObject({
    groups: [{ name: 'first', state: 'Unknown' }],
  });
  const again = await deploy('first', '9');
  expect(again.outcome.code).toBe('engine-unreachable');
  expect((await deploy('second', '1')).said).toContain('two (the only one of 2 with room');
  expect(await groupsOn('two')).toEqual(['production/second']);
  engineOf('one').reachable = true;
  expect((await hear('status first')).said).toContain('Running');
});

test('a group that names a zone goes to a host of that zone, and is refused where there is none', async () => {
  await app.stop();
  const hosts = { one: { ...HOSTS.one, zone: '1' }, two: { ...HOSTS.two, zone: '2' } };
  app = await startApp({
    settings: { locations: { local: { isolation: 'none', hosts } } },
    parts: { engine: ({ name }) => engineOf(name) },
  });
  const inZone = (name: string, zone: string) =>
    hear('deploy --file containergroup.yaml', `${groupText({ name })}zones: ['${zone}']\n`);
  expect((await inZone('first', '2')).outcome.code).toBe('deployed');
  expect((await inZone('second', '2')).outcome.code).toBe('deployed');
  expect(await groupsOn('two')).toEqual(['production/first', 'production/second']);
  const { outcome, said } = await inZone('third', '3');
  expect(outcome.code).toBe('invalid');
  expect(said).toContain(
    'No host of local takes the group: one is in zone 1, not in 3; two is in zone 2, not in 3.',
  );
  expect((await inZone('first', '1')).outcome.code).not.toBe('invalid'); // it stays where it is
  expect(await hostOf('first')).toBe('two');
});

test('a bot that has lost its books finds a group on the host that it is on', async () => {
  await deploy('other', '1');
  await deploy('first', '1');
  expect(await hostOf('first')).toBe('two');
  const next = await startApp({ settings: SETTINGS, parts: { engine: ({ name }) => engineOf(name) } });
  const before = app;
  app = next;
  try {
    await deploy('first', '1');
    expect(await hostOf('first')).toBe('two');
  } finally {
    await before.stop();
  }
});

describe('a placement', () => {
  const FACTS: EngineFacts = {
    version: '28.0',
    api: 1.44,
    cpus: 4,
    memoryBytes: 16 * 2 ** 30,
    operatingSystem: 'Linux',
    architecture: 'x86_64',
    isolation: 'hypervisor',
    isolationSaw: '',
    runtime: 'kata',
    skewMs: 0,
    overheadBytes: 2 ** 30,
  };
  const host = (name: string, more: Partial<Candidate> = {}): Candidate => ({
    name,
    zone: '',
    facts: FACTS,
    drained: false,
    hasAddress: true,
    promised: { memoryBytes: 0, vcpuMilli: 0 },
    ...more,
  });
  const need = {
    operatingSystem: 'Linux',
    memoryBytes: 4 * 2 ** 30,
    vcpuMilli: 1000,
    widestMilli: 1000,
    isolation: 'hypervisor',
    zone: '',
  } as const;
  const missing = (placement: Placement) =>
    'missing' in placement
      ? Object.fromEntries([...placement.missing].map(([name, all]) => [name, kinds(all)]))
      : {};
  const kinds = (shortages: readonly Shortage[]) => shortages.map(({ kind }) => kind);

  test('counts what a host puts around a group', () => {
    const promised = { memoryBytes: 12 * 2 ** 30, vcpuMilli: 0 };
    expect(missing(place(need, [host('one', { promised })]))).toEqual({ one: ['memory'] });
    const facts = { ...FACTS, overheadBytes: 0 };
    expect(place(need, [host('one', { promised, facts })])).toMatchObject({
      host: 'one',
      freeBytes: 4 * 2 ** 30,
    });
  });

  test('prefers fewer promised processors where memory is alike, then the order of the settings', () => {
    const promised = { memoryBytes: 0, vcpuMilli: 500 };
    expect(place(need, [host('one', { promised }), host('two'), host('three')])).toMatchObject({
      host: 'two',
    });
  });

  test('is where a sandbox waits for the group, of several on the freest, and never only for that', () => {
    const full = { memoryBytes: 12 * 2 ** 30, vcpuMilli: 0 };
    const half = { memoryBytes: 8 * 2 ** 30, vcpuMilli: 0 };
    const warm = (name: string, promised: Candidate['promised'], more: Partial<Candidate> = {}) =>
      host(name, { promised, standby: true, ...more });
    const chosen = (...hosts: Candidate[]) => {
      const placement = place(need, hosts);
      return 'host' in placement ? [placement.host, placement.fitting, placement.standby] : placement;
    };
    const quarter = { memoryBytes: 4 * 2 ** 30, vcpuMilli: 0 };
    expect(chosen(host('empty'), warm('warm', half))).toEqual(['warm', 2, 1]);
    expect(chosen(host('empty'), warm('warm', half), warm('freer', quarter))).toEqual(['freer', 3, 2]);
    expect(chosen(warm('warm', half), warm('freer', quarter))).toEqual(['freer', 2, undefined]);
    expect(chosen(host('empty'), warm('full', full))).toEqual(['empty', 1, undefined]);
    expect(chosen(host('empty'), warm('drained', half, { drained: true }))).toEqual(['empty', 1, undefined]);
    expect(chosen(host('free', { gpus: 'free' }), warm('held', half, { gpus: 'held' }))).toEqual([
      'free',
      2,
      undefined,
    ]);
  });

  test('is on a host of the zone that is asked for, however full the others are not', () => {
    const promised = { memoryBytes: 8 * 2 ** 30, vcpuMilli: 0 };
    const hosts = [host('one', { zone: '1' }), host('two', { zone: '2', promised }), host('none')];
    expect(place({ ...need, zone: '2' }, hosts)).toMatchObject({ host: 'two', fitting: 1 });
    const nowhere = place({ ...need, zone: '3' }, hosts);
    expect(missing(nowhere)).toEqual({ one: ['zone'], two: ['zone'], none: ['zone'] });
    expect('missing' in nowhere && canWait(nowhere.missing)).toBe(false);
  });

  test('is where its GPUs are free, before where they are held, and never where there are none', () => {
    const promised = { memoryBytes: 8 * 2 ** 30, vcpuMilli: 0 };
    const hosts = [
      host('none', { gpus: 'never' }),
      host('held', { gpus: 'held' }),
      host('free', { gpus: 'free', promised }),
    ];
    expect(place(need, hosts)).toMatchObject({ host: 'free', fitting: 2 });
    expect(place(need, hosts.slice(0, 2))).toMatchObject({ host: 'held', fitting: 1 });
    const nowhere = place(need, hosts.slice(0, 1));
    expect(missing(nowhere)).toEqual({ none: ['gpu'] });
    expect('missing' in nowhere && canWait(nowhere.missing)).toBe(false);
  });

  test('is on no host that runs containers of another system, and does not wait for one', () => {
    const windows = host('windows', { facts: { ...FACTS, operatingSystem: 'Windows' } });
    const onWindows = { ...need, operatingSystem: 'Windows' } as const;
    expect(place(need, [windows, host('one')])).toMatchObject({ host: 'one', fitting: 1 });
    expect(place(onWindows, [windows, host('one')])).toMatchObject({ host: 'windows', fitting: 1 });
    const nowhere = place(need, [windows]);
    expect(missing(nowhere)).toEqual({ windows: ['system'] });
    expect(missing(place(onWindows, [host('one')]))).toEqual({ one: ['system'] });
    expect('missing' in nowhere && canWait(nowhere.missing)).toBe(false);
  });

  test('is on no host that publishes everywhere and hands out several addresses', () => {
    const everywhere = { facts: { ...FACTS, publishesEverywhere: true }, isOneAddress: true };
    expect(place(need, [host('one', everywhere)])).toMatchObject({ host: 'one' });
    const nowhere = place(need, [host('one', { ...everywhere, isOneAddress: false })]);
    expect(missing(nowhere)).toEqual({ one: ['addresses'] });
    expect('missing' in nowhere && canWait(nowhere.missing)).toBe(false);
    expect(place(need, [host('one', { isOneAddress: false })])).toMatchObject({ host: 'one' });
  });

  test('names everything that keeps a group from a host', () => {
    const weak = { ...FACTS, isolation: 'none', cpus: 0 } as const;
    const all = place(need, [
      host('away', { facts: undefined }),
      host('drained', { drained: true }),
      host('weak', { facts: weak, hasAddress: false }),
    ]);
    expect(missing(all)).toEqual({
      away: ['away'],
      drained: ['drained'],
      weak: ['isolation', 'cpu', 'address'],
    });
    expect('missing' in all && canWait(all.missing)).toBe(true);
    const never = place(need, [
      host('weak', { facts: weak }),
      host('small', { facts: { ...FACTS, memoryBytes: 1 } }),
    ]);
    expect('missing' in never && canWait(never.missing)).toBe(false);
  });
});

describe('settings', () => {
  test.each([
    [{ hosts: HOSTS, engine: 'unix:///x.sock' }, /are said of each of its hosts/],
    [{ hosts: HOSTS, gpus: [V100(0)] }, /GPUs are said of the host that has them \(hosts\.NAME\.gpus\)/],
    [{ hosts: {} }, /expected at least one host/],
    [{ hosts: { one: { engine: 'unix:///x.sock' } } }, /addresses/],
    [{ hosts: { one: { ...HOSTS.one, engine: 'tcp://10.0.0.1:2375' } } }, /needs tls/],
  ])('of hosts %j are refused', (location, words) => {
    expect(() => parseSettings(JSON.stringify({ locations: { local: location } }), 'katabot.yml')).toThrow(
      words,
    );
  });

  test('give no name to two hosts', () => {
    const locations = { local: { hosts: HOSTS }, other: { hosts: { one: HOSTS.two } } };
    expect(() => parseSettings(JSON.stringify({ locations }), 'katabot.yml')).toThrow(
      /belongs to the location local/,
    );
  });
});
