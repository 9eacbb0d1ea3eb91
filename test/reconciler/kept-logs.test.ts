/** What containers printed outlives them: the last run of each is kept before it is removed. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ContainerWords, KEY } from './groups.ts';
import { createReconciledWorld, type ReconciledWorld } from './reconciled-world.ts';

let world: ReconciledWorld;

beforeEach(async () => {
  world = await createReconciledWorld();
});

afterEach(async () => {
  expect(world.internalErrors).toEqual([]);
  await world.close();
});

async function bring(web: ContainerWords, restartPolicy: 'Always' | 'OnFailure' = 'Always'): Promise<void> {
  await world.wish({ restartPolicy, containers: { web } });
  await world.rest();
}

/** What is kept of each container: revision, whether it was cut, and its lines. */
async function kept() {
  const logs = await world.logs.logs(KEY);
  return logs.map(({ container, revision, cut, lines }) => [
    container,
    revision,
    cut,
    ...lines.map(({ text }) => text),
  ]);
}

test('a new revision of a container keeps what the one before printed', async () => {
  await bring({ script: 'echo one; serve' });
  expect(await kept()).toEqual([]);
  await bring({ script: 'echo two; serve' });
  expect(await kept()).toEqual([['web', 1, false, 'one']]);
});

test('so do a stop with a start, a pod that is replaced, and a removal', async () => {
  await bring({ script: 'echo one; serve' });
  await world.change({ wanted: 'stopped' });
  await world.rest();
  await world.change({ wanted: 'running' });
  await world.rest();
  expect(await kept()).toEqual([['web', 1, false, 'one']]);
  await world.wish({ containers: { web: { script: 'echo wide; serve' } }, ports: [80] });
  await world.rest();
  expect(await kept()).toEqual([['web', 1, false, 'one']]);
  await world.unwish();
  await world.rest();
  expect(await kept()).toEqual([['web', 2, false, 'wide']]);
});

test('of a container that was restarted, only its last run is kept', async () => {
  await bring({ script: 'echo once; serve' });
  for (const exitCode of [3, 4]) {
    await world.pass(60_000);
    world.engine.exit(KEY, 'web', exitCode);
  }
  await world.pass(60_000); // the second time it waits a while before it runs again
  await world.unwish();
  await world.rest();
  expect(await kept()).toEqual([['web', 1, false, 'once']]);
});

test('secrets of the revision that printed are masked, and those of the one that is wanted now', async () => {
  const script = 'echo I say first-secret and second-secret; serve';
  await bring({ script, secureEnvironment: { TOKEN: 'first-secret' } });
  await bring({ script, secureEnvironment: { TOKEN: 'second-secret' } });
  expect(await kept()).toEqual([['web', 1, false, 'I say [secret] and [secret]']]);
});

test('a long log is cut at its beginning, and says so', async () => {
  const script = Array.from({ length: 2_010 }, (_, index) => `echo line ${index}`).join('; ');
  await bring({ script: `${script}; serve` });
  await world.unwish();
  await world.rest();
  const [[, , cut, first, ...rest] = []] = await kept();
  expect([cut, first, rest.length, rest.at(-1)]).toEqual([true, 'line 10', 1_999, 'line 2009']);
});

test('long lines are bounded together, however few they are', async () => {
  const script = ['a', 'b', 'c'].map((letter) => `echo ${letter.repeat(100 * 1024)}`).join('; ');
  await bring({ script: `${script}; serve` });
  await world.unwish();
  await world.rest();
  const [[, , cut, ...lines] = []] = await kept();
  expect([cut, ...lines.map((line) => String(line)[0])]).toEqual([true, 'b', 'c']);
});
