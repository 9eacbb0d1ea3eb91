/** Keeps the books that the other chapters declare. */
import type { Ledger } from '../metering/index.ts';
import type { LabelBook, SlotBook } from '../network/index.ts';
import type { AuditBook, TokenBook } from '../policy/index.ts';
import type { DesiredState, EventBook, RunBook } from '../reconciler/index.ts';
import type { Outcome } from '../replies/index.ts';

export interface Store {
  readonly desired: DesiredState;
  readonly runs: RunBook;
  readonly events: EventBook;
  readonly ledger: Ledger;
  readonly labels: LabelBook;
  readonly slots: SlotBook;
  readonly tokens: TokenBook;
  readonly branches: BranchBook;
  readonly keys: KeyBook;
  readonly audit: AuditBook;
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
