import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commitFiles, eventually, startApp } from '../world/bot.ts';
import { connect } from '../world/docker.ts';
import { groupText } from '../world/groups.ts';

const SETTINGS = {
  instance: 'test-lost',
  locations: { local: { isolation: 'none', addresses: '127.23.16.0/20', networks: '198.18.156.0/22' } },
};

test('a bot that has lost its database takes up what runs, as it runs: containers, addresses, revisions and bills', async () => {
  const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-lost-'));
  const ids = async () =>
    (await docker.listContainers({ filters: { label: ['katabot.owner=test-lost'] } }))
      .map(({ Id }) => Id)
      .sort();
  const books = async ({ app }: Awaited<ReturnType<typeof startApp>>) =>
    Promise.all(
      (await app.store.desired.list()).map(async ({ key, address, fqdn, settled }) => {
        const intervals = await app.store.ledger.intervals({ group: key });
        return {
          key,
          address,
          fqdn,
          settled,
          bill: intervals.map(({ startedAtMs, podId }) => ({ startedAtMs, podId })),
        };
      }),
    );
  const work = join(dataFolder, 'work');
  const first = await startApp({ settings: SETTINGS, dataFolder });
  // Removed again, so that the groups that stay do not have the first places.
  await commitFiles(work, { 'early/containergroup.yaml': groupText({ name: 'early' }) });
  await first.push(work, { repository: 'lost' });
  await commitFiles(work, {
    'web/containergroup.yaml': groupText({ name: 'web', label: 'lostweb' }),
    'job/containergroup.yaml': groupText({ name: 'job' }),
  });
  await first.push(work, { repository: 'lost' });
  await first.run('delete', 'early');
  const [before, running] = [await books(first), await ids()];
  expect(before).toHaveLength(2);
  await first.stop();
  for (const name of await readdir(dataFolder))
    if (name.startsWith('katabot.sqlite')) await rm(join(dataFolder, name));

  await commitFiles(work, { 'notes.txt': 'nothing to do with it' });
  const second = await startApp({ settings: SETTINGS, dataFolder });
  const kept = (all: typeof before) => all.filter(({ key }) => key !== 'production/early');
  await eventually(async () => expect(kept(await books(second))).toEqual(before), 30_000);
  expect((await ids()).filter((id) => running.includes(id))).toEqual(running);
  for (const { key } of await second.app.store.desired.list())
    await second.run('delete', key.split('/')[1] ?? '');
  expect(await ids()).toEqual([]);
  await second.stop();
  await rm(dataFolder, { recursive: true, force: true });
}, 120_000);
