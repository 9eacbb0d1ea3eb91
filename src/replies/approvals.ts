import { type Need, needWords, type Proposal, REPOSITORY_FILE, type Standing } from '../policy/index.ts';
import type { Problem } from '../spec/index.ts';
import type { Block, Outcome } from './document.ts';
import { done } from './outcomes.ts';
import { momentWords } from './pull.ts';
import { refused, stage } from './push.ts';

// What the bot says of what waits for people or for the clock.

/** `waits for cleo or the team acme/ops`, `waits until 14:32 UTC`; '' for what no longer waits. */
export function standingWords(standing: Standing, nowMs: number): string {
  switch (standing.kind) {
    case 'needs-approval':
      return `waits for ${standing.missing.map(neededWords).join(', and for ')}`;
    case 'waits':
      return `waits until ${momentWords(standing.untilMs, nowMs)}`;
    case 'ready':
      return 'is approved';
    case 'expired':
      return 'was not approved in time';
    case 'ended':
      return '';
  }
}

const WHY: Readonly<Record<Need['why'], string>> = {
  reviewers: '',
  'code-owners': ', who own the file',
  fork: ', because the commits come from a fork',
};

function neededWords(need: Need): string {
  return `${needWords(need)}${WHY[need.why]}`;
}

/** A deploy that goes on by itself later, and what is needed for that. */
export function waiting(proposal: Proposal, standing: Standing, nowMs: number): Outcome {
  const { id, environment, commit, requester, reason, expiresAtMs } = proposal;
  const ends =
    standing.kind === 'needs-approval' && expiresAtMs !== null
      ? ` · over at ${momentWords(expiresAtMs, nowMs)}`
      : '';
  const blocks: Block[] = [
    { kind: 'heading', text: `${environment} ${standingWords(standing, nowMs)}` },
    stage('running', id, `\`${commit.slice(0, 7)}\` to ${environment} · asked by ${requester.name}${ends}`),
    ...(reason ? [stage('done', 'reason', reason)] : []),
    { kind: 'text', text: waitingCommands(id, standing) },
  ];
  return { kind: 'waiting', code: standing.kind, blocks, data: waitingData(proposal, standing) };
}

export function waitingCommands(id: string, standing: Standing): string {
  const no = `\`/kata reject ${id} --reason "why"\``;
  return standing.kind === 'needs-approval' ? `\`/kata approve ${id}\` · ${no}` : no;
}

function waitingData({ id, repository, environment, commit, spec }: Proposal, standing: Standing) {
  return { proposal: id, repository, environment, commit, spec, standing };
}

export function approvedStage(
  { id, environment, commit, wanted }: Proposal,
  standing: Standing,
  nowMs: number,
): Block {
  const next =
    standing.kind !== 'ready'
      ? `it still ${standingWords(standing, nowMs)}`
      : wanted
        ? 'it goes on by itself'
        : '`/deploy` brings it up';
  return stage('done', 'approved', `${id} · \`${commit.slice(0, 7)}\` to ${environment} · ${next}`);
}

export function approved(proposal: Proposal, standing: Standing): Outcome {
  return done('approved', waitingData(proposal, standing));
}

export function rejectedStage({ id, environment, commit }: Proposal): Block {
  return stage('done', 'rejected', `${id} · \`${commit.slice(0, 7)}\` does not go to ${environment}`);
}

export function rejected({ id, environment, commit, ending }: Proposal): Outcome {
  return done('rejected', { proposal: id, environment, commit, why: ending });
}

export function rejectedWords(by: string, reason: string): string {
  return `${by} said no: ${reason.trim()}`;
}

export function takenBackWords(by: string, reason: string): string {
  return `${by} has taken it back: ${reason.trim()}`;
}

export function expiredWords(environment: string): string {
  return `Nobody approved the deploy to ${environment} in time.`;
}

export function pushedOverWords(before: string, after: string): string {
  return `${after.slice(0, 7)} was pushed: what was asked for ${before.slice(0, 7)} holds for that commit alone.`;
}

export function closedWords(): string {
  return 'The pull request was closed.';
}

export function commentGoneWords(): string {
  return 'The comment that asked for it was deleted.';
}

/** What becomes of the comment that has asked for an approval. */
export function settled(
  { environment, commit, approvals, ending }: Proposal,
  went: boolean,
  nowMs: number,
): Block[] {
  const by = approvals.map(({ name, atMs, reason }) =>
    stage('done', 'approved', `by ${name} at ${momentWords(atMs, nowMs)}${reason ? `: ${reason}` : ''}`),
  );
  const end = went
    ? stage('done', 'went on', `\`${commit.slice(0, 7)}\` to ${environment}`)
    : stage('failed', 'not deployed', ending || `\`${commit.slice(0, 7)}\` to ${environment}`);
  return [...by, end];
}

/** For who cannot be asked with a key: what to say, and until when. */
export function confirmAdvice(id: string, line: string): string {
  return `Say \`/kata confirm ${id}\` within ten minutes, or the whole of it with --yes: ${line}`;
}

/** The same where a button stands below, and where the line names its place itself. */
export function confirmWithButton({ code, data }: Outcome, line: string): Outcome {
  const { message }: { message?: unknown } = Object(data);
  return refused(code, String(message), `Press the button, or say \`${line}\` within ten minutes.`);
}

/** Somebody went past what others would have had to say yes to: everybody who reads on is told. */
export function glassBlocks(by: string, reason: string, past: readonly Need[], waitMs: number): Block[] {
  const skipped = [
    ...past.map((need) => `the approval of ${needWords(need)}`),
    ...(waitMs ? [`a wait of ${Math.round(waitMs / 60_000)} minutes`] : []),
  ];
  return [
    stage(
      'warning',
      'break-glass',
      `${by} went past ${skipped.join(', ') || 'nothing: nothing was asked for'}`,
    ),
    stage('warning', 'reason', reason),
  ];
}

/** What a plan says of the repository's own rules: those that hold are broken, or the pull request brings others. */
export function rulesBlocks(
  problems: readonly Problem[],
  changed: readonly Problem[] | undefined,
  base: string,
): Block[] {
  const broken = problems.map(({ line, column, message, advice }) =>
    stage('failed', `${REPOSITORY_FILE}:${line}:${column}`, `on ${base}: ${message} ${advice}`),
  );
  if (!changed) return broken;
  const text = changed.length
    ? 'is changed by this pull request, and has mistakes; nothing of it holds before the merge'
    : `is changed by this pull request; until it is merged, what ${base} says holds`;
  return [...broken, stage('warning', REPOSITORY_FILE, text)];
}

/** What is said of commits that come from a fork. */
export function forkWords(
  fork: 'planned' | 'to-approve' | 'approved',
  commit: string,
  preview: string,
): string {
  switch (fork) {
    case 'planned':
      return 'These commits come from a fork: they are planned, and not deployed from here.';
    case 'to-approve':
      return `⏳ These commits come from a fork. Somebody who may deploy here looks at ${commit} and says \`/kata approve ${preview}\`: then it may run as a preview, that commit alone. Each push asks anew.`;
    case 'approved':
      return `✅ These commits come from a fork, and ${commit} may run as a preview.`;
  }
}

const NOTES: Readonly<Record<Need['why'], string>> = {
  reviewers: '',
  'code-owners': 'They own the file.',
  fork: 'The commits come from a fork.',
};

/** Why somebody has to say yes, and what who has asked says of it; '' when there is nothing to say. */
export function approvalWhy({ reason }: Proposal, missing: readonly Need[]): string {
  return [...new Set(missing.map(({ why }) => NOTES[why])), reason].filter(Boolean).join(' ');
}

export function timerWords(environment: string): string {
  return `the wait timer of ${environment}`;
}

export function approvedInVain(): string {
  return 'It was approved, and did not come up.';
}
