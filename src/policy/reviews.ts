import type { Refusal } from './refusals.ts';

/** What the base branch asks of reviews: GitHub's rule `pull_request`, the strictest of all that hold. */
export interface ReviewRule {
  readonly approvals: number;
  readonly dismissStale: boolean;
  readonly codeOwner: boolean;
  /** Somebody else than who pushed last has to approve what was pushed last. */
  readonly lastPush: boolean;
}

/** A review, the newest of its author that says yes or no. People are the code host's numbers. */
export interface Review {
  readonly by: number;
  readonly login: string;
  readonly state: 'approved' | 'changes-requested' | 'dismissed';
  readonly commit: string;
  /** Only who may write counts. */
  readonly writer: boolean;
}

export interface ReviewFacts {
  readonly environment: string;
  readonly rule: ReviewRule | 'unknown';
  readonly reviews: readonly Review[];
  readonly commit: string;
  readonly author: number;
  readonly lastPusher: number;
  /** For each file that is deployed, who owns it; undefined where nobody does. */
  readonly owners: readonly ((by: number) => boolean)[];
}

/** Whether the reviews that the base branch requires are there. What cannot be read is a no. Pure. */
export function reviewsVerdict(facts: ReviewFacts): Refusal | undefined {
  const { rule, environment } = facts;
  if (rule === 'unknown')
    return no(
      'reviews-unknown',
      'It could not be read which reviews are required.',
      'Try again when GitHub answers.',
    );
  if (!rule.approvals && !rule.codeOwner && !rule.lastPush) return undefined;
  const counted = facts.reviews.filter(({ writer, by }) => writer && by !== facts.author);
  const against = counted.find(({ state }) => state === 'changes-requested');
  if (against)
    return no(
      'reviews-missing',
      `${against.login} has asked for changes.`,
      'Settle it with them, and deploy again.',
    );
  const yes = counted.filter(
    ({ state, commit }) => state === 'approved' && (!rule.dismissStale || commit === facts.commit),
  );
  const missing = missingIn(facts, rule, yes);
  if (!missing) return undefined;
  return no(
    'reviews-missing',
    `${environment} waits for ${missing}, as the base branch does.`,
    'Deploy again when it is there.',
  );
}

function missingIn(
  { commit, lastPusher, owners }: ReviewFacts,
  rule: ReviewRule,
  yes: readonly Review[],
): string | undefined {
  const fresh = rule.dismissStale ? ' of this commit' : '';
  if (yes.length < rule.approvals)
    return rule.approvals === 1
      ? `an approving review${fresh}`
      : `${rule.approvals} approving reviews${fresh} and has ${yes.length}`;
  if (rule.lastPush && !yes.some((review) => review.commit === commit && review.by !== lastPusher))
    return 'an approving review of the last push, by somebody else than who pushed it';
  if (rule.codeOwner && !owners.every((owns) => yes.some(({ by }) => owns(by))))
    return 'an approving review of a code owner';
  return undefined;
}

function no(code: string, message: string, advice: string): Refusal {
  return { allowed: false, code, message, advice };
}
