/** May this caller do this there, and if not, why and what to do; and the book of what was asked. */
export {
  type AuditBook,
  type AuditEntry,
  type AuditRow,
  type AuditVerdict,
  rowAfter,
  verifyAudit,
} from './audit.ts';
export {
  type Check,
  type DeedFacts,
  decisions,
  objectionsIn,
  UNCONFIRMED,
} from './checks.ts';
export { OWN_CALLERS } from './grants.ts';
export { type Life, lifeOf } from './lives.ts';
export { EVERYTHING, holds, type Place } from './places.ts';
export { createPolicy, type Decision, type Policy } from './policy.ts';
export {
  commitMeant,
  type EnvironmentRule,
  type EnvironmentRules,
  environmentVerdict,
  requiredChecksVerdict,
  staleVerdict,
  TOO_OLD_MS,
} from './pull-request.ts';
export {
  type Caller,
  type GivenGrant,
  type Grant,
  isEnough,
  RIGHTS,
  type Right,
  rightNamed,
} from './rights.ts';
export { createTokens, hasExpired, type KeptToken, type TokenBook, type Tokens } from './tokens.ts';
