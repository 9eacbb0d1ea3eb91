/** Katabot itself as one of the ways to bring the group up: the whole bot, in this process, on a real database file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app.ts';
import { systemClock } from '../src/clock.ts';
import { type PushedBranch, pushCommands } from '../src/commands/index.ts';
import { parseSettings } from '../src/config.ts';
import { type Fact, groupKey } from '../src/event.ts';
import { createLog } from '../src/observability/index.ts';
import { eventually } from '../test/world/bot.ts';
import type { Deployer, KatabotDeployer } from './deploy.ts';
import { GROUP_NAME, groupDocument, MEMBERS, PORT } from './deploy-group.ts';

const settingsWith = (range: number, standby?: { readonly cpu: number; readonly memoryInGB: number }) => `
instance: test-bench-${range}
stopGraceSeconds: 0
http: { address: '127.0.0.1:0' }
edge: { address: '127.0.0.1:0' }
locations:
  local:
    isolation: none
    addresses: 127.${range}.0.0/16
    bridges: 198.18.${range}.0/24
    standby: ${JSON.stringify(standby ? [{ size: 1, ports: [PORT], ...standby }] : [])}
`;

/** `up` is what happens from the accepted push to the fact that all containers run. */
export const startKatabot: KatabotDeployer = (engine) => startKatabotWith(engine, [GROUP_NAME]);

/** The same for several groups that one push brings, each with the given members. */
export async function startKatabotWith(
  { dockerHost }: { readonly dockerHost: string },
  groups: readonly string[],
  members = MEMBERS,
  standby?: { readonly cpu: number; readonly memoryInGB: number },
): Promise<Deployer & { ready(): Promise<void> }> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'katabot-bench-'));
  const app = await createApp(parseSettings(settingsWith(groups[0] === 'warm' ? 25 : 24, standby), 'bench'), {
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
      files: groups.map((name) => ({
        path: `${name}/containergroup.yaml`,
        text: groupDocument(name, members),
      })),
      caller: { name: 'bench', right: 'operator' },
    };
    // Checked before the clock starts, as a push is checked before its ref moves.
    for await (const _ of commands.checkPush(push, AbortSignal.timeout(10_000)));
    return push;
  };
  const reached = (kind: Fact['kind']) =>
    new Promise<void>((resolve) => {
      const open = new Set(groups.map((name) => groupKey('production', name)));
      const stop = app.ground.feed.listen(({ group, fact }) => {
        if (fact.kind === kind) open.delete(group);
        if (open.size) return;
        stop();
        resolve();
      });
    });
  const waiting = async () => {
    const seen = await app.ground.hosts['local']?.engine.standby.list(AbortSignal.timeout(10_000));
    return seen?.filter(({ adopted }) => !adopted) ?? [];
  };
  let push = await nextPush();
  return {
    name: 'katabot',
    /** Where sandboxes are to wait, one does. */
    ready: () =>
      eventually(async () => {
        // What is known of the pool may be from before the last one was taken over.
        const there = (await waiting()).map(({ id }) => id);
        const known = app.ground.standby.of('local').waiting.map(({ id }) => id);
        if (there.join() !== known.join() || there.length < (standby ? 1 : 0))
          throw new Error('none waits yet');
      }, 60_000),
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
      for (const key of groups.map((name) => groupKey('production', name))) {
        await app.ground.desired.unwish(key, 'bench');
        app.ground.wake(key);
      }
      await removed;
      push = await nextPush();
    },
    async close() {
      await app.ground.drains.drain('local', 'bench', systemClock.now());
      app.ground.standby.wake('local');
      await eventually(async () => {
        if ((await waiting()).length) throw new Error('some wait still');
      }, 60_000);
      await app.close();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
