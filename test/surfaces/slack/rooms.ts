/** One bot in a pretend Slack and in a pretend GitHub, with people who have linked their accounts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import type { Pull } from '../../world/github/index.ts';
import {
  type Channel,
  type Message,
  type Person,
  type SlackWorld,
  startSlack,
} from '../../world/slack/index.ts';
import { type Stage as Github, groupFile, openStage as openGithub } from '../github/stage.ts';

export interface Rooms {
  readonly stage: Github;
  readonly slack: SlackWorld;
  /** Told of everything in acme/shop. */
  readonly ops: Channel;
  /** ann and bo are linked to their accounts on GitHub; eve is not. */
  readonly ann: Person;
  readonly bo: Person;
  readonly eve: Person;
  /** Waits until nobody has anything to say, on either side. */
  settle(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** A pull request of ann's with one group in it, on a branch of that name. */
  open(name: string): Promise<{ readonly pull: Pull; readonly commit: string }>;
  /** The bot's own messages in a channel, outside of threads. */
  roots(channel?: Channel): Message[];
  replies(to: Message): Message[];
  /** What was shown to one person alone since this was asked last. */
  whispers(): { readonly user: string; readonly text: string; readonly blocks: Message['blocks'] }[];
}

export async function openRooms(settings: Record<string, unknown> = {}): Promise<Rooms> {
  let stage: Github | undefined;
  const slack = await startSlack({ clock: { ...systemClock, now: () => stage?.clock.now() ?? Date.now() } });
  const folder = await mkdtemp(join(tmpdir(), 'katabot-rooms-'));
  await writeFile(join(folder, 'signing'), slack.signingSecret);
  await writeFile(join(folder, 'token'), slack.team('T0ACME').token);
  const keys = { signingSecretFile: join(folder, 'signing'), botTokenFile: join(folder, 'token') };
  const channels = [{ channel: 'C0OPS', repository: 'acme/shop' }];
  const opened = await openGithub({ slack: { ...keys, apiUrl: slack.apiUrl, channels }, ...settings });
  stage = opened;
  slack.botUrl = opened.bot.url;
  const nowMs = opened.clock.now();
  for (const [user, { id: github, login }] of [
    ['UANN', opened.ann],
    ['UBO', opened.bo],
  ] as const)
    await opened.bot.app.store.people.link({
      home: 'T0ACME',
      user,
      github,
      login,
      linkedAtMs: nowMs,
      checkedAtMs: nowMs,
      expiresAtMs: nowMs + 86_400_000,
    });
  const rooms: Rooms = {
    stage: opened,
    slack,
    ops: slack.channel('C0OPS'),
    ann: slack.person('ann'),
    bo: slack.person('bo'),
    eve: slack.person('eve'),
    async settle() {
      for (let round = 0; round < 2; round++) {
        await opened.settle();
        await opened.bot.app.slack?.idle();
        opened.clock.leap(3_100); // edits keep their distance
      }
      await opened.bot.app.slack?.idle();
    },
    async restart() {
      await opened.restart();
      slack.botUrl = opened.bot.url;
    },
    async stop() {
      await opened.stop();
      await slack.close();
      await rm(folder, { recursive: true, force: true });
    },
    async open(name) {
      const { github, shop, ann, clock } = opened;
      const commit = github.push(ann, shop, name, { 'containergroup.yaml': groupFile(name) });
      const pull = github.openPull(ann, shop, { branch: name, title: `Ship ${name}` });
      await rooms.settle();
      clock.leap(120_000); // it was pushed a while ago
      return { pull, commit };
    },
    roots: (channel = rooms.ops) =>
      channel.messages.filter(({ user, thread }) => user === 'U0ACMEBOT' && !thread),
    replies: (to) =>
      (slack.state.channels.get(to.channel)?.messages ?? []).filter(
        ({ thread, user }) => thread === to.ts && user === 'U0ACMEBOT',
      ),
    whispers: () => slack.state.ephemerals.splice(0),
  };
  await rooms.settle();
  return rooms;
}
