/** Events and errors -> the log. */

export { freeSpaceAt } from './disk.ts';
export { createLog, type Log } from './log.ts';
