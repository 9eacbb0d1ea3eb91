/** A deploy that is asked in Slack, on a real engine. */
import { afterAll, expect, test } from '@jest/globals';
import { groupText } from '../../world/groups.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

afterAll(() => stage.stop());

test('a group that is deployed and stopped from Slack runs and stops on a real engine', async () => {
  stage = await openStage({
    settings: {
      instance: 'slack',
      locations: { local: { isolation: 'none', addresses: '127.41.0.0/16', networks: '198.19.144.0/20' } },
    },
    dockerHost: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '',
  });
  await stage.push({
    'containergroup.yaml': groupText({ name: 'hello', image: 'katabot/hello:1', label: 'slack' }).replace(
      / {6}command: .*\n/,
      '',
    ),
  });
  const before = stage.roots().length;
  await stage.ann.types(stage.ops, '/kata deploy shop --reason "from Slack"');
  await stage.settle();
  const root = stage.roots()[before];
  expect(root?.text).toMatch(/hello.*healthy/);
  await stage.ann.says(stage.ops, '@katabot stop hello --yes', root);
  await stage.settle();
  await stage.settle();
  expect(root?.text).toContain('stopped');
  await stage.ann.says(stage.ops, '@katabot delete hello --yes', root);
  await stage.settle();
  await stage.settle();
  expect(root?.text).toContain('removed');
}, 90_000);
