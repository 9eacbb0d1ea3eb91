/** HTTP for programs: commands in, outcomes out. */
export { closed, createWeb, listen, portOf, warningFor } from './listen.ts';
