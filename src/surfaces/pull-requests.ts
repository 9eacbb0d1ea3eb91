// What one room asks of another, which it never imports: the code host's surface answers, a chat's asks.

import type { Tree } from '../commands/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import type { Ask } from '../store/index.ts';

/** Something that is asked of a pull request in another place, by somebody who was proved to be this person on GitHub. */
export interface AskedElsewhere
  extends Pick<Ask, 'id' | 'repository' | 'number' | 'actor' | 'saidAtMs' | 'receivedAtMs' | 'waits'> {
  readonly line: string;
  /** Hears of each deploy before it begins. */
  readonly onDeploy: (begun: {
    readonly environment: string;
    readonly commit: string;
    readonly title: string;
  }) => Promise<void>;
  readonly onBlock: (block: Block) => void;
}

/** Something that is asked of a branch in another place. */
export type AskedOfBranch = Omit<AskedElsewhere, 'number'> & { readonly branch: string };

/** Pull requests, for other surfaces: what is asked there is done as if it stood in a comment, and shows in the pull request. */
export interface PullRequests {
  /** Those that are open, the newest first. */
  open(repository: string): Promise<readonly { readonly number: number; readonly title: string }[]>;
  /**
   * Undefined for a pull request that the bot does not know. Whoever asks keeps it, and asks again after a crash; an outcome
   * `waiting` is told in the pull request, and asked again with `waits` when that is over.
   */
  ask(asked: AskedElsewhere): Promise<AnsweredElsewhere | undefined>;
  /** Whether a repository is one of GitHub's. */
  knows(repository: string): boolean;
  /** A branch, deployed where a push of it goes. Undefined for a repository that GitHub does not have. */
  askOfBranch(asked: AskedOfBranch): Promise<AnsweredElsewhere | undefined>;
  /** What a pull request or a branch would deploy now; undefined where GitHub has neither. */
  tree(
    repository: string,
    ref: { readonly pull: number } | { readonly branch: string },
  ): Promise<Tree | undefined>;
}

export interface AnsweredElsewhere {
  readonly blocks: readonly Block[];
  readonly outcome: Outcome;
}
