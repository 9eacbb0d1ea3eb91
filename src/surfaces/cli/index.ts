/** The command line: words in, text or JSON out. */
export { runCli } from './listen.ts';
export { startFailure } from './start-failure.ts';
export type { TokenParts } from './token.ts';
