/** One grammar, one file a verb; parser, help and docs come from the same table. */

export { commandSchema } from './command-schema.ts';
export { commandText } from './command-text.ts';
export { completionScript } from './completion.ts';
export { pushCommands } from './deploy-push.ts';
export { createFigures, type Figures } from './figures.ts';
export { glanceAt, glanceBy } from './glance.ts';
export type { CodeHost, Ground, Host, Location } from './ground.ts';
export { commandsPage, helpFor, helpText, helpTopics } from './help.ts';
export { type Held, holdBack, propose, specHash, used, type Wanted, withdraw } from './hold.ts';
export { createOperations, type Operation, type Operations, type Piece } from './operations.ts';
export { parse, parseLine } from './parse.ts';
export { createPlaces, type Places } from './places.ts';
export type { Follow, PushCommands, PushedBranch } from './push.ts';
export { endOf, type RecordGround, record, typedText } from './record.ts';
export { repaired } from './repair.ts';
export { findRoom } from './room.ts';
export { runCommand } from './run.ts';
export { saidText } from './said-text.ts';
export { secretIn } from './secret-words.ts';
export { type AskedSession, createSessions, type Sessions } from './sessions.ts';
export type { Sources } from './sources.ts';
export { VERBS } from './table.ts';
export { type Ended, toEnd } from './to-end.ts';
export { createUsageHistory, type UsageHistory, type UsageSample } from './usage-history.ts';
export type { Command, GivenFile, Here, Said, Surface, Tree, Verb } from './verb.ts';
export type { GroupView } from './view.ts';
export { inQuotes, saidIn, type Word } from './words.ts';
