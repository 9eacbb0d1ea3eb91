/** HTTP for programs: commands in, outcomes out. */
export { createWeb, listen, warningFor } from './listen.ts';
