import type { Refusal } from './refusals.ts';
import { isEnough, type Right } from './rights.ts';

/** Somebody as one person, wherever they speak: `github:NUMBER`, or `caller:NAME` where no more is known. */
export interface Somebody {
  readonly person: string;
  /** What they are called now; shown, never compared. */
  readonly name: string;
}

/** Whose approval counts. A team is `acme/ops`. */
export type Approver =
  | { readonly kind: 'person'; readonly person: string; readonly name: string }
  | { readonly kind: 'team'; readonly name: string };

/** One approval that is asked for. */
export interface Need {
  readonly why: 'reviewers' | 'code-owners' | 'fork';
  /** Any one of them; nobody named: whoever has the right. */
  readonly from: readonly Approver[];
  /** The least that the approver may do there. */
  readonly right: Right;
}

/** All that a deploy has to wait for. */
export interface Needs {
  readonly approvals: readonly Need[];
  /** Counted from the moment that it was asked. */
  readonly waitMs: number;
  /** Who has a hand in it, besides who asks: `you have pushed last`, say. */
  readonly barred: readonly (Somebody & { readonly why: string })[];
}

/** What is approved: this commit with these files, there, and nothing else. */
export interface Subject {
  readonly repository: string;
  readonly environment: string;
  readonly commit: string;
  /** Hash of every container group of the commit. */
  readonly spec: string;
  /** The one group that is meant; '' for all. */
  readonly group: string;
}

/** A deploy that waits for people or for the clock. */
export interface Proposal extends Subject {
  readonly id: string;
  /** The pull request in which it is told; 0 for none. */
  readonly pull: number;
  /** The newest commit when it was asked: with another one it is over. */
  readonly head: string;
  /** The branch that was pushed to; '' when somebody has asked for it in a pull request. */
  readonly branch: string;
  readonly requester: Somebody;
  readonly reason: string;
  readonly needs: Needs;
  readonly askedAtMs: number;
  /** Without an approval until then it is over; null: it waits as long as its commit is the newest. */
  readonly expiresAtMs: number | null;
  /** Somebody wants it deployed; a commit of a fork can be approved before. */
  readonly wanted: boolean;
  readonly approvals: readonly Approval[];
  readonly state: 'open' | 'rejected' | 'withdrawn' | 'expired' | 'done';
  /** Why it ended, a sentence; '' while it is open and when it is done. */
  readonly ending: string;
}

export interface Approval extends Somebody {
  readonly right: Right;
  readonly teams: readonly string[];
  readonly atMs: number;
  readonly reason: string;
}

/** What a place says of who wants to change something there: no, or under which conditions. */
export type Admission =
  | Refusal
  | {
      readonly allowed: true;
      readonly rule: string;
      /** The one commit that it is about. */
      readonly commit?: string;
      /** Absent: nothing is to be waited for. */
      readonly needs?: Needs;
      /** Whether it asks for confirmation, though the settings do not say so. */
      readonly isProtected?: boolean;
      /** How long a group lives there at most, where that is less than the settings say. */
      readonly longestMs?: number;
    };

/** The book of proposals. */
export interface ProposalBook {
  get(id: string): Promise<Proposal | undefined>;
  add(proposal: Proposal): Promise<void>;
  /** Changes one that is open, one change at a time; gives it as it is then, or undefined when it is not open. */
  change(id: string, change: (before: Proposal) => Proposal): Promise<Proposal | undefined>;
  open(): Promise<Proposal[]>;
  /** Forgets those that were asked before then and have ended. */
  forget(beforeMs: number): Promise<void>;
}

/** The book, and who wants to hear of changes. */
export interface Proposals extends ProposalBook {
  /** Called with the proposal's id after it was added and after each change; gives what ends the listening. */
  listen(heard: (id: string) => void): () => void;
}

export function createProposals(book: ProposalBook): Proposals {
  const listeners = new Set<(id: string) => void>();
  const tell = (id: string) => {
    for (const heard of listeners) heard(id);
  };
  return {
    ...book,
    async add(proposal) {
      await book.add(proposal);
      tell(proposal.id);
    },
    async change(id, change) {
      const after = await book.change(id, change);
      if (after) tell(id);
      return after;
    },
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
}

/** Where a proposal stands. */
export type Standing =
  | { readonly kind: 'needs-approval'; readonly missing: readonly Need[]; readonly untilMs: number | null }
  | { readonly kind: 'waits'; readonly untilMs: number }
  | { readonly kind: 'ready' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'ended'; readonly state: Exclude<Proposal['state'], 'open'>; readonly why: string };

/** Where a proposal stands now, by its own needs or by those that were read a moment ago. Pure. */
export function standingOf(proposal: Proposal, nowMs: number, needs: Needs = proposal.needs): Standing {
  const { state, ending, approvals, expiresAtMs, askedAtMs, requester } = proposal;
  if (state !== 'open') return { kind: 'ended', state, why: ending };
  const counted = approvals.filter(
    ({ person }) => person !== requester.person && !needs.barred.some((each) => each.person === person),
  );
  const missing = needs.approvals.filter((need) => !counted.some((approval) => meets(need, approval)));
  if (missing.length) {
    return expiresAtMs !== null && nowMs >= expiresAtMs
      ? { kind: 'expired' }
      : { kind: 'needs-approval', missing, untilMs: expiresAtMs };
  }
  const untilMs = askedAtMs + needs.waitMs;
  return untilMs > nowMs ? { kind: 'waits', untilMs } : { kind: 'ready' };
}

function meets({ from, right }: Need, approval: Pick<Approval, 'person' | 'right' | 'teams'>): boolean {
  if (!isEnough(approval.right, right)) return false;
  return (
    !from.length ||
    from.some((each) =>
      each.kind === 'person' ? each.person === approval.person : approval.teams.includes(each.name),
    )
  );
}

/** Who wants to approve, as the code host knows them now. */
export type Candidate = Pick<Approval, 'person' | 'name' | 'teams'> & { readonly right: Right | undefined };

/** Whether somebody's yes counts, and if not, why. Pure. */
export function approvalVerdict(
  proposal: Proposal,
  candidate: Candidate,
  nowMs: number,
): { readonly allowed: true; readonly meets: readonly Need[] } | Refusal {
  const standing = standingOf(proposal, nowMs);
  if (standing.kind === 'ended' || standing.kind === 'expired') return ended(proposal, standing);
  const personal = handIn(proposal, candidate);
  if (personal) return personal;
  const { right, ...who } = candidate;
  const counted =
    right === undefined ? [] : proposal.needs.approvals.filter((need) => meets(need, { ...who, right }));
  if (counted.length || !proposal.needs.approvals.length) return { allowed: true, meets: counted };
  const [need] = proposal.needs.approvals;
  return no(
    'approval-not-asked',
    `The approval of ${candidate.name} is not what is asked for: ${need ? needWords(need) : 'nobody'} may give it.`,
    'Ask one of them to say it.',
  );
}

function ended({ id }: Proposal, standing: Standing): Refusal {
  const why = standing.kind === 'ended' ? standing.why : 'nobody approved it in time';
  return no('proposal-ended', `${id} is over${why ? `: ${why}` : ''}.`, 'Ask for the deploy again.');
}

/** Nobody approves what they have a hand in; and who they are has to be known where it is known of the other one. */
function handIn({ requester, needs }: Proposal, { person, name }: Candidate): Refusal | undefined {
  if (person === requester.person)
    return no(
      'approval-own',
      `${name} has asked for this, and somebody else has to approve it.`,
      'Ask one who has no hand in it.',
    );
  const hand = needs.barred.find((each) => each.person === person);
  if (hand)
    return no(
      'approval-own',
      `${name} ${hand.why}, and somebody else has to approve it.`,
      'Ask one who has no hand in it.',
    );
  if (realmOf(person) === realmOf(requester.person)) return undefined;
  return no(
    'approval-stranger',
    `It is not known who ${name} is on GitHub, so it could be whoever has asked.`,
    'Approve it in the pull request, or from an account that is linked to GitHub.',
  );
}

function realmOf(person: string): string {
  return person.slice(0, person.indexOf(':'));
}

/** `cleo or the team acme/ops`, `somebody who is a deployer there`. */
export function needWords({ from, right }: Need): string {
  if (!from.length)
    return `somebody else who is ${right === 'admin' || right === 'operator' ? 'an' : 'a'} ${right} there`;
  const names = from.map((each) => (each.kind === 'person' ? each.name : `the team ${each.name}`));
  const shown = names.slice(0, 6);
  return `${shown.join(' or ')}${names.length > shown.length ? ` or ${names.length - shown.length} more` : ''}`;
}

/** The rules ask for a reason that others can understand later. */
export const SHORTEST_GLASS_REASON = 15;

/** Whether somebody may go past approvals and waits. The right is asked for apart. Pure. */
export function glassVerdict(reason: unknown): Refusal | undefined {
  if (typeof reason === 'string' && reason.trim().length >= SHORTEST_GLASS_REASON) return undefined;
  return no(
    'reason-missing',
    `--break-glass takes a reason of ${SHORTEST_GLASS_REASON} characters or more: others read it later.`,
    'Write --break-glass --reason "what is on fire, and why now".',
  );
}

function no(code: string, message: string, advice: string): Refusal {
  return { allowed: false, code, message, advice };
}
