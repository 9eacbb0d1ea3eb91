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
  type PlaceFacts,
  UNCONFIRMED,
} from './checks.ts';
export { CODEOWNERS_PATHS, ownersOf, readOwners } from './code-owners.ts';
export {
  CONFIRM_WITHIN_MS,
  type ConfirmationBook,
  confirmRefusal,
} from './confirmations.ts';
export { OWN_CALLERS } from './grants.ts';
export { type Life, lifeOf } from './lives.ts';
export {
  type Bar,
  type ChatAccount,
  LINK_LIFE_MS,
  type Link,
  nameOfAccount,
  type PeopleBook,
} from './people.ts';
export { EVERYTHING, holds, type Place } from './places.ts';
export { createPolicy, type Decision, type Policy } from './policy.ts';
export {
  type Admission,
  type Approval,
  type Approver,
  approvalVerdict,
  type Candidate,
  createProposals,
  glassVerdict,
  type Need,
  type Needs,
  needWords,
  type Proposal,
  type ProposalBook,
  type Proposals,
  type Somebody,
  type Standing,
  type Subject,
  standingOf,
} from './proposals.ts';
export {
  commitMeant,
  commitSeen,
  type EnvironmentRule,
  type EnvironmentRules,
  environmentVerdict,
  FORK_NEED,
  requiredChecksVerdict,
  staleVerdict,
  TOO_OLD_MS,
} from './pull-request.ts';
export type { Refusal } from './refusals.ts';
export {
  narrowed,
  REPOSITORY_FILE,
  readRepositoryFile,
  saidOf,
} from './repository-file.ts';
export { type Review, type ReviewRule, reviewsVerdict } from './reviews.ts';
export {
  type Caller,
  type GivenGrant,
  type Grant,
  isEnough,
  personOf,
  RIGHTS,
  type Right,
  rightNamed,
} from './rights.ts';
export {
  type Change,
  type Channel,
  type Filters,
  type Subscription,
  type SubscriptionBook,
  shouldTell,
  TOLD,
  type Told,
} from './subscriptions.ts';
export { createTokens, hasExpired, type KeptToken, type TokenBook, type Tokens } from './tokens.ts';
