import { type GroupKey, partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Caller } from '../policy/index.ts';
import { type GpuShortage, gpuClaims, isEver, lookForGpus, takeGpus } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { type Group, nearestWord, type Problem } from '../spec/index.ts';
import type { Ground, Host } from './ground.ts';
import { problemAt } from './locate.ts';
import { ENGINE_TIMEOUT_MS } from './locations.ts';
import { maySee } from './visible.ts';

/** A group that may ask for GPUs, and the host that it is on or goes to. */
interface Asker {
  readonly key: GroupKey;
  readonly group: Group;
  readonly host: Host;
}

/**
 * The group holds its GPUs from here on; one that may wait gets them when it is its turn. Throws a Failure `gpu-unavailable`:
 * somebody was quicker.
 */
export async function holdGpus(
  ground: Ground,
  asker: Asker,
  { caller, queue = false }: { readonly caller: Caller; readonly queue?: boolean | undefined },
): Promise<void> {
  if (!asker.host.gpus.length) return;
  const signal = AbortSignal.timeout(ENGINE_TIMEOUT_MS);
  const allotment = await takeGpus(partsOfGround(ground), gpuAsker(asker), signal);
  if (allotment.ok || queue) return;
  throw await gpuFailure(ground, asker.host.name, caller, allotment.shortages);
}

/** Throws a Failure `gpu-unavailable` for a group that would not get its GPUs now. */
export async function refuseWithoutGpus(
  ground: Ground,
  asker: Asker,
  caller: Caller,
  signal: AbortSignal,
): Promise<void> {
  if (!gpuClaims(asker.group).length) return;
  const allotment = await lookForGpus(partsOfGround(ground), gpuAsker(asker), signal);
  if (!allotment.ok) throw await gpuFailure(ground, asker.host.name, caller, allotment.shortages);
}

async function gpuFailure(
  ground: Ground,
  host: string,
  caller: Caller,
  shortages: readonly GpuShortage[],
): Promise<Failure> {
  const [first] = await toldTo(ground, caller, shortages);
  if (!first) return new Failure('gpu-unavailable', `${host} has no GPU free.`);
  const advice = say.gpuAdvice(false, first.ahead + 1);
  return new Failure('gpu-unavailable', say.gpuShortage(host, first), { advice });
}

/** Why a group gets no GPUs now, at the lines that ask for them; who waits for its turn is only told of it. */
export async function gpuProblems(
  ground: Ground,
  file: { path: string; text: string },
  { key, group, host }: Omit<Asker, 'host'> & { readonly host: Host | undefined },
  { caller, queue = false }: { readonly caller: Caller; readonly queue?: boolean | undefined },
  signal: AbortSignal,
): Promise<Problem[]> {
  const problems = [...limitProblems(file, group), ...modelProblems(file, group)];
  if (!host || !gpuClaims(group).length || problems.length) return problems;
  const allotment = await lookForGpus(partsOfGround(ground), gpuAsker({ key, group, host }), signal);
  if (allotment.ok) return [];
  const told = await toldTo(ground, caller, allotment.shortages);
  return told.map((shortage) => {
    const isEnough = shortage.wanted <= shortage.total;
    const index = group.containers.findIndex(({ name }) => name === shortage.container);
    const path = `properties.containers[${index}].properties.resources.requests.gpu`;
    const near = isEnough ? undefined : nearOf(shortage.sku, host);
    const problem = problemAt(file, {
      code: 'gpu-unavailable',
      own: true,
      path: shortage.total || isEnough ? path : `${path}.sku`,
      message: say.gpuShortage(host.name, shortage),
      advice: isEnough ? say.gpuAdvice(queue, shortage.ahead + 1) : say.gpuNever(skusOf(host), near),
    });
    return isEnough && queue ? { ...problem, severity: 'warning' } : problem;
  });
}

/** What somebody is told of who holds what: of groups that they may not look at, only that there are some. */
async function toldTo(ground: Ground, caller: Caller, shortages: readonly GpuShortage[]) {
  const wishes = await ground.desired.list();
  const isTold = (key: GroupKey) => {
    const repository = wishes.find((wish) => wish.key === key)?.repository ?? '';
    return maySee(ground, caller, { group: key, repository });
  };
  return shortages.map((shortage) => ({
    ...shortage,
    holders: shortage.holders.map(({ key, count }) => {
      const { environment, name } = partsOf(key);
      return { name: isTold(key) ? say.placeName({ name, environment }) : '', count };
    }),
  }));
}

/** A GPU is used whole: a limit that differs from the request can mean nothing. */
function limitProblems(file: { path: string; text: string }, { containers }: Group): Problem[] {
  return containers.flatMap(({ resources: { requests, limits } }, index) => {
    const limit = limits?.gpu;
    if (!limit || (limit.count === requests.gpu?.count && limit.sku === requests.gpu.sku)) return [];
    return [
      problemAt(file, {
        code: 'gpu-limit',
        own: true,
        path: `properties.containers[${index}].properties.resources.limits.gpu`,
        message:
          'The limit of GPUs differs from the request; a container has the GPUs that it requests, whole.',
        advice: 'Write the same under requests.gpu, or remove limits.gpu.',
      }),
    ];
  });
}

/** A bill knows one model a group: what two cost would be told wrong. */
function modelProblems(file: { path: string; text: string }, { containers }: Group): Problem[] {
  const [first] = gpuClaims({ containers });
  const index = containers.findIndex(
    ({ resources: { requests } }) => requests.gpu && requests.gpu.sku !== first?.sku,
  );
  if (!first || index < 0) return [];
  return [
    problemAt(file, {
      code: 'gpu-models',
      own: true,
      path: `properties.containers[${index}].properties.resources.requests.gpu.sku`,
      message: `The group asks for GPUs of two models; ${first.container} asks for ${first.sku}.`,
      advice: `Write ${first.sku}, or put the containers into two groups.`,
    }),
  ];
}

function skusOf({ gpus }: Host): string[] {
  return [...new Set(gpus.map(({ sku }) => sku))];
}

function nearOf(sku: string, host: Host): string | undefined {
  const known = skusOf(host);
  return known.includes(sku) ? undefined : nearestWord(sku, known);
}

/** Whether a host has what a group asks for; undefined for a group that asks for none. */
export async function gpuRoom(
  ground: Ground,
  asker: Asker,
  signal: AbortSignal,
): Promise<'free' | 'held' | 'never' | undefined> {
  const claims = gpuClaims(asker.group);
  if (!claims.length) return undefined;
  if (!isEver(claims, asker.host.gpus)) return 'never';
  return (await lookForGpus(partsOfGround(ground), gpuAsker(asker), signal)).ok ? 'free' : 'held';
}

function partsOfGround({ gpus, desired, hosts }: Ground) {
  return { gpus, desired, gpuDevices: (host: string) => hosts[host]?.gpus ?? [] };
}

function gpuAsker({ key, group, host: { name, engine } }: Asker) {
  return { key, host: name, claims: gpuClaims(group), engine };
}
