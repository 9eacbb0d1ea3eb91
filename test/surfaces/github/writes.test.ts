/** Every write to GitHub, cut off before it is taken and after: one comment, one check, one deployment, the right ending. */
import { afterEach, expect, test } from '@jest/globals';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

const MINUTE_MS = 60_000;
let stage: Stage;
afterEach(() => stage.stop());

const pass = async (ms: number) => {
  for (let passed = 0; passed < ms; passed += MINUTE_MS) {
    stage.clock.leap(MINUTE_MS);
    await stage.settle();
  }
};

async function openPull() {
  stage = await openStage();
  const { github, shop, ann } = stage;
  github.push(ann, shop, 'feature', { 'containergroup.yaml': groupFile('web') });
  return github.openPull(ann, shop, { branch: 'feature' });
}

const isWrite = ({ method, path }: { method: string; path: string }) =>
  method !== 'GET' && !path.endsWith('access_tokens');

test.each(
  Array.from({ length: 10 }, (_, index) => index + 1).flatMap(
    (write) =>
      [
        [write, 'before'],
        [write, 'after'],
      ] as const,
  ),
)('the bot dies at write %d, %s GitHub has taken it', async (write, when) => {
  const pull = await openPull();
  const { github, shop, ann } = stage;
  let count = 0;
  let died = false;
  const die = (request: { method: string; path: string }) => {
    if (died || !isWrite(request) || ++count < write) return undefined;
    died = true;
    github.trouble = () => 'cut'; // a bot that is dead asks nothing more
    return 'cut' as const;
  };
  if (when === 'before') github.trouble = die;
  else github.afterwards = die;
  await stage.settle();
  const comment = github.comment(ann, shop, pull, '/deploy');
  await stage.settle();
  if (died) await stage.restart();
  github.trouble = undefined;
  github.afterwards = undefined;
  await pass(12 * MINUTE_MS);
  expect(reactions(comment)).toEqual(['rocket']);
  expect(pull.comments.filter(({ app }) => app !== null)).toHaveLength(1);
  expect(botComments(pull).sticky?.body).toContain('✅ running');
  expect(shop.checks.map(({ body }) => [body['name'], body['status']])).toEqual([
    ['katabot / plan', 'completed'],
    ['katabot / pr-11-shop', 'completed'],
  ]);
  expect(shop.deployments.map(({ statuses }) => statuses.at(-1)?.state)).toEqual(['success']);
});

test('limited for 72 seconds, without a word how long: nothing is lost, and nothing is asked meanwhile', async () => {
  const pull = await openPull();
  await stage.settle();
  const { github, clock, shop, ann } = stage;
  const untilMs = clock.now() + 72_000;
  let refused = 0;
  github.trouble = (request) => {
    if (!isWrite(request) || clock.now() >= untilMs) return undefined;
    refused++;
    return {
      status: 403,
      message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    };
  };
  const comments = ['/kata status', '/deploy', '/kata logs'].map((text) =>
    github.comment(ann, shop, pull, text),
  );
  await stage.settle();
  for (let second = 0; second < 12; second++) {
    clock.leap(10_000);
    await stage.settle();
  }
  github.trouble = undefined;
  await pass(3 * MINUTE_MS);
  expect(refused).toBeLessThanOrEqual(2);
  for (const comment of comments) expect(reactions(comment)).not.toContain('eyes');
  expect(botComments(pull).answers.length).toBeGreaterThanOrEqual(1);
  expect(botComments(pull).sticky?.body).toContain('✅ running');
});
