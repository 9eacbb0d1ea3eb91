import type { Engine } from '../engines/index.ts';
import { Failure } from '../failure.ts';
import type { Prices } from '../metering/index.ts';
import { isEnough } from '../policy/index.ts';
import { adviceWithoutRetry } from '../reconciler/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import type { Source } from './file-source.ts';
import type { Ground } from './ground.ts';
import { problemAt } from './locate.ts';
import { mendOf } from './mend.ts';
import type { Plan } from './plan-files.ts';

interface Asking {
  readonly group: Group;
  readonly engine: Pick<Engine, 'checkImage'>;
  readonly prices: Prices;
}

/**
 * Plans with what is known against their images. Registries are asked from the host, so that only who may deploy there has it ask
 * them: a file may name any address.
 */
export async function withImages(
  ground: Pick<Ground, 'policy'>,
  source: Pick<Source, 'caller' | 'environment' | 'secretsFor'>,
  plans: readonly Plan[],
  signal: AbortSignal,
): Promise<Plan[]> {
  const { caller, environment } = source;
  return Promise.all(
    plans.map(async (plan) => {
      const { host, repository, group, location } = plan.accepted ?? {};
      if (!host || !group || !location || source.secretsFor === 'nobody') return plan;
      const { right } = ground.policy.rightOf(caller, { environment, ...(repository ? { repository } : {}) });
      if (right === undefined || !isEnough(right, 'deployer')) return plan;
      const found = await imageProblems(
        plan,
        { group, engine: host.engine, prices: location.prices },
        signal,
      );
      return { ...plan, problems: [...plan.problems, ...found] };
    }),
  );
}

/** A registry that takes longer says nothing: a plan is not to wait for it. */
const LIMIT_MS = 10_000;

/**
 * What the host and the registries say of a group's images before one is pulled, at the lines that ask for them. Warnings: an image
 * that is missing may be there by the time of the deploy.
 */
export async function imageProblems(
  file: { path: string; text: string },
  { group, engine, prices }: Asking,
  signal: AbortSignal,
): Promise<Problem[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const images = [...group.initContainers, ...group.containers].map(({ image }) => image);
  const ask = (image: string) =>
    engine
      .checkImage({ image, credentials: group.imageRegistryCredentials }, limit)
      .catch((error: unknown) => {
        if (signal.aborted || !(limit.aborted || error instanceof Failure)) throw error;
        return undefined;
      });
  const found = await Promise.all([...new Set(images)].map(ask));
  return found.flatMap((failure) => (failure ? [problemFrom(file, failure, { group, prices })] : []));
}

function problemFrom(
  file: { path: string; text: string },
  { code, message, advice, about }: Failure,
  { group, prices }: Pick<Asking, 'group' | 'prices'>,
): Problem {
  const path = mendOf({ code, message, advice, about }, group, prices)?.path ?? 'properties.containers';
  const own = !/^[A-Z]/.test(code); // as ACI spells its own
  const todo = adviceWithoutRetry(advice); // nothing is tried yet
  return { ...problemAt(file, { code, own, path, message, advice: todo }), severity: 'warning' };
}
