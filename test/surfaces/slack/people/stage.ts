/** A bot between a pretend GitHub and a pretend Slack: people say things in channels, and sign in with their browsers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../../src/commands/index.ts';
import type { Caller } from '../../../../src/policy/index.ts';
import { type Block, drawPlain, type Outcome } from '../../../../src/replies/index.ts';
import { type Browser, openBrowser, type Page } from '../../../world/browser.ts';
import type { Person } from '../../../world/github/index.ts';
import { GITHUB_CLIENT } from '../../../world/github/oauth.ts';
import {
  type OpenIdWorld,
  SLACK_CLIENT,
  type SlackMember,
  slackCookie,
  startOpenId,
} from '../../../world/slack/openid.ts';
import { openStage, type Stage } from '../../github/stage.ts';

export interface Heard {
  readonly outcome: Outcome;
  readonly text: string;
}

export interface PeopleStage extends Pick<Stage, 'github' | 'clock' | 'shop' | 'ann' | 'bo' | 'eve'> {
  readonly stage: Stage;
  readonly slack: OpenIdWorld;
  /** Who the bot takes somebody for. */
  callerOf(member: SlackMember, about?: About): Promise<Caller>;
  /** A slash command, as the Slack surface hands it on. */
  say(member: SlackMember, line: string, about?: About): Promise<Heard>;
  /** `/kata link`, and the address in the answer. */
  asksForAddress(member: SlackMember): Promise<string>;
  /** A browser that is signed in on one side, on both, or on none. */
  browser(sides: { slack?: SlackMember; github?: Person }): Browser;
  /** The whole way: asks, opens, signs in with both. */
  link(member: SlackMember, person: Person): Promise<Page>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface About {
  readonly channel?: string;
  /** The workspace in which it is said; the member's own without it. */
  readonly team?: string;
  readonly repository?: string;
}

export async function openPeople(
  settings: Record<string, unknown> = {},
  github: Record<string, unknown> = {},
): Promise<PeopleStage> {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-people-'));
  const files = {
    slack: join(folder, 'slack'),
    github: join(folder, 'github'),
    signing: join(folder, 'signing'),
  };
  await writeFile(files.slack, `${SLACK_CLIENT.secret}\n`, { mode: 0o600 });
  await writeFile(files.signing, 's'.repeat(32), { mode: 0o600 });
  await writeFile(files.github, `${GITHUB_CLIENT.secret}\n`, { mode: 0o600 });
  let stage: Stage | undefined;
  const slack = await startOpenId(() => stage?.clock.now() ?? Date.now());
  const opened = await openStage(
    {
      slack: {
        clientId: SLACK_CLIENT.id,
        clientSecretFile: files.slack,
        signingSecretFile: files.signing,
        apiUrl: slack.apiUrl,
      },
      ...settings,
    },
    { clientId: GITHUB_CLIENT.id, clientSecretFile: files.github, ...github },
  );
  stage = opened;
  const listed = () => {
    slack.callbacks.add(`${opened.bot.url}/link/slack`);
    opened.github.oauth.callbacks.add(`${opened.bot.url}/link/github`);
  };
  listed();
  const people: PeopleStage = {
    ...opened,
    stage: opened,
    slack,
    async callerOf(member, { channel = 'C1', team = member.team, repository } = {}) {
      const { whoIsWho } = opened.bot.app;
      if (!whoIsWho) throw new Error('the bot knows nobody');
      return whoIsWho.people.callerOf(member, { team, channel, repository });
    },
    async say(member, line, about = {}) {
      const { channel = 'C1', team = member.team } = about;
      const caller = await people.callerOf(member, about);
      const command = runCommand(
        opened.bot.app.ground,
        { words: [], line, caller, surface: 'slack', channel: { team, channel } },
        AbortSignal.timeout(20_000),
      );
      const blocks: Block[] = [];
      for (;;) {
        const step = await command.next();
        if (!step.done) blocks.push(step.value);
        else {
          const all = [...blocks, ...step.value.blocks];
          return { outcome: step.value, text: all.flatMap((block) => drawPlain(block)).join('\n') };
        }
      }
    },
    async asksForAddress(member) {
      const { text } = await people.say(member, '/kata link');
      return /https?:\S+/.exec(text)?.[0] ?? `no address in: ${text}`;
    },
    browser({ slack: member, github: person }) {
      const browser = openBrowser();
      if (member) browser.signIn(slack.url, 'slack', slackCookie(member));
      if (person) browser.signIn(opened.github.apiUrl, 'github', String(person.id));
      return browser;
    },
    async link(member, person) {
      const browser = people.browser({ slack: member, github: person });
      const offer = await browser.open(await people.asksForAddress(member));
      const consent = await browser.click(offer, 'Sign in with Slack');
      return browser.click(await browser.click(consent, 'Allow'), 'Authorize');
    },
    async restart() {
      await opened.restart();
      listed();
    },
    async stop() {
      await opened.stop();
      await slack.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return people;
}
