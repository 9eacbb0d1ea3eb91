/** May this caller do this now, and if not, why and what to do. */
export { type Caller, type Decision, decide, type Right, rightNamed } from './decide.ts';
export { type Life, lifeOf } from './lives.ts';
export { createTokens, type TokenBook, type Tokens } from './tokens.ts';
