import type { Caller } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';

/** A branch of a hosted repository at a commit, with every containergroup.yaml found in its tree. */
export interface PushedBranch {
  readonly repository: string;
  readonly branch: string;
  /** `production` for the default branch, otherwise a name made from the branch. */
  readonly environment: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** The commit's first line; text from outside. */
  readonly subject: string;
  /** What the branch pointed at before; absent for a new branch. */
  readonly previousCommit?: string;
  /** Why this push deserves a word: history was rewritten, or the commit is older than what runs. */
  readonly rewind?: { kind: 'force-push' | 'older-commit'; lostCommits: number };
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly caller: Caller;
  /** Whether whoever pushed said that they mean it; absent where nobody is there to be asked. */
  readonly confirmed?: boolean;
  /** Groups wait in line for room and GPUs that others hold now. */
  readonly queue?: boolean;
  /** Groups whose file is gone stay. */
  readonly keepMissing?: boolean;
}

/** A branch that goes, with every group that came from it. */
export type DeletedBranch = Pick<
  PushedBranch,
  'repository' | 'branch' | 'environment' | 'caller' | 'confirmed'
>;

/** What the git surface asks of the commands. Each yields what to say as it happens. */
export interface PushCommands {
  /** Before the ref moves: problems and refusals stop the push; changes nothing. */
  checkPush(push: PushedBranch, signal: AbortSignal): AsyncGenerator<Block, Outcome>;
  /** Before a branch is deleted: whether its groups may go. */
  checkDeletion(branch: DeletedBranch): Promise<Outcome>;
  /** After the ref has moved: writes every wish, and is not to be cut short. What it gives follows the deploy. */
  deployPush(push: PushedBranch): Promise<Follow>;
  /** A branch was deleted: its groups go. What it gives follows them to their final bills. */
  deleteBranch(branch: DeletedBranch): Promise<Follow>;
}

/** Tells what becomes of wishes that are written. Has to be run to its end; aborting the signal ends the telling, never the work. */
export type Follow = (signal: AbortSignal) => AsyncGenerator<Block, Outcome>;
