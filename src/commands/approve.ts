import { Failure } from '../failure.ts';
import {
  type Approval,
  approvalVerdict,
  type Caller,
  type Candidate,
  type Proposal,
  personOf,
  type Refusal,
  standingOf,
} from '../policy/index.ts';
import type { Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import { withdraw } from './hold.ts';
import type { Asked, RunVerb } from './verb.ts';

/** Says yes to what waits. Who waits for it hears of it and goes on by itself. */
export const runApprove: RunVerb = async function* (ground, asked) {
  const found = await proposalNamed(ground, asked);
  if ('allowed' in found) return refusedAs(found);
  const candidate = await candidateFor(ground, asked.caller, found);
  const nowMs = ground.clock.now();
  const verdict = approvalVerdict(found, candidate, nowMs);
  if (!verdict.allowed) return refusedAs(verdict);
  const { reason } = asked.options;
  const approval: Approval = {
    ...candidate,
    right: candidate.right ?? 'reader',
    atMs: nowMs,
    reason: typeof reason === 'string' ? reason : '',
  };
  const after = await ground.proposals.change(found.id, (before) => ({
    ...before,
    approvals: [...before.approvals.filter(({ person }) => person !== approval.person), approval],
  }));
  if (!after) return say.refused('proposal-ended', `${found.id} is over.`, 'Ask for the deploy again.');
  const standing = standingOf(after, nowMs);
  yield say.approvedStage(after, standing, nowMs);
  return say.approved(after, standing);
};

/** Says no to what waits, with a reason for who has asked. */
export const runReject: RunVerb = async function* (ground, asked) {
  const { reason } = asked.options;
  const found = await proposalNamed(ground, asked);
  if ('allowed' in found) return refusedAs(found);
  if (typeof reason !== 'string' || !reason.trim()) {
    return say.refused(
      'reason-missing',
      'A no takes a reason: who has asked reads it.',
      `reject ${found.id} --reason "why"`,
    );
  }
  const candidate = await candidateFor(ground, asked.caller, found);
  const own = candidate.person === found.requester.person;
  const verdict = approvalVerdict(found, candidate, ground.clock.now());
  // Whoever has a hand in it may stop it, as may whoever could approve it.
  const isStopped = own || verdict.allowed || verdict.code === 'approval-own';
  if (!isStopped) return refusedAs(verdict);
  const words = own ? say.takenBackWords(candidate.name, reason) : say.rejectedWords(candidate.name, reason);
  const after = await withdraw(ground, found.id, words, own ? 'withdrawn' : 'rejected');
  if (!after) return say.refused('proposal-ended', `${found.id} is over.`, '');
  yield say.rejectedStage(after);
  return say.rejected(after);
};

function refusedAs({ code, message, advice }: Refusal): Outcome {
  return say.refused(code, message, advice);
}

/** What is meant by a name, or by an environment where one alone waits. */
async function proposalNamed(ground: Ground, asked: Asked): Promise<Proposal | Refusal> {
  const { caller, here, words } = asked;
  const name = words[0] ?? '';
  const isId = name.startsWith('ask-');
  const known = isId ? await ground.proposals.get(name) : undefined;
  const all = isId ? (known ? [known] : []) : await ground.proposals.open();
  const own = all.filter(
    ({ environment, repository, id }) =>
      (isId ? id === name : environment === name) &&
      (here === undefined || here.repository === repository) &&
      ground.policy.decide(caller, 'reader', 'approve', { environment, repository }).allowed,
  );
  return isId ? (own[0] ?? unknown(name)) : oneOf(own, asked, name);
}

function unknown(name: string): Refusal {
  return {
    allowed: false,
    code: 'proposal-unknown',
    message: `Nothing that is called ${name} waits here.`,
    advice: 'Name it as the bot has, such as ask-7f3k2m.',
  };
}

/** By an environment's name somebody means the commit that they could see. */
async function oneOf(all: readonly Proposal[], { here }: Asked, name: string): Promise<Proposal | Refusal> {
  const there = here?.pull.number ? all.filter(({ pull }) => pull === here.pull.number) : all;
  const [proposal, ...others] = there;
  if (!proposal) return unknown(name);
  if (others.length) {
    throw new Failure('usage', `Several deploys to ${name} wait.`, {
      advice: `Name one: ${there.map(({ id, commit }) => `${id} (${commit.slice(0, 7)})`).join(', ')}`,
    });
  }
  if (!here) return proposal;
  const seen = await here.seen();
  if (!seen.allowed) return seen;
  if (seen.commit === undefined || seen.commit === proposal.commit) return proposal;
  return {
    allowed: false,
    code: 'head-moved',
    message: `What waits there is ${proposal.commit.slice(0, 7)}, and you could see ${seen.commit.slice(0, 7)}.`,
    advice: `Look at it. If you mean it: approve ${proposal.id}`,
  };
}

/** Who wants to approve, with what they may do there and the teams that matter. */
async function candidateFor(
  { policy, codeHost }: Pick<Ground, 'policy' | 'codeHost'>,
  caller: Caller,
  { repository, environment, needs }: Proposal,
): Promise<Candidate> {
  const teams = needs.approvals.flatMap(({ from }) =>
    from.flatMap((each) => (each.kind === 'team' ? [each.name] : [])),
  );
  const person = personOf(caller);
  return {
    person,
    name: caller.name.replace(/^github:/, ''),
    right: policy.rightOf(caller, { environment, repository }).right,
    teams: teams.length ? await codeHost.teamsOf(repository, person, [...new Set(teams)]) : [],
  };
}
