import type { PushedBranch } from './push.ts';

/** Where a group's files come from again: hosted and watched repositories. */
export interface Sources {
  /** The branch behind an environment of a repository, at its newest commit or at the one given; undefined when there is none. */
  branch(
    repository: string,
    environment: string,
    commit?: string,
  ): Promise<Omit<PushedBranch, 'caller'> | undefined>;
}
