/** The first deploy from a comment, on a real engine: the address in the comment answers, and after the merge nothing is left. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../world/docker.ts';
import { groupText } from '../../world/groups.ts';
import { botComments, openStage, reactions, type Stage } from './stage.ts';

const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const docker = connect(dockerHost);
let stage: Stage;

beforeAll(async () => {
  stage = await openStage(
    {
      instance: 'pulls',
      locations: { local: { isolation: 'none', addresses: '127.39.0.0/16', networks: '198.19.128.0/20' } },
    },
    {},
    dockerHost,
  );
});
afterAll(() => stage.stop());

/** The name is in the address of the comment; here it need not resolve. */
function statusAt(edgeUrl: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(edgeUrl, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('from /deploy to the bill', async () => {
  const { github, shop, ann, bo } = stage;
  const text = groupText({ name: 'web', image: 'katabot/hello:1', label: 'pulls' }).replace(
    / {6}command: .*\n/,
    '',
  );
  github.push(ann, shop, 'feature', { 'containergroup.yaml': text });
  const pull = github.openPull(ann, shop, { branch: 'feature' });
  await stage.settle();
  const comment = github.comment(ann, shop, pull, '/deploy');
  await stage.settle();
  expect(reactions(comment)).toEqual(['rocket']);
  const { sticky } = botComments(pull);
  const [, url = ''] = /\]\(<(http[^>]+)>\)/.exec(sticky?.body ?? '') ?? [];
  expect(url).toContain('pr-11-shop');
  expect(await statusAt(stage.bot.edgeUrl, new URL(url).host)).toBe(200);
  expect(shop.deployments[0]?.statuses.at(-1)).toMatchObject({ state: 'success', environment_url: url });

  github.merge(bo, shop, pull);
  await stage.settle();
  expect(botComments(pull).sticky?.body).toMatch(/~~pr-11-shop~~ \| ⏹ removed/);
  const left = await docker.listContainers({ all: true, filters: { label: ['katabot.owner=pulls'] } });
  expect(
    left.map(({ Labels }) => Labels['katabot.group']).filter((group) => group?.startsWith('pr-')),
  ).toEqual([]);
  expect((await stage.bot.run('delete', 'web')).kind).toBe('done');
});
