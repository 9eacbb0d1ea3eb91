/** Which group holds which GPU, and who waits. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupKey } from '../../src/event.ts';
import { allot, type GpuClaim, type GpuHolding, type GpuQuestion } from '../../src/reconciler/gpus.ts';
import type { GroupWords } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

const DEVICES = [
  { id: 'A', sku: 'V100', model: '' },
  { id: 'B', sku: 'V100', model: '' },
  { id: 'C', sku: 'H100', model: '' },
];
const ONE: GroupKey = 'production/one';
const TWO: GroupKey = 'production/two';
const THREE: GroupKey = 'production/three';

function claim(count: number, sku = 'V100', container = 'web'): GpuClaim {
  return { container, sku, count };
}

function holding(device: string, key = ONE, container = 'web'): GpuHolding {
  return { device, key, container };
}

describe('what a group is given', () => {
  const decide = (more: Partial<GpuQuestion>) =>
    allot({ key: ONE, claims: [claim(1)], devices: DEVICES, held: [], ahead: [], ...more });

  test('is free, of the model that is asked for, in the order of the settings', () => {
    expect(decide({})).toEqual({ ok: true, holdings: [holding('A')] });
    expect(decide({ claims: [claim(1, 'H100')] })).toEqual({ ok: true, holdings: [holding('C')] });
    expect(decide({ held: [holding('A', TWO)] })).toEqual({ ok: true, holdings: [holding('B')] });
  });

  test('is what it has already, container by container', () => {
    const held = [holding('B', ONE, 'web'), holding('A', ONE, 'side')];
    expect(decide({ held, claims: [claim(1, 'V100', 'side'), claim(1, 'V100', 'web')] })).toEqual({
      ok: true,
      holdings: expect.arrayContaining(held),
    });
  });

  test('goes over to a container of another name, and what is too much is kept until it is not used any more', () => {
    expect(decide({ held: [holding('A', ONE, 'old'), holding('B', ONE, 'old')] })).toEqual({
      ok: true,
      holdings: [holding('A', ONE, 'web'), holding('B', ONE, '')],
    });
  });

  test('is all that it asks for, or nothing', () => {
    const claims = [claim(1), claim(2, 'H100', 'side')];
    expect(decide({ claims, held: [holding('A', TWO)] })).toEqual({
      ok: false,
      shortages: [{ sku: 'H100', container: 'side', wanted: 2, total: 1, free: 1, holders: [], ahead: 0 }],
    });
  });

  test('is nothing that somebody has waited for longer; another model may be had', () => {
    const ahead = [[claim(2)]];
    expect(decide({ ahead, held: [holding('A', TWO)] })).toEqual({
      ok: false,
      shortages: [
        {
          sku: 'V100',
          container: 'web',
          wanted: 1,
          total: 2,
          free: 1,
          holders: [{ key: TWO, count: 1 }],
          ahead: 1,
        },
      ],
    });
    expect(decide({ ahead, claims: [claim(1, 'H100')] })).toMatchObject({ ok: true });
  });

  test('does not wait behind somebody who asks for more than there are', () => {
    expect(decide({ ahead: [[claim(5)]] })).toMatchObject({ ok: true });
  });

  test('is none for who asks for none', () => {
    expect(decide({ claims: [], held: [holding('A')] })).toEqual({
      ok: true,
      holdings: [holding('A', ONE, '')],
    });
  });

  test('is not a device that has left the settings', () => {
    expect(decide({ held: [holding('Z')] })).toEqual({
      ok: true,
      holdings: [holding('A'), holding('Z', ONE, '')],
    });
  });
});

describe('a location with two GPUs', () => {
  let world: ReconciledWorld;

  beforeEach(async () => {
    world = await createReconciledWorld('mend', { gpus: DEVICES.slice(0, 2) });
  });

  afterEach(() => world.close());

  const wants = (count: number, more: Partial<GroupWords> = {}): GroupWords => ({
    containers: { web: { gpu: { count, sku: 'V100' } } },
    ...more,
  });
  const heldBy = async (key: GroupKey) =>
    (await world.store.gpus.held('local')).filter((each) => each.key === key).map(({ device }) => device);
  const made = async (key: GroupKey) => {
    const groups = await world.engine.observe(AbortSignal.timeout(5_000), key);
    return groups.get(key)?.pods.flatMap(({ members }) => members.map(({ gpus }) => gpus)) ?? [];
  };

  test('gives each group one of its own, which its containers are made with', async () => {
    await world.wish(wants(1), ONE);
    await world.wish(wants(1), TWO);
    await world.rest();
    expect([await made(ONE), await made(TWO)]).toEqual([[['A']], [['B']]]);
    expect([await heldBy(ONE), await heldBy(TWO)]).toEqual([['A'], ['B']]);
  });

  test('lets a third group wait: nothing of it is made, and it is told once, with its place', async () => {
    await world.wish(wants(1), ONE);
    await world.wish(wants(1), TWO);
    await world.rest();
    world.steps();
    await world.wish(wants(1), THREE);
    await world.pass(600_000);
    expect(world.steps()).toEqual([]);
    expect(world.facts('gpu-waits')).toEqual([
      {
        kind: 'gpu-waits',
        location: 'local',
        shortages: [{ sku: 'V100', wanted: 1, free: 0, ahead: 0 }],
      },
    ]);
    await world.unwish(ONE);
    await world.rest();
    expect(await made(THREE)).toEqual([['A']]);
    expect(await heldBy(ONE)).toEqual([]);
  });

  test('serves those that wait in the order in which they came', async () => {
    await world.wish(wants(2), ONE);
    await world.rest();
    await world.wish(wants(2), TWO);
    await world.pass(1_000);
    await world.wish(wants(1), THREE);
    await world.pass(1_000);
    expect(world.facts('gpu-waits').map(({ shortages }) => shortages[0]?.ahead)).toEqual([0, 1]);
    await world.unwish(ONE);
    await world.rest();
    expect([await heldBy(TWO), await heldBy(THREE)]).toEqual([['A', 'B'], []]);
    await world.change({ wanted: 'stopped' }, TWO);
    await world.rest();
    expect([await heldBy(TWO), await heldBy(THREE)]).toEqual([[], ['A']]);
  });

  test('leaves a group what it has over an update, a restart of it, and a restart of the bot', async () => {
    await world.wish(wants(1), TWO);
    await world.rest();
    await world.wish(wants(1), ONE);
    await world.rest();
    await world.unwish(TWO);
    await world.rest();
    await world.wish(
      { containers: { web: { gpu: { count: 1, sku: 'V100' }, environment: { A: '1' } } } },
      ONE,
    );
    await world.rest();
    await world.change({ restartBeforeMs: world.clock.now() + 1 }, ONE);
    await world.rest();
    await world.restart();
    await world.rest();
    expect([await heldBy(ONE), await made(ONE)]).toEqual([['B'], [['B']]]);
  });

  test('takes back what a newer revision asks no more for, once nothing uses it', async () => {
    await world.wish(wants(2), ONE);
    await world.rest();
    await world.wish(wants(1), ONE);
    await world.wish(wants(1), TWO);
    await world.rest();
    expect([await made(ONE), await made(TWO)]).toEqual([[['A']], [['B']]]);
  });

  test('takes back what a job has used when that has ended, and does not run it again for that', async () => {
    const job = wants(2, { restartPolicy: 'Never' });
    await world.wish(job, ONE);
    await world.rest();
    await world.wish(wants(1), TWO);
    await world.rest();
    world.engine.exit(ONE, 'web', 0);
    await world.rest();
    expect(world.facts('finished')).toHaveLength(1);
    expect([await heldBy(ONE), await made(TWO)]).toEqual([[], [['A']]]);
    await world.pass(3_600_000);
    expect(world.facts('finished')).toHaveLength(1);
    expect(await heldBy(ONE)).toEqual([]);
  });

  test('gives to nobody what runs with it, also where the books have forgotten that', async () => {
    await world.wish(wants(1), ONE);
    await world.rest();
    await world.store.gpus.release(ONE, 'all');
    await world.wish(wants(1), TWO);
    await world.rest();
    expect(await heldBy(TWO)).toEqual(['B']);
    await world.wish(wants(1), ONE);
    await world.rest();
    expect([await heldBy(ONE), await made(ONE)]).toEqual([['A'], [['A']]]);
  });
});
