/** What somebody does by hand on a real host: told with the field, and made as it should be. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect as connectBot } from '../../src/engines/docker/connection.ts';
import { watchEngine } from '../../src/engines/docker/watch.ts';
import type { Fact } from '../../src/event.ts';
import { hurriedClock } from '../causes/world.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';

const SETTINGS = {
  instance: 'drift',
  locations: { local: { isolation: 'none', addresses: '127.39.0.0/16', networks: '198.18.232.0/21' } },
};
const MEBIBYTE = 2 ** 20;

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const told: Fact[] = [];
let app: AppInTest;

beforeAll(async () => {
  app = await startApp({ settings: SETTINGS });
  app.app.ground.feed.listen(({ fact }) => told.push(fact));
  expect((await app.give('deploy', groupText({ name: 'drifting' }))).code).toBe('deployed');
});

afterAll(async () => {
  await app.run('delete', 'drifting');
  await app.stop();
});

async function member() {
  const filters = { label: ['katabot.owner=drift', 'katabot.role=member'] };
  const [found] = await docker.listContainers({ all: true, filters });
  if (!found) throw new Error('no member is there');
  return docker.getContainer(found.Id);
}

const drifts = () => told.flatMap((fact) => (fact.kind === 'drifted' ? [fact.what] : []));

test('more memory is taken away again', async () => {
  const before = await (await member()).inspect();
  await (await member()).update({ Memory: 200 * MEBIBYTE, MemorySwap: 200 * MEBIBYTE });
  await eventually(async () => {
    const { Id, HostConfig, State } = await (await member()).inspect();
    expect([Id === before.Id, HostConfig.Memory, State.Running]).toEqual([
      false,
      before.HostConfig.Memory,
      true,
    ]);
  });
  await app.app.reconciler.idle();
  expect(drifts()).toEqual(['main: memory 200 MiB, should be 102 MiB']);
});

test('a container that was paused runs again', async () => {
  await (await member()).pause();
  await eventually(async () => {
    const { State } = await (await member()).inspect();
    expect([State.Running, State.Paused]).toEqual([true, false]);
  });
  await app.app.reconciler.idle();
  expect(drifts().at(-1)).toBe('main: paused');
});

test('a container that was removed is there again', async () => {
  await (await member()).remove({ force: true });
  await eventually(async () => expect((await (await member()).inspect()).State.Running).toBe(true));
  // Whichever the bot saw first: that it was killed, or that it was gone.
  await eventually(async () =>
    expect(
      told.some(
        (fact) => fact.kind === 'member-exited' || (fact.kind === 'drifted' && fact.what === 'main: removed'),
      ),
    ).toBe(true),
  );
});

test('a change whose event was lost is found by a closer look now and then', async () => {
  const labels = {
    'katabot.owner': 'drift-lost',
    'katabot.group': 'production/lost',
    'katabot.role': 'member',
    'katabot.limits': `0/${100 * MEBIBYTE}`,
  };
  const container = await docker.createContainer({
    Image: 'katabot/busybox:1',
    Cmd: ['sleep', '600'],
    Labels: labels,
    HostConfig: { Memory: 100 * MEBIBYTE, MemorySwap: 100 * MEBIBYTE, NetworkMode: 'none' },
  });
  await container.start();
  const clock = hurriedClock(5 * 60_000);
  const engine = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
  const connection = connectBot({ engine }, { folder: '', clock });
  const deaf = { ...connection, client: () => Promise.reject(new Error('no events today')) };
  const hints: string[] = [];
  const watch = watchEngine(deaf, 'drift-lost', clock, (key) => hints.push(key));
  try {
    await eventually(async () => expect(hints).toEqual(['production/lost'])); // it is new
    await container.update({ Memory: 200 * MEBIBYTE, MemorySwap: 200 * MEBIBYTE });
    clock.hurry();
    await eventually(async () => expect(hints).toEqual(['production/lost', 'production/lost']));
  } finally {
    watch.close();
    await container.remove({ force: true });
  }
});
