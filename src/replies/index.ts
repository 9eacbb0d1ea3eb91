/** What the bot says: one function an outcome, giving a small document. No other chapter holds sentences for people. */
export type { Block, Mark, Outcome } from './document.ts';
export * from './group.ts';
export * from './outcomes.ts';
export { type Drawing, drawPlain, plainText } from './plain.ts';
export * from './push.ts';
export * from './tokens.ts';
