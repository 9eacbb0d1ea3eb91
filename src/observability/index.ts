/** Events and errors -> the log. */
export { createLog, type Log, type LogLevel } from './log.ts';
