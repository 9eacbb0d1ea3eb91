/** HTTP for programs: commands in, outcomes out. */
export { createWeb, listen } from './listen.ts';
