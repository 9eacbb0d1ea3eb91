import { createHash, randomInt } from 'node:crypto';
import {
  type Needs,
  type Proposal,
  type Refusal,
  type Somebody,
  type Subject,
  standingOf,
} from '../policy/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { GivenFile } from './verb.ts';

/** What holding back stands on. */
export type HoldGround = Pick<Ground, 'proposals' | 'clock' | 'approveWithinMs'>;

/** A deploy that somebody wants, with what has to be waited for. */
export interface Wanted {
  readonly subject: Subject;
  readonly needs: Needs;
  readonly requester: Somebody;
  readonly reason: string;
  readonly pull: { readonly number: number; readonly head: string };
  /** The branch whose push it is; '' for none. */
  readonly branch: string;
  /** What it has waited for so far. */
  readonly proposal?: string | undefined;
}

/** Whether it goes now, waits for its proposal, or is over. */
export type Held = { readonly goes: Proposal | undefined } | { readonly waits: Proposal } | Refusal;

/**
 * Holds a deploy back until everything is there that it has to wait for. Said twice, it waits for the same; what has been
 * approved before counts for the same commit, files and environment.
 */
export async function holdBack(ground: HoldGround, wanted: Wanted): Promise<Held> {
  const { needs, subject } = wanted;
  const known = await proposalFor(ground, wanted);
  if (!needs.approvals.length && !needs.waitMs) return { goes: known };
  const proposal = known ?? (await propose(ground, wanted, { wanted: true }));
  const nowMs = ground.clock.now();
  const standing = standingOf(proposal, nowMs, needs);
  if (standing.kind === 'ready') return { goes: proposal };
  if (standing.kind === 'ended')
    return over(
      `${standing.state === 'done' ? 'proposal-ended' : standing.state}`,
      standing.why || 'it was deployed already',
    );
  if (standing.kind === 'expired') {
    const why = say.expiredWords(subject.environment);
    await withdraw(ground, proposal.id, why, 'expired');
    return over('expired', why);
  }
  return { waits: await asked(ground, proposal, needs) };
}

/** The one that it waits for already, or an open one for the same. */
export async function proposalFor(
  { proposals }: Pick<HoldGround, 'proposals'>,
  { subject, proposal }: Pick<Wanted, 'subject' | 'proposal'>,
): Promise<Proposal | undefined> {
  const waited = proposal === undefined ? undefined : await proposals.get(proposal);
  if (waited) return waited;
  return (await proposals.open()).find((each) => isSame(each, subject));
}

/** Who has approved everything has approved each part. */
function isSame(proposal: Proposal, subject: Subject): boolean {
  return (
    (['repository', 'environment', 'commit', 'spec'] as const).every(
      (part) => proposal[part] === subject[part],
    ) &&
    (proposal.group === '' || proposal.group === subject.group)
  );
}

const LETTERS = '23456789abcdefghjkmnpqrstuvwxyz';

/** A name that people can type. */
export function freshName(kind: 'ask' | 'yes'): string {
  return `${kind}-${Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`;
}

/** Writes down what waits. `wanted: false`: it can be approved before anybody has asked for the deploy. */
export async function propose(
  { proposals, clock, approveWithinMs }: HoldGround,
  { subject, needs, requester, reason, pull, branch }: Omit<Wanted, 'proposal'>,
  { wanted }: { readonly wanted: boolean },
): Promise<Proposal> {
  const proposal: Proposal = {
    ...subject,
    id: freshName('ask'),
    pull: pull.number,
    head: pull.head,
    branch,
    requester,
    reason,
    needs,
    askedAtMs: clock.now(),
    expiresAtMs: wanted ? clock.now() + approveWithinMs : null,
    wanted,
    approvals: [],
    state: 'open',
    ending: '',
  };
  await proposals.add(proposal);
  return proposal;
}

/** Rules may have changed since; what counts is how they are now. */
async function asked({ proposals }: HoldGround, proposal: Proposal, needs: Needs): Promise<Proposal> {
  if (proposal.wanted && JSON.stringify(proposal.needs) === JSON.stringify(needs)) return proposal;
  return (await proposals.change(proposal.id, (before) => ({ ...before, needs, wanted: true }))) ?? proposal;
}

function over(code: string, message: string): Refusal {
  return { allowed: false, code, message, advice: 'Nothing was done. Ask for it again when it is right.' };
}

/** It is over without a deploy; one that has ended stays as it is. */
export async function withdraw(
  { proposals }: Pick<HoldGround, 'proposals'>,
  id: string,
  why: string,
  state: 'withdrawn' | 'expired' | 'rejected' = 'withdrawn',
): Promise<Proposal | undefined> {
  return proposals.change(id, (before) => ({ ...before, state, ending: why }));
}

/** An approval is for one deploy; that a commit of a fork may run holds as long as it is the newest. */
export async function used({ proposals }: Pick<HoldGround, 'proposals'>, proposal: Proposal): Promise<void> {
  const { approvals } = proposal.needs;
  if (approvals.length > 0 && approvals.every(({ why }) => why === 'fork')) return;
  await proposals.change(proposal.id, (before) => ({ ...before, state: 'done' }));
}

/** What every container group of a commit says, as a hash. Pure. */
export function specHash(files: readonly GivenFile[]): string {
  const hash = createHash('sha256');
  for (const { path, text } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
    hash.update(`${path}\0${text}\0`);
  return hash.digest('hex').slice(0, 16);
}
