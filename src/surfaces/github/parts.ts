import type { Clock } from '../../clock.ts';
import type { GroupView, Held, Wanted as HoldWanted, PushCommands, Said } from '../../commands/index.ts';
import type { Inbox, InboxBook, Outbox, OutboxBook } from '../../mail/index.ts';
import type { Ledger } from '../../metering/index.ts';
import type { GivenGrant, Proposal, Proposals } from '../../policy/index.ts';
import type { Feed, Queue } from '../../reconciler/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import type { BranchBook, PullBook } from '../../store/index.ts';
import type { Clients, Credentials } from './clients.ts';
import type { PullName } from './names.ts';
import type { Trees } from './tree.ts';

/** A role that GitHub gives, also a custom one's base. */
export type Role = 'read' | 'triage' | 'write' | 'maintain' | 'admin';

export interface GithubSettings {
  /** `https://api.github.com`, or `https://ghe.example.com/api/v3`. */
  readonly apiUrl: string;
  /** What each role may do, and where. */
  readonly roles: Readonly<Record<Role, readonly GivenGrant[]>>;
  readonly forks: 'plan' | 'deploy';
  /** Branch, or pattern with `*`, to environment; '' for one that is named after the branch. */
  readonly branches?: Readonly<Record<string, string>> | undefined;
  /** How often everything is looked at, milliseconds. */
  readonly lookEveryMs: number;
  /** Environments that the settings name. */
  readonly environments: readonly string[];
}

/** What the surface stands on. */
export interface GithubParts {
  readonly credentials: Credentials;
  readonly settings: GithubSettings;
  readonly inbox: InboxBook;
  readonly outbox: OutboxBook;
  readonly pulls: PullBook;
  readonly branches: BranchBook;
  readonly ledger: Ledger;
  readonly feed: Feed;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly run: (said: Said, signal: AbortSignal) => AsyncGenerator<Block, Outcome>;
  readonly commands: PushCommands;
  /** The groups of a repository, as people look at them. */
  readonly views: (repository: string, signal: AbortSignal) => Promise<GroupView[]>;
  readonly proposals: Proposals;
  /** By the settings; the file of a repository can only add to them. */
  readonly isProtected: (environment: string) => boolean;
  readonly holdBack: (wanted: HoldWanted) => Promise<Held>;
  readonly propose: (wanted: Omit<HoldWanted, 'proposal'>) => Promise<Proposal>;
  readonly warn: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => string;
}

/** What every part of the surface works with. */
export interface Desk {
  readonly parts: GithubParts;
  readonly clients: Clients;
  readonly trees: Trees;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  /** Pull requests to be looked at through the API, and those whose comment is to be written anew. */
  readonly looks: Queue<PullName>;
  readonly paints: Queue<PullName>;
  /** Repositories whose branches are to be looked at. */
  readonly pushes: Queue<`${string}/${string}`>;
  /** What is being answered, by the id of the ask. */
  readonly answering: Map<string, Promise<void>>;
  /** How often an ask was tried while GitHub did not answer. */
  readonly attempts: Map<string, number>;
  /** Asks that wait until GitHub answers again; each can be given up. */
  readonly retries: Map<string, () => void>;
  /** What a deploy has told so far, by pull request and environment; of passing interest only. */
  readonly steps: Map<string, Block[]>;
  /** Which pull requests were deployed to an environment. */
  readonly places: Map<string, Set<PullName>>;
  /** When a delivery that is being worked on was received. */
  readonly received: Map<string, number>;
  /** Deliveries that were asked for again. */
  readonly redelivered: Set<string>;
  /** Changes of what is known of a pull request wait for one another. */
  readonly changing: Map<PullName, Promise<void>>;
  /** In which installation a repository is. */
  readonly installations: Map<string, number>;
  /** What is looked at by the clock just now. */
  readonly sweeping: Set<Promise<unknown>>;
  readonly closing: AbortSignal;
  /** The app's own name in mentions, such as `katabot`: what GitHub calls its slug. */
  mention: string;
}

export function accountOf(installation: number): string {
  return `github:${installation}`;
}
