/** HTTP for programs: commands in, outcomes out. */
export { type CommandLine, createWeb, listen, type WebParts } from './listen.ts';
