/** The command line: words in, text or JSON out. */
export { type CliParts, runCli } from './listen.ts';
export type { TokenParts } from './token.ts';
