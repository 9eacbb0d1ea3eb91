import type { Clock } from '../../clock.ts';
import type { GroupView, Places, Said, UsageHistory } from '../../commands/index.ts';
import type { GroupKey } from '../../event.ts';
import type { Inbox, InboxBook, Outbox, OutboxBook } from '../../mail/index.ts';
import type { Ledger, Money } from '../../metering/index.ts';
import type { Caller, Channel, Filters, Proposals, Told } from '../../policy/index.ts';
import type { Feed, Queue } from '../../reconciler/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import type { Secret } from '../../secrets/index.ts';
import type { SlackBook, SlackUser } from '../../store/index.ts';
import type { PullRequests } from '../pull-requests.ts';
import type { Clients } from './clients.ts';
import type { Turns } from './turns.ts';

export interface SlackSettings {
  /** `https://slack.com/api/`, with the slash. */
  readonly apiUrl: string;
  /** Where people's browsers and Slack find the bot; '' when nothing does, as with socket mode alone. */
  readonly publicUrl: string;
  /** By which Slack signs; the newest first while one is replaced by another. */
  readonly signingSecrets: readonly Secret[];
  /** For one workspace, without an installation. */
  readonly botToken: Secret | undefined;
  /** For several workspaces: each installs the app by itself. */
  readonly client: { readonly id: string; readonly secret: Secret } | undefined;
  /** With it the bot calls Slack, and needs no address of its own. */
  readonly appToken: Secret | undefined;
  /** Short names of repositories, such as `shop` for `acme/shop`. */
  readonly repositories: Readonly<Record<string, string>>;
  /** Channels that are told of what others deploy. */
  readonly channels: readonly ChannelSubscription[];
  /** Environments that the settings name. */
  readonly environments: readonly string[];
}

/** A channel that wants to know of a repository; without an environment, of all of them. */
export interface ChannelSubscription {
  readonly team?: string | undefined;
  readonly channel: string;
  readonly repository: string;
  readonly environment?: string | undefined;
}

/** Where somebody speaks, and of what. */
export interface Spoken {
  /** The workspace and the channel. */
  readonly team: string;
  readonly channel: string;
  /** The repository that the command is about, when that is known. */
  readonly repository?: string | undefined;
}

/** Who is who. Only asked of people of the workspace itself: guests, bots and strangers of shared channels never get here. */
export interface People {
  /** Who speaks, with the rights that this person has there. */
  callerOf(user: SlackUser, spoken: Spoken): Promise<Caller>;
  /** Who this is on GitHub; undefined without a link. */
  githubOf(user: SlackUser): Promise<{ readonly id: number; readonly login: string } | undefined>;
  /** The user of a workspace who is this person, such as `github:4711`; undefined without a link. */
  userOf(team: string, person: string): Promise<string | undefined>;
}

/** Which channels want to know of a repository. */
export interface Subscriptions {
  about(repository: string): Promise<readonly Hearing[]>;
  /** What a channel hears of it may read without any other right. */
  of(channel: Channel): Promise<readonly Hearing[]>;
}

/** A channel that hears of a repository; without a team it is of the only workspace. */
export interface Hearing extends Filters {
  readonly team?: string | undefined;
  readonly channel: string;
  readonly repository: string;
}

/** What the surface stands on. */
export interface SlackParts {
  readonly settings: SlackSettings;
  readonly inbox: InboxBook;
  readonly outbox: OutboxBook;
  readonly slack: SlackBook;
  readonly people: People;
  readonly subscriptions: Subscriptions;
  /** The GitHub surface, when there is one. */
  readonly pullRequests: PullRequests | undefined;
  readonly proposals: Proposals;
  readonly ledger: Ledger;
  readonly feed: Feed;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly run: (said: Said, signal: AbortSignal) => AsyncGenerator<Block, Outcome>;
  /** The groups of a repository, as people look at them. */
  readonly views: (repository: string, signal: AbortSignal) => Promise<GroupView[]>;
  /** The groups that these callers have brought up, wherever they are. */
  readonly viewsBy: (callers: readonly string[], signal: AbortSignal) => Promise<GroupView[]>;
  readonly places: Places;
  readonly usage: UsageHistory;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => string;
}

/** Who somebody is to a workspace. Only members have rights. */
export type Standing = 'member' | 'guest' | 'bot' | 'stranger' | 'deactivated';

export interface Members {
  /** As Slack says now, or did a minute ago. */
  standing(team: string, user: SlackUser): Promise<Standing>;
}

/** A group, and what has happened to it. */
export type Notice = `${Told} ${GroupKey}`;

/** What every part of the surface works with. */
export interface Desk {
  readonly parts: SlackParts;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly clients: Clients;
  readonly members: Members;
  /** Groups of which channels may want to know. */
  readonly notices: Queue<Notice>;
  /** How a repository was in an environment, as channels were told last; of passing interest only. */
  readonly seen: Map<
    string,
    { readonly ended: 'deployed' | 'failed' | undefined; readonly perHour: Money | undefined }
  >;
  /** Keys of rooms whose message is to be written anew. */
  readonly paints: Queue<string>;
  /** Names of proposals of which channels and messages may have to be told. */
  readonly approvals: Queue<string>;
  /** What is being answered, by the id of the ask. */
  readonly answering: Map<string, Promise<void>>;
  readonly turns: Turns;
  readonly attempts: Map<string, number>;
  /** Asks that wait until Slack answers again, or for a time; each can be given up. */
  readonly retries: Map<string, () => void>;
  /** What a deploy has told so far, by the key of its room; of passing interest only. */
  readonly steps: Map<string, Block[]>;
  /** Changes of a room wait for one another. */
  readonly changing: Map<string, Promise<void>>;
  /** What begins to be asked again just now. */
  readonly sweeping: Set<Promise<unknown>>;
  readonly closing: AbortSignal;
}

export function accountOf(team: string): string {
  return `slack:${team}`;
}
