/** Reads git repositories: branches, commits, and the container groups in them. Fixed words, never a shell. */
export { type Mapped, type MappedBranch, mapped } from './branches.ts';
export { environmentOf } from './environments.ts';
export { GIT_PATH, type Quarantine } from './git.ts';
export {
  createRepository,
  exists,
  isNothing,
  openRepository,
  REPOSITORY_NAME,
  type Repository,
  repositoriesIn,
} from './repository.ts';
export { checkSizes, specsAmong } from './spec-files.ts';
