/** What a bot with a hundred groups on a real engine does while nothing happens: its processor time over a minute. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { commitFiles, eventually, startBot } from '../test/world/bot.ts';
import { connect, findEngine } from '../test/world/docker.ts';
import { groupText } from '../test/world/groups.ts';
import { buildImages } from '../test/world/images.ts';
import type { Figure } from './figure.ts';

const GROUPS = 100;
/** Long enough for two of the looks that the bot takes every half minute. */
const WATCHED_MS = 60_000;
const CLOCK_TICKS_A_SECOND = 100;

const SETTINGS = {
  instance: 'bench-idle',
  locations: { local: { isolation: 'none', addresses: '127.25.0.0/16', networks: '198.18.192.0/19' } },
};

export async function benchIdle(): Promise<readonly Figure[]> {
  const engine = await findEngine();
  process.env['KATABOT_TEST_DOCKER_HOST'] = engine.dockerHost;
  const folder = await mkdtemp(join(tmpdir(), 'katabot-idle-'));
  try {
    await buildImages(connect(engine.dockerHost));
    const bot = await startBot({ settings: SETTINGS });
    try {
      const names = Array.from({ length: GROUPS }, (_, index) => `idle-${index}`);
      await commitFiles(
        folder,
        Object.fromEntries(
          names.map((name) => [`${name}/containergroup.yaml`, groupText({ name, memoryInGB: '0.1' })]),
        ),
      );
      await bot.push(folder, { repository: 'idle' });
      await eventually(async () => {
        const outcome = await bot.run('list');
        const running = JSON.stringify(outcome).match(/"state":"Running"/g)?.length ?? 0;
        if (running < GROUPS) throw new Error(`${running} of ${GROUPS} run`);
      }, 300_000);
      const before = await processorMs(bot.process.pid ?? 0);
      await pause(WATCHED_MS);
      const used = (await processorMs(bot.process.pid ?? 0)) - before;
      return [
        {
          bench: 'idle',
          figure: `${GROUPS} groups, share of a core`,
          value: (100 * used) / WATCHED_MS,
          unit: '%',
          against: '',
          target: '< 1 %',
        },
      ];
    } finally {
      for (let index = 0; index < GROUPS; index++) await bot.run('delete', `idle-${index}`).catch(() => {});
      await bot.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await engine.stop();
  }
}

/** User and system time of a process so far, as Linux counts it. */
async function processorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user + system) * 1_000) / CLOCK_TICKS_A_SECOND;
}
