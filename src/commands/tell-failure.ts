import type { Fact } from '../event.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import type { Cause } from './cause.ts';
import type { Ground } from './ground.ts';
import type { Plan } from './plan-files.ts';
import { causeOfExit, reportOf, withLines } from './report.ts';

/** A revision that is brought up, and the file that it came with. */
export interface Brought {
  readonly wish: Wish;
  readonly plan: Pick<Plan, 'path' | 'text' | 'accepted'>;
}

export type Exit = Extract<Fact, { kind: 'member-exited' }>;

/** The end of a container that was to run on, with the last of its runs: `exit` says whose, if it was seen. */
export async function* tellExit(
  ground: Ground,
  followed: Brought,
  exit: Exit | undefined,
): AsyncGenerator<Block, Outcome> {
  const { wish } = followed;
  const runs = (await ground.runs.runs(wish.key)).filter(({ exitCode }) => exitCode !== 0);
  const run = runs.findLast(({ container }) => container === exit?.container) ?? runs.at(-1);
  const cause = run
    ? await causeOfExit(ground, wish, run)
    : { code: 'crashed', ...say.crashed(wish.revision.group.name), about: {} };
  return yield* tellFailure(ground, followed, cause);
}

/** What was tried beside the one that serves, and given up: the last of its runs says more than that it has ended. */
export async function* tellTrial(
  ground: Ground,
  followed: Brought,
  cause: Cause,
): AsyncGenerator<Block, Outcome> {
  const { key, revision } = followed.wish;
  const runs = (await ground.runs.runs(key)).filter(({ podId }) => podId.endsWith(`.r${revision.number}`));
  const run = runs.findLast(({ container }) => container === cause.about.container);
  const exit = run && (await causeOfExit(ground, followed.wish, run));
  return yield* tellFailure(ground, followed, exit ? { ...exit, advice: cause.advice } : cause);
}

/** The container still runs, or its next run has begun: what it printed is looked up now. */
export async function* tellProbe(
  ground: Ground,
  followed: Brought,
  cause: Cause,
): AsyncGenerator<Block, Outcome> {
  return yield* tellFailure(ground, followed, await withLines(ground, followed.wish, cause));
}

/** One failure, one message. */
export async function* tellFailure(
  ground: Ground,
  { wish, plan }: Brought,
  cause: Cause,
): AsyncGenerator<Block, Outcome> {
  const report = await reportOf(ground, { wish, file: plan, before: plan.accepted?.before }, cause);
  yield* say.reportBlocks(report, plan.text);
  return say.reported(report);
}
