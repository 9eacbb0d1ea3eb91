import type { Caller } from '../policy/index.ts';
import type { GivenFile } from './verb.ts';

/** What is to be deployed, and from where. A pushed branch is one; files that come with a command are another. */
export interface Source {
  /** '' for files that come with a command: they belong to the repository that has the group already. */
  readonly repository: string;
  readonly environment: string;
  readonly commit: string;
  readonly files: readonly GivenFile[];
  readonly caller: Caller;
  /**
   * Who gets secrets by it: `everybody` where it was committed to the repository itself, `deployers` for files that came
   * with a command, `nobody` for the commit of a fork.
   */
  readonly secretsFor: 'everybody' | 'deployers' | 'nobody';
  /** A group waits for what others hold now, room for a new one and GPUs for any; refused without it. */
  readonly queue?: boolean;
}

/** Files that came with a command belong to this repository when no group of theirs is there yet; it has no secrets of its own. */
export const NO_REPOSITORY = 'none';
