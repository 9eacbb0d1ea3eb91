import type { Clock } from '../../clock.ts';
import type { PushCommands } from '../../commands/index.ts';
import type { BranchBook } from '../../store/index.ts';
import type { Remote } from './remote.ts';

export interface WatchedRepository {
  readonly name: string;
  readonly url: string;
  readonly branches?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds. */
  readonly every: number;
  readonly removed: 'delete' | 'keep';
  readonly queue: boolean;
  readonly tokenFile?: string | undefined;
  /** For an ssh address. */
  readonly keyFile?: string | undefined;
  readonly hostKey?: string | undefined;
}

export interface WatchParts {
  /** Where the shallow copies lie. */
  readonly folder: string;
  readonly repositories: readonly WatchedRepository[];
  readonly commands: PushCommands;
  readonly branches: BranchBook;
  readonly clock: Clock;
  /** Hears once of what keeps a branch from being deployed, and when that is over. */
  readonly tell: (fields: Record<string, unknown>, message: string) => void;
  readonly reportInternal: (error: unknown) => string;
}

/** A branch as it was seen last; '' is the repository itself. */
export interface WatchedBranch {
  readonly name: string;
  readonly branch: string;
  readonly state: 'fine' | 'away' | 'broken';
  readonly message: string;
}

/** What every look needs. */
export interface Desk {
  readonly parts: WatchParts;
  readonly closing: AbortSignal;
  /** Deploys that are still told to the audit. */
  readonly following: Set<Promise<unknown>>;
}

/** A repository, and what is known of it from one look to the next. */
export interface Watched {
  readonly repository: WatchedRepository;
  readonly remote: Remote;
  readonly seen: Map<string, WatchedBranch>;
  /** Commits that were refused: not tried again until the branch moves. */
  readonly refused: Map<string, string>;
  failures: number;
  looking: Promise<void> | undefined;
  cancel: () => void;
}
