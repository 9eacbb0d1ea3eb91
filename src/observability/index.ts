/** Events and errors -> the log. */
export { createLog, type Log } from './log.ts';
