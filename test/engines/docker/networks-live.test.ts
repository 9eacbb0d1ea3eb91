/** Networks that the settings name, on a real engine: made, kept, made anew, and left alone. */
import { tmpdir } from 'node:os';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { connect as connectTo } from '../../../src/engines/docker/connection.ts';
import { ensureNetwork, type Joint } from '../../../src/engines/docker/networks.ts';
import { watchEngine } from '../../../src/engines/docker/watch.ts';
import type { NamedNetwork, Pod } from '../../../src/engines/index.ts';
import { podOf } from '../../../src/reconciler/index.ts';
import { wishFor } from '../../reconciler/groups.ts';
import { connect } from '../../world/docker.ts';
import { eventually } from '../../world/eventually.ts';

const OWNER = 'test-networks';
const NAME = `${OWNER}.local.backend`;
const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const pod: Pod = podOf(wishFor({ containers: { web: {} } }), undefined, 'pepper');
const BACKEND: NamedNetwork = {
  name: 'backend',
  location: 'local',
  driver: 'bridge',
  subnet: '198.19.174.0/28',
  gateway: '198.19.174.1',
  parent: '',
  external: '',
};

function ensure(named: NamedNetwork, making = new Map<string, Promise<void>>()): Promise<void> {
  const joint: Joint = { network: NAME, endpoint: JSON.parse('{}'), named };
  return ensureNetwork(docker, { owner: OWNER, making }, pod, joint);
}

async function subnetNow(): Promise<string | undefined> {
  const { IPAM } = await docker.getNetwork(NAME).inspect();
  return IPAM?.Config?.[0]?.['Subnet'];
}

async function clear(): Promise<void> {
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [`katabot.owner=${OWNER}`] },
  });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
  const networks = await docker.listNetworks({ filters: { name: [NAME] } });
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
}

afterEach(clear);
afterAll(clear);

describe('a network of the settings', () => {
  test('is made once by many groups that come at once, and by one that comes again', async () => {
    const making = new Map<string, Promise<void>>();
    await Promise.all(Array.from({ length: 5 }, () => ensure(BACKEND, making)));
    await ensure(BACKEND, making);
    expect(making.size).toBe(0);
    expect(await docker.listNetworks({ filters: { name: [NAME] } })).toHaveLength(1);
    expect(await subnetNow()).toBe('198.19.174.0/28');
  });

  test('that is described otherwise now is made anew, but not under a group that is in it', async () => {
    await ensure(BACKEND);
    const wider = { ...BACKEND, subnet: '198.19.174.0/27' };
    await ensure(wider);
    expect(await subnetNow()).toBe('198.19.174.0/27');
    await docker.createContainer({
      Image: 'katabot/busybox:1',
      Labels: { 'katabot.owner': OWNER, 'katabot.pod': 'none' },
      HostConfig: { NetworkMode: NAME },
    });
    await expect(ensure(BACKEND)).rejects.toMatchObject({
      code: 'network-changed',
      advice: expect.stringContaining('locations.local.networks.backend'),
    });
    await ensure(wider);
    expect(await subnetNow()).toBe('198.19.174.0/27');
  });

  test('takes nothing over that somebody else has made', async () => {
    await docker.createNetwork({ Name: NAME, IPAM: { Config: [{ Subnet: '198.19.174.32/28' }] } });
    await expect(ensure(BACKEND)).rejects.toMatchObject({ code: 'network-foreign' });
    expect(await subnetNow()).toBe('198.19.174.32/28');
  });

  test('that should exist and does not is told by the name that it has there', async () => {
    const existing = { ...BACKEND, driver: 'existing' as const, external: 'test-networks-nowhere' };
    await expect(ensure(existing)).rejects.toMatchObject({
      code: 'network-missing',
      message: expect.stringContaining('test-networks-nowhere'),
    });
  });

  test('that a bot has left empty goes with the next look at the engine, and one that somebody is in stays', async () => {
    await ensure(BACKEND);
    await ensure({ ...BACKEND, name: 'empty', subnet: '198.19.174.32/28', gateway: '198.19.174.33' });
    await docker.createContainer({
      Image: 'katabot/busybox:1',
      Labels: { 'katabot.owner': OWNER, 'katabot.pod': 'none' },
      HostConfig: { NetworkMode: NAME },
    });
    const way = { engine: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '' };
    const connection = connectTo(way, { folder: tmpdir(), clock: systemClock });
    const watching = watchEngine(connection, OWNER, systemClock, () => {});
    const own = async () => {
      const networks = await docker.listNetworks({ filters: { label: [`katabot.network=${OWNER}`] } });
      return networks.map(({ Name }) => Name);
    };
    try {
      await eventually(async () => expect(await own()).toEqual([NAME]));
    } finally {
      watching.close();
      await connection.close();
    }
  });

  test('that clashes with another one of the host is told as a clash', async () => {
    await ensure(BACKEND);
    const other = { ...BACKEND, name: 'other' };
    await expect(ensure(other)).rejects.toMatchObject({ code: 'network-overlap' });
  });
});
