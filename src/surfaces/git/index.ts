/** `git push` in, a deploy out. */
export { createGitSurface } from './listen.ts';
