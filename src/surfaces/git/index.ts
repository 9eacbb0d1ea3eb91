/** `git push` in, a deploy out. */
export { createGitSurface, type GitParts, type GitSurface } from './listen.ts';
export { hostedSources } from './source.ts';
