import type { Decision } from './policy.ts';
import type { Approver, Need } from './proposals.ts';
import type { Refusal } from './refusals.ts';

/** What is known of a pull request and of who wants to deploy it. People are the code host's numbers, never their names. */
interface PullFacts {
  readonly state: 'open' | 'closed';
  /** Whether its commits come from another repository; a doubt is a yes. */
  readonly fork: boolean;
  /** What the settings let forks do: be planned, or be deployed once somebody has approved the commit. */
  readonly forks: 'plan' | 'deploy';
  readonly actor: number;
  /** The head now, 40 hex digits. */
  readonly head: string;
  /** Every head since when, oldest first. */
  readonly heads: readonly { readonly commit: string; readonly atMs: number; readonly by: number }[];
  /** When the person pressed send. */
  readonly saidAtMs: number;
  /** The commit that the person named, or that the button stood for; '' for none. */
  readonly named: string;
}

/** What somebody wanted this long ago, they may not want any more. */
export const TOO_OLD_MS = 15 * 60_000;
/** A push this shortly before the comment may not have been on the screen of who wrote it. */
const UNSEEN_MS = 30_000;

/**
 * Which commit a person means who says "deploy" in a pull request: the one that they could see when they pressed send, and
 * only while it is still the head. Whoever names a commit means that one. Pure.
 */
export function commitMeant(facts: PullFacts): { readonly allowed: true; readonly commit: string } | Refusal {
  return barredBy(facts) ?? commitSeen(facts);
}

/** The commit that a person could see when they pressed send, and only while it is still the head. Pure. */
export function commitSeen(
  facts: Pick<PullFacts, 'named' | 'heads' | 'head' | 'saidAtMs' | 'actor'>,
): { readonly allowed: true; readonly commit: string } | Refusal {
  if (facts.named) return { allowed: true, commit: facts.named };
  // Times are whole seconds: what came in the same one may have come after.
  const seen = facts.heads.findLast(({ atMs }) => atMs < facts.saidAtMs);
  const again = `\`/deploy @${facts.head.slice(0, 7)}\``;
  if (!seen) {
    return refusal(
      'head-unknown',
      `It is not known which commit was the newest when you wrote this; now it is ${facts.head.slice(0, 7)}.`,
      `If you mean that one: ${again}`,
    );
  }
  if (seen.commit !== facts.head) {
    return refusal(
      'head-moved',
      `When you wrote this, ${seen.commit.slice(0, 7)} was the newest commit; since then ${facts.head.slice(0, 7)} was pushed. Nothing was done.`,
      `Look at what has changed. If you mean the new one: ${again}`,
    );
  }
  if (facts.saidAtMs - seen.atMs < UNSEEN_MS && seen.by !== facts.actor) {
    return refusal(
      'head-fresh',
      `${seen.commit.slice(0, 7)} was pushed ${Math.round((facts.saidAtMs - seen.atMs) / 1000)} s before you wrote this; perhaps you have not seen it.`,
      `If you mean that one: ${again}`,
    );
  }
  return { allowed: true, commit: seen.commit };
}

function barredBy({ state, fork, forks }: PullFacts): Refusal | undefined {
  if (state === 'closed') {
    return refusal(
      'pull-closed',
      'The pull request is closed: nothing is deployed from it any more.',
      'Open it again, or push to the branch that the environment follows.',
    );
  }
  if (!fork || forks === 'deploy') return undefined;
  return refusal(
    'fork',
    'The commits come from a fork: they are planned, and never deployed.',
    'Push the branch to this repository, or let the settings say `github.forks: deploy`.',
  );
}

/** What a commit of a fork waits for: somebody who may deploy there, has looked at it, and has no hand in it. */
export const FORK_NEED: Need = { why: 'fork', from: [], right: 'deployer' };

/** What a code host asks of a deployment to an environment: GitHub's environments. */
export type EnvironmentRules =
  /** There is no such environment there, so nothing is asked. */
  | 'none'
  /** It could not be read. */
  | 'unknown'
  | readonly EnvironmentRule[];

export type EnvironmentRule =
  | { readonly kind: 'reviewers'; readonly reviewers: readonly Approver[] }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'protected-branches' }
  | { readonly kind: 'branches'; readonly patterns: readonly string[] }
  /** An app's own rule, or one that came after this was written. */
  | { readonly kind: 'other'; readonly name: string };

/** What the rules of an environment say: no, or what has to be waited for. */
export type EnvironmentVerdict =
  | Refusal
  | {
      readonly allowed: true;
      readonly rule: string;
      readonly approvals: readonly Need[];
      readonly waitMs: number;
    };

/**
 * Whether the environment's own rules let a deployment through, and when. What cannot be read or is not known is a no: rules
 * that only hold in the code host's own jobs would be none. Pure.
 */
export function environmentVerdict(
  rules: EnvironmentRules,
  facts: { readonly environment: string; readonly branch: string; readonly branchIsProtected: boolean },
): EnvironmentVerdict {
  if (rules === 'unknown') {
    return refusal(
      'environment-unknown',
      `The rules of the environment ${facts.environment} could not be read.`,
      'Try again when GitHub answers; the app needs the permission actions.',
    );
  }
  const all = rules === 'none' ? [] : rules;
  const no = all.map((rule) => ruleRefusal(rule, facts)).find((each) => each !== undefined);
  if (no) return no;
  return {
    allowed: true,
    rule: rules === 'none' ? 'no rules there' : 'rules of the environment',
    approvals: all.flatMap((rule) =>
      rule.kind === 'reviewers'
        ? [{ why: 'reviewers' as const, from: rule.reviewers, right: 'reader' as const }]
        : [],
    ),
    waitMs: Math.max(0, ...all.map((rule) => (rule.kind === 'wait' ? rule.minutes * 60_000 : 0))),
  };
}

function ruleRefusal(
  rule: EnvironmentRule,
  { environment, branch, branchIsProtected }: Parameters<typeof environmentVerdict>[1],
): Refusal | undefined {
  switch (rule.kind) {
    case 'branches':
      if (rule.patterns.some((pattern) => matchesBranch(pattern, branch))) return undefined;
      return refusal(
        'branch-refused',
        `${environment} takes deployments from ${listed(rule.patterns)} only, and this is ${branch}.`,
        `Merge it first, or change the branch policy of ${environment} on GitHub.`,
      );
    case 'protected-branches':
      if (branchIsProtected) return undefined;
      return refusal(
        'branch-refused',
        `${environment} takes deployments from protected branches only, and ${branch} is none.`,
        'Merge it first: the push to a protected branch deploys.',
      );
    case 'reviewers':
      if (rule.reviewers.length) return undefined;
      return refusal(
        'rule-unknown',
        `${environment} asks for reviewers, and it could not be read who they are.`,
        `Name them at ${environment} on GitHub.`,
      );
    case 'wait':
      if (Number.isFinite(rule.minutes)) return undefined;
      return refusal(
        'rule-unknown',
        `${environment} asks to wait, and it could not be read how long.`,
        `Set it anew at ${environment} on GitHub.`,
      );
    case 'other':
      return refusal(
        'rule-unknown',
        `${environment} has the rule ${rule.name}, which is not known here.`,
        `Deploy to an environment without it, or remove it from ${environment} on GitHub.`,
      );
  }
}

/** As Ruby's fnmatch with paths, which GitHub uses: `*` stops at a slash, `**` followed by a slash does not. */
export function matchesBranch(pattern: string, branch: string): boolean {
  const source = pattern
    .split(/(\*\*\/|\*+|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:[^/]+/)*';
      if (/^\*+$/.test(part)) return '[^/]*';
      return part === '?' ? '[^/]' : part.replace(/[\\^$.+()[\]{}|]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`).test(branch);
}

/** Checks that the base branch requires, and how they are on the commit. What has not ended well is a no. Pure. */
export function requiredChecksVerdict(
  required: readonly string[] | 'unknown',
  passed: ReadonlySet<string>,
  environment: string,
): Decision {
  if (required === 'unknown') {
    return refusal(
      'checks-unknown',
      'It could not be read which checks have to pass.',
      'Try again when GitHub answers.',
    );
  }
  const missing = required.filter((name) => !passed.has(name));
  if (!missing.length)
    return { allowed: true, rule: required.length ? 'required checks passed' : 'no check is required' };
  return refusal(
    'checks-missing',
    `${environment} waits for ${listed(missing)}, which has not passed on this commit.`,
    'Deploy again when it is green.',
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown || 'nobody';
}

function refusal(code: string, message: string, advice: string): Refusal {
  return { allowed: false, code, message, advice };
}

/** Whether something that was asked long ago is still to be done: after an outage, people are asked again. Pure. */
export function staleVerdict({ saidAtMs, heardAtMs }: { saidAtMs: number; heardAtMs: number }): Decision {
  const minutes = Math.round((heardAtMs - saidAtMs) / 60_000);
  if (heardAtMs - saidAtMs <= TOO_OLD_MS) return { allowed: true, rule: 'asked just now' };
  return refusal(
    'too-old',
    `You wrote this ${minutes} minutes before it could be read; perhaps it is no longer what you want. Nothing was done.`,
    'If it is, write it again.',
  );
}
