/** One grammar, one file a verb; parser, help and docs come from the same table. */
export { pushCommands } from './deploy.ts';
export type { Ground, Location } from './ground.ts';
export { commandsPage, helpFor, helpText } from './help.ts';
export { parse } from './parse.ts';
export type { Follow, PushCommands, PushedBranch } from './push.ts';
export { runCommand } from './run.ts';
export { VERBS } from './table.ts';
export type { Command, GivenFile } from './verb.ts';
