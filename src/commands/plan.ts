import { partsOf } from '../event.ts';
import { rate, sizeOf } from '../metering/index.ts';
import {
  type Caller,
  type Check,
  type Decision,
  decisions,
  objectionsIn,
  type PlaceFacts,
  standingOf,
} from '../policy/index.ts';
import type { Block } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { groupSize } from '../spec/index.ts';
import type { Source } from './file-source.ts';
import type { Ground } from './ground.ts';
import { proposalFor, specHash } from './hold.ts';
import { withImages } from './image-problems.ts';
import { mayQueue } from './may-queue.ts';
import { type Accepted, type Plan, planFiles } from './plan-files.ts';
import { roomStages } from './room-stages.ts';
import { sourceOf } from './source.ts';
import { VERBS } from './table.ts';
import type { Asked, RunVerb } from './verb.ts';

/** What a deploy would change, what it would cost, and whether it would be allowed. Changes nothing. */
export const runPlan: RunVerb = async function* (ground, asked, signal) {
  const source = await sourceOf(ground, asked);
  if ('kind' in source) return source;
  const planned = await planFiles(ground, { ...source, queue: mayQueue(asked) }, signal);
  const place = await placeFacts(ground, asked, source);
  // Logins of the environment go along: nobody has them used who could not deploy with them now.
  const plans = isOpen(place) ? await withImages(ground, source, planned, signal) : planned;
  const groups: unknown[] = [];
  for (const plan of plans) {
    for (const problem of plan.problems) yield say.problemBlock(problem, plan.text);
    if (plan.accepted) yield* showAccepted(ground, plan, plan.accepted, asked.caller);
    const checks = checksFor(ground, source, plan, place);
    yield { kind: 'blank' };
    yield* say.decisionBlocks(checks);
    const wouldDeploy = checks.every(({ state }) => state !== 'failed');
    yield say.verdictStage(
      wouldDeploy,
      checks.some(({ state }) => state === 'waits'),
    );
    groups.push({ path: plan.path, ...(plan.accepted ? dataOf(plan.accepted) : {}), wouldDeploy, checks });
  }
  const problems = plans.flatMap((plan) => plan.problems);
  if (plans.some(({ accepted }) => !accepted)) return say.invalid(problems);
  return say.done('plan', { groups, problems });
};

/** Would it be deployed, and if not, why not: every question that a deploy is asked. */
function checksFor(
  ground: Ground,
  { caller, environment, repository }: Source,
  { problems, accepted }: Plan,
  place: PlaceFacts | null | undefined,
): Check[] {
  const from = repository || accepted?.repository;
  return decisions({
    decision: decisionOn(ground, { caller, environment, repository: from ?? '' }),
    ...(place === undefined ? {} : { place }),
    confirmation: ground.policy.isProtected(environment) ? 'given' : 'not-needed',
    ...objectionsIn(problems),
    waitsForRoom: accepted !== undefined && accepted.missing.size > 0,
  });
}

function decisionOn(
  { policy }: Ground,
  { caller, environment, repository }: Pick<Source, 'caller' | 'environment' | 'repository'>,
): Decision {
  const at = { environment, ...(repository ? { repository } : {}) };
  return policy.decide(caller, 'deployer', `deploy to ${environment}`, at);
}

/** What a pull request would ask of a deploy, and whether that is there already. Not looked at for who may not deploy. */
async function placeFacts(
  ground: Ground,
  { here, environment, commit, options, target }: Asked,
  source: Source,
): Promise<PlaceFacts | null | undefined> {
  if (!here?.pull.number) return undefined;
  if (!decisionOn(ground, source).allowed) return null;
  const verb = VERBS.find(({ name }) => name === 'deploy');
  if (!verb) return undefined;
  const asking = { verb, options, ...(environment ? { environment } : {}), ...(commit ? { commit } : {}) };
  const admission = await here.admit(asking);
  const needs = admission.allowed ? admission.needs : undefined;
  if (!needs) return { admission, missing: [], waitMs: 0 };
  const subject = {
    repository: source.repository,
    environment: source.environment,
    commit: source.commit,
    spec: specHash((await here.source(commit)).files),
    group: target?.name ?? '',
  };
  const proposal = await proposalFor(ground, { subject, proposal: undefined });
  if (!proposal) return { admission, missing: needs.approvals, waitMs: needs.waitMs };
  const nowMs = ground.clock.now();
  const standing = standingOf(proposal, nowMs, needs);
  const waitMs = Math.max(0, proposal.askedAtMs + needs.waitMs - nowMs);
  return { admission, missing: standing.kind === 'needs-approval' ? standing.missing : [], waitMs };
}

/** Whether nothing of the place stands in the way of a deploy. */
function isOpen(place: PlaceFacts | null | undefined): boolean {
  if (!place) return place === undefined;
  return place.admission.allowed && place.missing.length === 0 && place.waitMs === 0;
}

async function* showAccepted(
  ground: Ground,
  plan: Plan,
  accepted: Accepted,
  caller: Caller,
): AsyncGenerator<Block> {
  const { key, group, location, locationName, host, effect, changes, before, facts, update } = accepted;
  yield say.specStage(plan.path, group, groupSize(group), 0);
  yield* say.priceChange(
    before && before.wanted !== 'deleted' ? rate(sizeOf(before.revision.group), location.prices) : undefined,
    rate(sizeOf(group), location.prices),
  );
  yield say.changeStage(effect, changes, update.kind === 'beside') ??
    say.stage('done', 'change', 'a new group');
  if (changes.length) yield say.changeTable(changes);
  yield* say.updateStages(update);
  const room = await roomStages(ground, accepted, caller);
  if (!accepted.missing.size)
    yield say.capacityStage(host?.name ?? locationName, groupSize(group).memoryBytes, facts);
  yield* room;
  yield say.placeStage(partsOf(key).environment, accepted.fqdn ? ground.edge.urlOf(accepted.fqdn) : '');
}

function dataOf({ key, effect, changes, fqdn, group, location, before, missing }: Accepted) {
  const price = rate(sizeOf(group), location.prices);
  const priceBefore =
    before && before.wanted !== 'deleted' ? rate(sizeOf(before.revision.group), location.prices) : null;
  return { group: key, effect, changes, fqdn, price, priceBefore, waits: missing.size > 0 };
}
