/** A host whose settings promise a GPU that it has not: on a real engine, which has none. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type AppInTest, startApp } from '../../world/bot.ts';
import { connect } from '../../world/docker.ts';
import { said } from './brought-up.ts';

const docker = connect(process.env['KATABOT_TEST_DOCKER_HOST'] ?? '');
const OWN = { label: ['katabot.owner=test-gpus'] };
let bot: AppInTest;

beforeAll(async () => {
  bot = await startApp({
    settings: {
      instance: 'test-gpus',
      locations: {
        local: {
          isolation: 'none',
          addresses: '127.42.0.0/16',
          networks: '198.18.224.0/22',
          gpus: [{ id: 'GPU-6f3f1b0e-2f6f-4d6e-9a52-7b6f0b8f7f01', sku: 'V100' }],
        },
      },
    },
  });
});
afterAll(() => bot.stop());

function document(gpu: string): string {
  return `name: train
location: local
properties:
  osType: Linux
  containers:
  - name: train
    properties:
      image: katabot/busybox:1
      command: [sh, -c, 'echo "sees $NVIDIA_VISIBLE_DEVICES"; sleep 600']
      environmentVariables: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1${gpu}}}
`;
}

test('the engine’s refusal is one sentence with what to look at, and nothing is left when the group is gone', async () => {
  const failed = await bot.give('deploy', document(', gpu: {count: 1, sku: V100}'));
  expect(failed).toMatchObject({
    kind: 'failed',
    code: 'gpu-missing',
    data: {
      message:
        'The host’s engine hands out no such GPU: could not select device driver "nvidia" with capabilities: [[gpu]].',
      advice: expect.stringContaining('NVIDIA Container Toolkit'),
      container: 'train',
      place: null, // the file is not what is wrong
    },
  });
  expect(await bot.app.store.gpus.held('local')).toHaveLength(1);
  expect((await bot.run('delete', 'train')).code).toBe('removed');
  expect(await bot.app.store.gpus.held('local')).toEqual([]);
  expect(await docker.listContainers({ all: true, filters: OWN })).toEqual([]);
  expect(await docker.listNetworks({ filters: OWN })).toEqual([]);
});

test('a group without a GPU comes up there, and sees none, whatever it says', async () => {
  expect((await bot.give('deploy', document(''))).code).toBe('deployed');
  const [container] = await docker.listContainers({
    filters: { label: [...OWN.label, 'katabot.role=member'] },
  });
  const { Config } = await docker.getContainer(container?.Id ?? '').inspect();
  expect(Config.Env).toContain('NVIDIA_VISIBLE_DEVICES=void');
  expect(Config.Env).not.toContain('NVIDIA_VISIBLE_DEVICES=all');
  const [{ engine } = {}] = Object.values(bot.app.ground.hosts);
  if (!engine) throw new Error('no engine');
  await said(engine, { key: 'production/train' }, 'train', 'sees void');
  expect((await bot.run('delete', 'train')).code).toBe('removed');
});
