/** What the bot says: one function an outcome, giving a small document. No other chapter holds sentences for people. */
export type { Block, Outcome } from './document.ts';
export * from './group.ts';
export * from './outcomes.ts';
export { type Drawing, drawLive, drawPlain } from './plain.ts';
export * from './push.ts';
export * from './tokens.ts';
