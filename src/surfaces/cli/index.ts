/** The command line: words in, text or JSON out. */
export { runCli } from './listen.ts';
export type { TokenParts } from './token.ts';
