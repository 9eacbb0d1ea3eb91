/** Spot groups: who goes when a Regular one needs room, and when they come back. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Evictable, evict, evictions, placeByEvicting } from '../../src/commands/evictions.ts';
import { runCommand } from '../../src/commands/index.ts';
import { startInRoom } from '../../src/commands/returns.ts';
import { findRoom } from '../../src/commands/room.ts';
import type { Candidate, EngineFacts } from '../../src/engines/index.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createLeapingClock } from '../world/clock.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine, type MemoryEngine } from '../world/memory-engine.ts';

const GB = 2 ** 30;
const FACTS: EngineFacts = {
  version: '28',
  api: 1.44,
  cpus: 8,
  memoryBytes: 16 * GB,
  operatingSystem: 'Linux',
  architecture: 'x86_64',
  isolation: 'none',
  isolationSaw: '',
  runtime: 'runc',
  skewMs: 0,
  overheadBytes: 0,
};
const need = (gb: number) => ({
  operatingSystem: 'Linux' as const,
  memoryBytes: gb * GB,
  vcpuMilli: 1000,
  widestMilli: 1000,
  isolation: 'none' as const,
  zone: '',
});
const host = (promisedGb: number, more: Partial<Candidate> = {}): Candidate => ({
  name: 'one',
  zone: '',
  facts: FACTS,
  drained: false,
  hasAddress: true,
  promised: { memoryBytes: promisedGb * GB, vcpuMilli: 0 },
  ...more,
});
const spot = (name: string, gb: number, acceptedAtMs: number): Evictable => ({
  key: `staging/${name}`,
  memoryBytes: gb * GB,
  acceptedAtMs,
});
const names = (keys: readonly string[] | undefined) => keys?.map((key) => key.split('/')[1]);

describe('of the Spot groups of a host', () => {
  const three = [spot('old', 4, 1), spot('middle', 4, 2), spot('new', 4, 3)];

  test.each<[string, number, number, readonly Evictable[], Partial<Candidate>, string[] | undefined]>([
    ['none goes where there is room', 4, 12, three, {}, []],
    ['the newest goes', 4, 16, three, {}, ['new']],
    ['as many as it takes, the newest first', 6, 16, three, {}, ['new', 'middle']],
    ['none where even all are not enough', 14, 16, three, {}, undefined],
    ['none where room is not what is missing', 4, 16, three, { drained: true }, undefined],
    ['none where nobody can be asked', 4, 16, three, { facts: undefined }, undefined],
    ['those that would not have helped stay', 8, 16, [spot('old', 8, 1), spot('small', 1, 3)], {}, ['old']],
  ])('%s', (_, gb, promised, spots, more, expected) => {
    expect(names(evictions(need(gb), host(promised, more), spots))).toEqual(expected);
  });

  test('fewest go, whichever host that is on', () => {
    const hosts = [host(16), host(16, { name: 'two' })];
    const found = placeByEvicting(need(8), hosts, ({ name }) =>
      name === 'one' ? three : [spot('large', 8, 1)],
    );
    expect([found?.placement.host, found?.placement.asked, names(found?.evicts)]).toEqual([
      'two',
      2,
      ['large'],
    ]);
    expect(placeByEvicting(need(20), hosts, () => three)).toBeUndefined();
  });
});

describe('a Spot group', () => {
  const clock = createLeapingClock();
  let bot: AppInTest;
  let engine: MemoryEngine;
  beforeAll(async () => {
    engine = createMemoryEngine(clock, ['katabot/busybox:1']); // 16 GB of memory
    bot = await startApp({
      settings: { locations: { local: { isolation: 'none' } } },
      parts: { engine: () => engine, clock },
    });
  });
  afterAll(() => bot.stop());

  async function say(line: string, text?: string): Promise<Outcome & { readonly text: string }> {
    const files = text === undefined ? [] : [{ path: 'containergroup.yaml', text }];
    const words = {
      words: line.split(' '),
      caller: { name: 'ann', right: 'admin' },
      surface: 'cli',
      files,
    } as const;
    const told = runCommand(bot.app.ground, words, AbortSignal.timeout(20_000));
    const blocks: Block[] = [];
    for (;;) {
      const step = await told.next();
      if (!step.done) blocks.push(step.value);
      else {
        const shown = [...blocks, ...step.value.blocks].flatMap((block) => drawPlain(block)).join('\n');
        return { ...step.value, text: shown };
      }
    }
  }
  const deploy = (name: string, memoryInGB: string, more: readonly string[] = []) =>
    say('deploy --file containergroup.yaml', groupText({ name, memoryInGB, more }));
  const runsOnce = (name: string, image = 'katabot/busybox:1') =>
    groupText({ name, image, memoryInGB: '2' }).replace(
      'restartPolicy: Always',
      'priority: Spot\n  restartPolicy: Never',
    );
  const wanted = async (name: string) => (await bot.app.store.desired.get(`production/${name}`))?.wanted;

  test('runs while there is room, at its own price', async () => {
    const { code, text } = await deploy('batch', '10', ['priority: Spot']);
    expect(code).toBe('deployed');
    expect(text).toContain('$0.0146 /h'); // a tenth of a vCPU and 10 GB
    expect((await say('deploy --file containergroup.yaml', runsOnce('once'))).code).toBe('deployed');
    expect((await deploy('late', '10', ['priority: Spot'])).code).toBe('invalid'); // it takes nobody’s room
  });

  test('makes room for a Regular one, is told of it, and comes back when there is room again', async () => {
    expect((await deploy('shop', '15')).code).toBe('deployed');
    expect([await wanted('batch'), await wanted('once'), await wanted('shop')]).toEqual([
      'stopped',
      'stopped',
      'running',
    ]);
    const events = await bot.app.store.events.events({ group: 'production/batch' });
    expect(events.map(({ fact }) => fact)).toContainEqual({ kind: 'evicted', returns: true });
    expect((await say('status batch')).text).toContain('waits for room: it was evicted for a Regular group');
    clock.leap(60_000);
    expect((await say('delete shop')).kind).toBe('done');
    await eventually(async () => {
      clock.leap(1_000);
      expect(await wanted('batch')).toBe('running');
    });
    expect(await wanted('once')).toBe('stopped');
    expect((await say('status batch')).text).not.toContain('evicted');
  });

  test('is named before it goes, and who stops it while it waits has stopped it for good', async () => {
    const shop = groupText({ name: 'shop', memoryInGB: '15' });
    const goes = 'batch is a Spot group, and is stopped to make room';
    expect((await say('plan --file containergroup.yaml', shop)).text).toContain(goes);
    const { code, text } = await say('deploy --file containergroup.yaml', shop);
    expect([code, text]).toEqual(['deployed', expect.stringContaining(goes)]);
    expect((await say('stop batch --dry-run')).text).toContain('it would wait for room no longer');
    expect((await say('stop batch')).text).toContain('it waits for room no longer and stays stopped');
    expect((await say('stop batch')).code).toBe('stop-already');
    await say('delete shop');
    clock.leap(60_000);
    await eventually(async () => {
      clock.leap(1_000);
      expect((await bot.app.store.events.events({ last: 1 })).at(-1)?.fact.kind).toBe('removed');
    });
    expect((await say('status batch')).text).not.toContain('waits');
    expect(await wanted('batch')).toBe('stopped');
    expect((await say('start batch')).code).toBe('started');
  });

  test('that is evicted on its way up is followed until it is back, however late that is; one that runs once is not', async () => {
    await say('delete batch');
    const held = engine.hold('pull');
    engine.registry.add('slow:1');
    const batch = groupText({ name: 'batch', image: 'slow:1', memoryInGB: '10', more: ['priority: Spot'] });
    const told = say('deploy --file containergroup.yaml', batch);
    const brief = say('deploy --file containergroup.yaml', runsOnce('brief', 'slow:1'));
    await held.begun;
    await eventually(async () => {
      expect([await wanted('batch'), await wanted('brief')]).toEqual(['running', 'running']);
    });
    expect((await deploy('shop', '15')).code).toBe('deployed');
    const over = await brief;
    expect([over.code, over.text]).toEqual(['evicted', expect.stringContaining('katabot start brief')]);
    const batches = () => bot.app.store.events.events({ group: 'production/batch', last: 1 });
    await eventually(async () => expect((await batches()).at(-1)?.fact.kind).toBe('stopped'));
    held.release();
    clock.leap(31 * 60_000);
    await say('delete shop');
    clock.leap(60_000);
    const { code, text } = await told;
    expect([code, text]).toEqual(['deployed', expect.stringContaining('it was evicted')]);
    await say('delete brief');
  });

  test('that is evicted when some of it runs already is followed as long', async () => {
    await say('delete batch');
    const probe = "readinessProbe: {exec: {command: ['false']}, periodSeconds: 10, initialDelaySeconds: 600}";
    const text = (container: string[]) =>
      groupText({
        name: 'batch',
        image: 'katabot/busybox:1',
        memoryInGB: '10',
        more: ['priority: Spot'],
        container,
      });
    const told = say('deploy --file containergroup.yaml', text([probe]));
    const last = async () =>
      (await bot.app.store.events.events({ group: 'production/batch', last: 1 })).at(-1)?.fact.kind;
    await eventually(async () => expect(await last()).toBe('member-started'));
    expect((await deploy('shop', '15')).code).toBe('deployed');
    await eventually(async () => expect(await last()).toBe('stopped'));
    let isOver = false;
    void told.then(() => {
      isOver = true;
    });
    clock.leap(31 * 60_000);
    await eventually(async () => expect((await say('status batch')).text).toContain('waits for room'));
    expect(isOver).toBe(false);
    await say('delete batch');
    expect((await told).code).toBe('cancelled');
    await say('delete shop');
    expect((await say('deploy --file containergroup.yaml', text([]))).code).toBe('deployed');
  });

  test('that is started again is told anew to who says its deploy again', async () => {
    engine.registry.add('late:1');
    const held = engine.hold('pull');
    const brief = runsOnce('anew', 'late:1');
    const first = say('deploy --file containergroup.yaml', brief);
    await held.begun;
    expect((await deploy('shop', '15')).code).toBe('deployed');
    expect((await first).code).toBe('evicted');
    await say('delete shop');
    const started = say('start anew');
    const { events } = bot.app.store.events;
    await eventually(async () =>
      expect((await events({ group: 'production/anew' })).map(({ fact }) => fact.kind)).toContain('starting'),
    );
    const again = say('deploy --file containergroup.yaml', brief);
    held.release();
    expect([(await again).code, (await started).code]).not.toContain('evicted');
    await say('delete anew');
  });

  test('makes room for a Regular one that is started again, too', async () => {
    await say('stop batch');
    expect((await deploy('shop', '8')).code).toBe('deployed');
    await say('stop shop');
    expect((await say('start batch')).code).toBe('started');
    expect((await say('start shop')).code).toBe('started');
    expect(await wanted('batch')).toBe('stopped');
  });

  test('does not go for a group that was deleted in that very moment', async () => {
    const { desired } = bot.app.store;
    const key = 'production/shop';
    const seen = await desired.get(key);
    await say('delete shop');
    await eventually(async () => {
      clock.leap(1_000);
      expect(await wanted('batch')).toBe('running');
    });
    const { ground } = bot.app;
    const room = { facts: FACTS, evicts: ['production/batch'] } as const;
    expect(await startInRoom(ground, { key }, room)).toBe(false);
    const waited = seen && { ...seen, wanted: 'running' as const, host: '' };
    expect(waited && (await findRoom(ground, waited, AbortSignal.timeout(5_000)))).toBe(true);
    expect(await wanted('batch')).toBe('running');
  });

  test('that somebody stopped in that very moment was not evicted, and does not come back by itself', async () => {
    const key = 'production/once';
    await bot.app.store.desired.change(key, { wanted: 'running' });
    await say('stop once');
    await evict(bot.app.ground, [key]);
    expect(await bot.app.store.desired.get(key)).not.toHaveProperty('waitsSinceMs');
    const events = await bot.app.store.events.events({ group: key, last: 2 });
    expect(events.map(({ fact }) => fact.kind)).toEqual(['stopping', 'stopped']);
  });
});
