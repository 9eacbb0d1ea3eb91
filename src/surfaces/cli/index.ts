/** The command line: words in, text or JSON out. */
export { Interruption } from './exit-codes.ts';
export { runCli } from './listen.ts';
export { findBot } from './logins.ts';
export { startFailure } from './start-failure.ts';
export { keyboardOn, screenOn } from './terminal.ts';
export type { TokenParts } from './token.ts';
