/** Keeps the books that the other chapters declare. */
import type { InboxBook, OutboxBook } from '../mail/index.ts';
import type { Ledger } from '../metering/index.ts';
import type {
  AccountBook,
  AddressBook,
  CertificateBook,
  LabelBook,
  NameBook,
  PlaceBook,
  SlotBook,
} from '../network/index.ts';
import type {
  AuditBook,
  ConfirmationBook,
  PeopleBook,
  Proposals,
  SubscriptionBook,
  TokenBook,
} from '../policy/index.ts';
import type { DesiredState, DrainBook, EventBook, GpuBook, ImageBook, RunBook } from '../reconciler/index.ts';
import type { Outcome } from '../replies/index.ts';
import type { SecretBook } from '../secrets/index.ts';
import type { ShippingBook } from '../shipping/index.ts';
import type { SlackBook } from './slack.ts';
import type { Waits } from './waits.ts';

export type * from './slack.ts';
export type { Waits } from './waits.ts';

export interface Store {
  readonly desired: DesiredState;
  readonly runs: RunBook;
  readonly events: EventBook;
  readonly ledger: Ledger;
  readonly labels: LabelBook;
  readonly slots: SlotBook;
  readonly gpus: GpuBook;
  readonly addresses: AddressBook;
  readonly places: PlaceBook;
  readonly drains: DrainBook;
  readonly certificates: CertificateBook;
  readonly accounts: AccountBook;
  readonly toldNames: NameBook;
  readonly tokens: TokenBook;
  readonly branches: BranchBook;
  readonly keys: KeyBook;
  readonly audit: AuditBook;
  readonly inbox: InboxBook;
  readonly outbox: OutboxBook;
  readonly pulls: PullBook;
  readonly secrets: SecretBook;
  readonly proposals: Proposals;
  readonly confirmations: ConfirmationBook;
  readonly people: PeopleBook;
  readonly subscriptions: SubscriptionBook;
  readonly images: ImageBook;
  readonly shipped: ShippingBook;
  readonly slack: SlackBook;
  close(): Promise<void>;
}

/** Which commit of a branch was last handed to the deploy. */
export interface BranchBook {
  commit(repository: string, branch: string): Promise<string | undefined>;
  /** Every branch of a repository that was handed over. */
  all(repository: string): Promise<Map<string, string>>;
  /** null: the branch is gone. */
  record(repository: string, branch: string, commit: string | null): Promise<void>;
}

/** What a key was used for; kept over a restart of the bot. The body itself is not kept, only its hash. */
export interface KeyBook {
  find(caller: string, key: string): Promise<UsedKey | undefined>;
  use(caller: string, key: string, used: Omit<UsedKey, 'outcome'>): Promise<void>;
  end(caller: string, key: string, outcome: Outcome): Promise<void>;
  forget(beforeMs: number): Promise<void>;
}

export interface UsedKey {
  readonly bodyHash: string;
  readonly operation: string;
  readonly atMs: number;
  readonly outcome: Outcome | undefined;
}

/** What is known of pull requests that a code host has told of. */
export interface PullBook {
  get(repository: string, number: number): Promise<Pull | undefined>;
  /** Those that are open, and those that are closed and not yet taken down. */
  unfinished(): Promise<Pull[]>;
  put(pull: Pull): Promise<void>;
  /** Notes since when a commit is the head; nothing is noted of one that was the newest anyway. */
  recordHead(repository: string, number: number, head: Head): Promise<void>;
  /** Every head that was seen, oldest first. */
  heads(repository: string, number: number): Promise<Head[]>;
  /** Keeps what somebody asked; gives false for what is kept already. */
  ask(ask: Ask): Promise<boolean>;
  /** Asked, and not answered yet, oldest first. */
  unanswered(): Promise<Ask[]>;
  answered(id: string): Promise<void>;
  /** Keeps what has changed of something that is not answered yet. */
  keep(ask: Ask): Promise<void>;
  /** Forgets what was answered before then, and heads that are older; the newest head of each stays. */
  forget(beforeMs: number): Promise<void>;
}

export interface Pull {
  /** Of the app, in whose name the code host is spoken to. */
  readonly installation: number;
  readonly repository: string;
  readonly number: number;
  readonly state: 'open' | 'closed';
  readonly head: string;
  readonly title: string;
  readonly author: string;
  readonly fork: boolean;
  /** By the code host's number. */
  readonly authorId: number;
  /** The branch that it would be merged to, and its own. */
  readonly base: string;
  readonly branch: string;
  /** Closed, and nothing of it is left to be done. */
  readonly finished: boolean;
  /** The plan that was told last. */
  readonly plan: PullPlan;
  /** Where it was deployed to, by environment. */
  readonly places: Readonly<Record<string, PullPlace>>;
}

export interface PullPlan {
  /** '' when nothing was planned yet. */
  readonly commit: string;
  /** How often plans were asked for anew; each has a check of its own. */
  readonly again: number;
  readonly verdict: 'ready' | 'invalid' | 'refused' | 'failed' | 'none';
  readonly errors: number;
  /** As it is shown there. */
  readonly text: string;
  /** Whether the commit is a fork's, and whether it can be approved. */
  readonly fork?: 'no' | 'planned' | 'to-approve';
  /** What the repository wants to be told, as its rules said then. */
  readonly comments?: 'sticky' | 'outcomes' | 'none';
}

/** An environment that a pull request was deployed to, and how that went last. */
export interface PullPlace {
  /** Keys of the groups that came up there. */
  readonly groups: readonly string[];
  readonly commit: string;
  readonly by: string;
  readonly atMs: number;
  readonly state: 'deploying' | 'deployed' | 'failed' | 'removing' | 'removed';
  /** What failed, such as `image-not-found`; '' otherwise. */
  readonly code: string;
  /** What the newest deploy is called at the code host. */
  readonly deployment: string;
  readonly deploys: number;
  readonly failed: number;
  /** Who or what removed it, such as `merge`. */
  readonly removedBy: string;
}

export interface Head {
  readonly commit: string;
  readonly atMs: number;
  /** The number of who pushed it, as the code host counts people; 0 when that is not known. */
  readonly by: number;
}

/** What somebody wants of the bot, kept until it is answered. */
export interface Ask {
  /** Such as `comment:123`; the same words under the same id are asked once. */
  readonly id: string;
  readonly installation: number;
  readonly repository: string;
  readonly number: number;
  /** The comment that holds them; 0 for a button. */
  readonly comment: number;
  readonly actor: { readonly id: number; readonly login: string };
  readonly lines: readonly string[];
  /** The commit that a button stands for; '' for a comment. */
  readonly commit: string;
  /** When the person pressed send, by the code host's clock. */
  readonly saidAtMs: number;
  readonly receivedAtMs: number;
  /** A push asks without a word: where to, and what was there before. The number and the lines are 0 and none then. */
  /** What it waits for; lines that were done before are gone from `lines`. */
  readonly waits?: Waits;
  readonly push?: { readonly branch: string; readonly environment: string; readonly previousCommit: string };
}
