/** A bot and a pretend GitHub, connected over loopback HTTP, with an engine in memory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppInTest, startApp } from '../../world/bot.ts';
import { createLeapingClock, type LeapingClock } from '../../world/clock.ts';
import {
  type Comment,
  type GithubWorld,
  type Person,
  type Pull,
  type Repository,
  startGithub,
} from '../../world/github/index.ts';
import { createMemoryEngine, type MemoryEngine } from '../../world/memory-engine.ts';

export interface Stage {
  readonly github: GithubWorld;
  readonly engine: MemoryEngine;
  readonly clock: LeapingClock;
  readonly bot: AppInTest;
  readonly shop: Repository;
  /** ann may write, bo is an admin, eve may read. */
  readonly ann: Person;
  readonly bo: Person;
  readonly eve: Person;
  /** Sends what GitHub has to say, and waits until the bot rests. */
  settle(): Promise<void>;
  /** The bot ends, and another one begins over the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function groupFile(
  name: string,
  { text = 'up', image = 'web:1', cpu = 0.1 }: { text?: string; image?: string; cpu?: number | string } = {},
): string {
  return `name: ${name}
location: local
properties:
  osType: Linux
  containers:
    - name: main
      properties:
        image: ${image}
        command: [sh, -c, "echo ${text}; serve"]
        resources:
          requests: { cpu: ${cpu}, memoryInGB: 0.1 }
`;
}

export async function openStage(
  settings: Record<string, unknown> = {},
  app: Record<string, unknown> = {},
  /** A real engine instead of the one in memory. */
  dockerHost?: string,
): Promise<Stage> {
  const clock = createLeapingClock();
  const github = await startGithub({ clock });
  const folder = await mkdtemp(join(tmpdir(), 'katabot-github-'));
  await writeFile(join(folder, 'app.pem'), github.app.privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'secret'), `${github.app.webhookSecret}\n`, { mode: 0o600 });
  const engine = createMemoryEngine(clock, ['web:1', 'web:2']);
  const open = () =>
    startApp({
      dataFolder: folder,
      settings: {
        github: {
          appId: github.app.id,
          privateKeyFile: join(folder, 'app.pem'),
          webhookSecretFile: join(folder, 'secret'),
          apiUrl: github.apiUrl,
          lookEvery: '1h',
          ...app,
        },
        environments: { staging: {} },
        ...settings,
      },
      parts: { clock, ...(dockerHost === undefined ? { engine: () => engine } : { dockerHost }) },
    });
  const shop = github.repository('acme/shop', { permissions: { ann: 'write', bo: 'admin', eve: 'read' } });
  let bot = await open();
  github.botUrl = bot.url;
  const [ann, bo, eve] = [github.person('ann'), github.person('bo'), github.person('eve')];
  const stage: Stage = {
    github,
    engine,
    clock,
    get bot() {
      return bot;
    },
    shop,
    ann,
    bo,
    eve,
    async settle() {
      await github.deliver();
      await bot.app.github?.idle();
      clock.leap(1_100); // people take a moment
    },
    async restart() {
      await bot.stop();
      bot = await open();
      github.botUrl = bot.url;
    },
    async stop() {
      await bot.stop();
      await github.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await stage.settle();
  return stage;
}

/** The bot's own comments: the one that is edited, and its answers. */
export function botComments(pull: Pull): {
  readonly sticky: Comment | undefined;
  readonly answers: readonly Comment[];
} {
  const own = pull.comments.filter(({ app }) => app !== null);
  const isSticky = ({ body }: Comment) => body.startsWith(`<!-- katabot:v1 pr=${pull.number} -->`);
  return { sticky: own.find(isSticky), answers: own.filter((comment) => !isSticky(comment)) };
}

export function reactions({ reactions: all }: Comment): string[] {
  return all.map(({ content }) => content);
}
