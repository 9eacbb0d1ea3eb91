import { rate, sizeOf } from '../metering/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Block } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { groupSize } from '../spec/index.ts';
import type { Ground } from './ground.ts';
import type { Plan } from './plan-files.ts';
import { roomStages } from './room-stages.ts';

/** Problems, size, price and change of each file, as a push shows them. */
export async function* showPlans(
  ground: Ground,
  plans: readonly Plan[],
  caller: Caller,
  startedAtMs = ground.clock.now(),
): AsyncGenerator<Block> {
  for (const plan of plans) {
    for (const problem of plan.problems) yield say.problemBlock(problem, plan.text);
    if (!plan.accepted) continue;
    const { group, location, effect, changes, update } = plan.accepted;
    yield say.specStage(plan.path, group, groupSize(group), ground.clock.now() - startedAtMs);
    yield say.priceStage(rate(sizeOf(group), location.prices));
    const change = say.changeStage(effect, changes, update.kind === 'beside');
    if (change) yield change;
    yield* say.updateStages(update);
    yield* await roomStages(ground, plan.accepted, caller);
  }
}
