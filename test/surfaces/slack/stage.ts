/** A bot and a pretend Slack, connected over loopback HTTP, with an engine in memory; with a pretend GitHub where one is wanted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppInTest, commitFiles, startApp } from '../../world/bot.ts';
import { createLeapingClock, type LeapingClock } from '../../world/clock.ts';
import { createMemoryEngine, type MemoryEngine } from '../../world/memory-engine.ts';
import {
  type Channel,
  type Message,
  type Person,
  type SlackWorld,
  startSlack,
} from '../../world/slack/index.ts';

export interface Stage {
  readonly slack: SlackWorld;
  readonly engine: MemoryEngine;
  readonly clock: LeapingClock;
  readonly bot: AppInTest;
  readonly folder: string;
  readonly ops: Channel;
  /** ann may operate, eve is a member without rights. */
  readonly ann: Person;
  readonly eve: Person;
  /** Puts a group into the hosted repository `shop` by a push. */
  push(files: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until the bot rests, as time goes by. */
  settle(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** The bot's own messages in a channel, outside of threads. */
  roots(channel?: Channel): Message[];
  replies(to: Message): Message[];
}

export interface StageOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly app?: Readonly<Record<string, unknown>>;
  /** Instead of requests over HTTP. */
  readonly socket?: boolean;
  readonly dockerHost?: string;
  /** Whether other workspaces can install the app. */
  readonly workspaces?: boolean;
}

export async function openStage({
  settings = {},
  app = {},
  socket = false,
  dockerHost,
  workspaces = false,
}: StageOptions = {}): Promise<Stage> {
  const clock = createLeapingClock();
  const slack = await startSlack({ clock });
  const folder = await mkdtemp(join(tmpdir(), 'katabot-slack-'));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), `${text}\n`, { mode: 0o600 });
    return join(folder, name);
  };
  const team = slack.team('T0ACME');
  const keys = {
    botTokenFile: await file('bot-token', team.token),
    ...(workspaces
      ? { clientId: slack.client.id, clientSecretFile: await file('client-secret', slack.client.secret) }
      : {}),
    ...(socket
      ? { appTokenFile: await file('app-token', slack.appToken) }
      : { signingSecretFile: await file('signing', slack.signingSecret) }),
  };
  const engine = createMemoryEngine(clock, ['web:1', 'web:2']);
  const open = () =>
    startApp({
      dataFolder: folder,
      settings: {
        slack: { ...keys, apiUrl: slack.apiUrl, ...app },
        callers: { 'slack:T0ACME/UANN': 'operator' },
        environments: { staging: {} },
        repositories: ['shop'],
        ...settings,
      },
      parts: { clock, ...(dockerHost === undefined ? { engine: () => engine } : { dockerHost }) },
    });
  let bot = await open();
  slack.botUrl = bot.url;
  const stage: Stage = {
    slack,
    engine,
    clock,
    folder,
    get bot() {
      return bot;
    },
    ops: slack.channel('C0OPS'),
    ann: slack.person('ann'),
    eve: slack.person('eve'),
    async push(files) {
      await commitFiles(join(folder, 'work'), files);
      const { code, text } = await bot.push(join(folder, 'work'));
      if (code !== 0) throw new Error(text);
    },
    async settle() {
      await bot.app.slack?.idle();
      clock.leap(3_100); // edits keep their distance
      await bot.app.slack?.idle();
      clock.leap(1_100);
    },
    async restart() {
      await bot.stop();
      bot = await open();
      slack.botUrl = bot.url;
    },
    async stop() {
      await bot.stop();
      await slack.close();
      await rm(folder, { recursive: true, force: true });
    },
    roots: (channel = stage.ops) =>
      channel.messages.filter(({ user, thread }) => user === team.botUser && !thread),
    replies: (to) =>
      (slack.state.channels.get(to.channel)?.messages ?? []).filter(
        ({ thread, user }) => thread === to.ts && user === team.botUser,
      ),
  };
  await stage.settle();
  return stage;
}

/** All that stands in a message, as one text. */
export function shown({ text, blocks }: Pick<Message, 'text' | 'blocks'>): string {
  return `${text}\n${JSON.stringify(blocks)}`;
}
