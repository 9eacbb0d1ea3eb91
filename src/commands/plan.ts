import { partsOf } from '../event.ts';
import { rate, sizeOf } from '../metering/index.ts';
import { type Check, decisions, objectionsIn } from '../policy/index.ts';
import type { Block } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { groupSize } from '../spec/index.ts';
import type { Source } from './file-source.ts';
import type { Ground } from './ground.ts';
import { type Accepted, type Plan, planFiles } from './plan-files.ts';
import { sourceOf } from './source.ts';
import type { RunVerb } from './verb.ts';

/** What a deploy would change, what it would cost, and whether it would be allowed. Changes nothing. */
export const runPlan: RunVerb = async function* (ground, asked, signal) {
  const source = await sourceOf(ground, asked);
  if ('kind' in source) return source;
  const plans = await planFiles(ground, source, signal);
  const groups: unknown[] = [];
  for (const plan of plans) {
    for (const problem of plan.problems) yield say.problemBlock(problem, plan.text);
    if (plan.accepted) yield* showAccepted(ground, plan, plan.accepted);
    const checks = checksFor(ground, source, plan);
    yield { kind: 'blank' };
    yield* say.decisionBlocks(checks);
    const wouldDeploy = checks.every(({ state }) => state !== 'failed');
    yield say.verdictStage(wouldDeploy);
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
): Check[] {
  const from = repository || accepted?.repository;
  const place = { environment, ...(from ? { repository: from } : {}) };
  return decisions({
    decision: ground.policy.decide(caller, 'deployer', `deploy to ${environment}`, place),
    confirmation: ground.policy.isProtected(environment) ? 'given' : 'not-needed',
    ...objectionsIn(problems),
  });
}

function* showAccepted(ground: Ground, plan: Plan, accepted: Accepted): Generator<Block> {
  const { key, group, location, locationName, effect, changes, before, facts } = accepted;
  yield say.specStage(plan.path, group, groupSize(group), 0);
  yield* say.priceChange(
    before && before.wanted !== 'deleted' ? rate(sizeOf(before.revision.group), location.prices) : undefined,
    rate(sizeOf(group), location.prices),
  );
  yield say.changeStage(effect, changes) ?? say.stage('done', 'change', 'a new group');
  if (changes.length) yield say.changeTable(changes);
  yield say.capacityStage(locationName, groupSize(group).memoryBytes, facts);
  yield say.placeStage(partsOf(key).environment, accepted.fqdn ? ground.edge.urlOf(accepted.fqdn) : '');
}

function dataOf({ key, effect, changes, fqdn, group, location, before }: Accepted) {
  const price = rate(sizeOf(group), location.prices);
  const priceBefore =
    before && before.wanted !== 'deleted' ? rate(sizeOf(before.revision.group), location.prices) : null;
  return { group: key, effect, changes, fqdn, price, priceBefore };
}
