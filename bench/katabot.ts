/** Katabot itself as one of the ways to bring the group up: the whole bot, in this process, on a real database file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { type PushedBranch, pushCommands } from '../src/commands/index.ts';
import { parseSettings } from '../src/config.ts';
import type { Fact } from '../src/event.ts';
import { createLog } from '../src/observability/index.ts';
import type { KatabotDeployer } from './deploy.ts';
import { groupDocument } from './deploy-group.ts';

const SETTINGS = `
instance: test-bench
stopGraceSeconds: 0
http: { address: '127.0.0.1:0' }
edge: { address: '127.0.0.1:0' }
locations:
  local: { isolation: none, addresses: 127.24.0.0/16, networks: 198.18.224.0/20 }
`;

/** `up` is what happens from the accepted push to the fact that all containers run. */
export const startKatabot: KatabotDeployer = async ({ dockerHost }) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  const app = await createApp(parseSettings(SETTINGS, 'bench'), {
    clock: systemClock,
    log: createLog('silent'),
    dataFolder,
    dockerHost,
  });
  await app.start();
  const commands = pushCommands(app.ground);
  let count = 0;
  const nextPush = async (): Promise<PushedBranch> => {
    count += 1;
    const push: PushedBranch = {
      repository: 'bench',
      branch: 'main',
      environment: 'production',
      commit: String(count).padStart(40, '0'),
      subject: 'bench',
      files: [{ path: 'containergroup.yaml', text: groupDocument() }],
      caller: { name: 'bench', right: 'operator' },
    };
    // Checked before the clock starts, as a push is checked before its ref moves.
    for await (const _ of commands.checkPush(push, AbortSignal.timeout(10_000)));
    return push;
  };
  const reached = (kind: Fact['kind']) =>
    new Promise<void>((resolve) => {
      const stop = app.ground.feed.listen(({ fact }) => {
        if (fact.kind !== kind) return;
        stop();
        resolve();
      });
    });
  let push = await nextPush();
  return {
    name: 'katabot',
    async up() {
      const running = reached('running');
      const audience = new AbortController();
      const followed = (async () => {
        const follow = await commands.deployPush(push);
        for await (const _ of follow(audience.signal));
      })();
      await running;
      audience.abort();
      await followed;
    },
    async down() {
      const removed = reached('removed');
      await app.ground.desired.unwish('production/bench', 'bench');
      app.ground.wake('production/bench');
      await removed;
      push = await nextPush();
    },
    async close() {
      await app.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
};
