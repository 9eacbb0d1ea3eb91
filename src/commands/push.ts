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
}

/** What the git surface asks of the commands. Each yields what to say as it happens. */
export interface PushCommands {
  /** Before the ref moves: problems and refusals stop the push; changes nothing. */
  checkPush(push: PushedBranch, signal: AbortSignal): AsyncGenerator<Block, Outcome>;
  /**
   * After the ref has moved: writes every wish, and yields the first block as soon as that is done; then follows the
   * deploy to its end. Aborting the signal ends the following, never the deploy.
   */
  deployPush(push: PushedBranch, signal: AbortSignal): AsyncGenerator<Block, Outcome>;
  /** A branch was deleted: its groups go, and the bill is told. Follows to the end like deployPush. */
  deleteBranch(
    branch: { repository: string; branch: string; environment: string; caller: Caller },
    signal: AbortSignal,
  ): AsyncGenerator<Block, Outcome>;
}
