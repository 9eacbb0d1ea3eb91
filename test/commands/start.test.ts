/** A group that is stopped promises nothing, so that somebody else may have its room when it is to start again. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import type { Outcome } from '../../src/replies/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const CALLER = { name: 'ann', right: 'admin' } as const;

let app: AppInTest;

beforeAll(async () => {
  const engine = createMemoryEngine(systemClock, ['katabot/busybox:1']); // 16 GB of memory
  app = await startApp({ parts: { engine: () => engine } });
});

afterAll(() => app.stop());

async function say(line: string, text?: string): Promise<Outcome> {
  const files = text === undefined ? [] : [{ path: 'containergroup.yaml', text }];
  const said = { words: line.split(' '), caller: CALLER, surface: 'cli', files } as const;
  const told = runCommand(app.app.ground, said, AbortSignal.timeout(20_000));
  for (;;) {
    const step = await told.next();
    if (step.done) return step.value;
  }
}

const deploy = (name: string) =>
  say('deploy --file containergroup.yaml', groupText({ name, memoryInGB: '10' }));

test('start is refused while its room is taken, and done once there is room', async () => {
  expect((await deploy('first')).code).toBe('deployed');
  expect((await say('stop first')).code).toBe('stopped');
  expect((await deploy('second')).code).toBe('deployed');
  const refused = { kind: 'failed', code: 'no-capacity' };
  expect(await say('start first --dry-run')).toMatchObject(refused);
  const answer = await say('start first');
  expect(answer).toMatchObject({
    ...refused,
    data: { message: expect.stringContaining('6 GB free of 16 GB') },
  });
  expect((await app.app.store.desired.get('production/first'))?.wanted).toBe('stopped');
  expect((await say('stop second')).code).toBe('stopped');
  expect((await say('start first')).code).toBe('started');
});
