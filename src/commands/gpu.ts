import { type ContainerUsage, type Engine, type Gpu, meant } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import { deviceViews } from './gpu-devices.ts';
import type { Ground } from './ground.ts';
import { gpusFrom, NVIDIA_SMI } from './nvidia-smi.ts';
import { silenceOf } from './nvidia-smi-silence.ts';
import { savingsOf } from './right-size.ts';
import { targetKey } from './targets.ts';
import type { UsageSample } from './usage-sample.ts';
import type { RunVerb } from './verb.ts';
import { groupsFor } from './visible.ts';

/** `nvidia-smi` answers within a second; a device that is stuck never does. */
const GPU_TIMEOUT_MS = 10_000;

/** What containers use now, who holds which GPU, and who waits for one. */
export const runGpu: RunVerb = async function* (ground, { target, environment, caller }, signal) {
  const key = target && targetKey(target);
  const wishes = (await groupsFor(ground, caller)).filter(
    (wish) =>
      (key === undefined || wish.key === key) &&
      (environment === undefined || partsOf(wish.key).environment === environment),
  );
  if (key && !wishes.length) return say.unknownGroup(key, await groupsFor(ground, caller));
  const used = await usageOf(ground, wishes, key, signal);
  const rows = used.map(({ key: group, ...row }) => ({
    ...row,
    lastHour: hourOf(ground.lastHour(group), row.container),
  }));
  const { devices, waiting } = await deviceViews(ground, caller, used, { key, environment });
  const savings = wishes.flatMap((wish) => savingsIn(ground, wish));
  const data = { containers: rows, devices, waiting, savings };
  yield* say.usageBlocks(data, ground.clock.now());
  return say.done('usage', data);
};

function hourOf(samples: readonly UsageSample[], name: string): say.UsagePoint[] {
  return samples.flatMap(({ atMs, containers }) =>
    containers
      .filter(({ container }) => container === name)
      .map(({ cpuMilli, memoryBytes }) => ({ atMs, cpuMilli, memoryBytes })),
  );
}

/** What the file of a group could ask for instead, by what was seen of it. */
function savingsIn({ lastHour, locations, defaultPrices }: Ground, { key, revision, location }: Wish) {
  const prices = locations[location]?.prices ?? defaultPrices;
  const group = say.nameOf(key);
  return savingsOf(revision.group, lastHour(key), prices).map((each) => ({
    group,
    file: revision.path,
    ...each,
  }));
}

/** Each container that runs of these groups, with the GPUs that it holds. */
export async function usageOf(
  ground: Ground,
  wishes: readonly Wish[],
  key: GroupKey | undefined,
  signal: AbortSignal,
) {
  const byHost = Map.groupBy(wishes, ({ host }) => host);
  const looks = [...byHost].map(async ([name, there]) => {
    const engine = ground.hosts[name]?.engine;
    const used = (await engine?.usage(signal, key)) ?? new Map<GroupKey, ContainerUsage[]>();
    const rows = there.flatMap((wish) =>
      inOrder(wish, used.get(wish.key) ?? []).map(async (usage) => ({
        key: wish.key,
        group: say.nameOf(wish.key),
        ...usage,
        ...(engine && holdsGpu(wish, usage.container)
          ? await gpusIn(engine, wish.key, usage.container)
          : { gpus: [], silence: null }),
      })),
    );
    return Promise.all(rows);
  });
  return (await Promise.all(looks)).flat();
}

/** Of the revision that serves, as its file lists them. */
function inOrder(
  { revision }: Wish,
  usage: readonly ContainerUsage[],
): Omit<ContainerUsage, 'podRevision'>[] {
  const serving = meant(usage, (each) => each.podRevision, revision.number);
  return revision.group.containers.flatMap(({ name }) =>
    serving.filter(({ container }) => container === name).map(({ podRevision: _, ...used }) => used),
  );
}

function holdsGpu({ revision }: Wish, container: string): boolean {
  return revision.group.containers.some(
    ({ name, resources }) => name === container && resources.requests.gpu !== undefined,
  );
}

/** Asked inside the container, each question by itself. Where there are no figures it says why, as far as that can be told. */
async function gpusIn(
  engine: Engine,
  key: GroupKey,
  container: string,
): Promise<{ gpus: Gpu[]; silence: say.Silence | null }> {
  const signal = AbortSignal.timeout(GPU_TIMEOUT_MS);
  const { core, more, processes } = NVIDIA_SMI;
  const ask = (command: readonly string[]) => answerTo(engine, { key, container, command }, signal);
  const [first, second, third] = await Promise.all([ask(core), ask(more), ask(processes)]);
  const gpus = gpusFrom({ core: first.text, more: second.text, processes: third.text });
  return { gpus, silence: gpus.length || first.exitCode === 'gone' ? null : silenceOf(first.exitCode) };
}

interface Answer {
  /** '' where there is none. */
  readonly text: string;
  /** undefined: there was none in time; `gone`: the container went meanwhile. */
  readonly exitCode: number | 'gone' | undefined;
}

/** What a shell ends with where a program is not there, or may not be run. */
const SHELL_CODES: Readonly<Record<string, number>> = {
  'command-not-found': 127,
  'command-not-executable': 126,
};

async function answerTo(
  engine: Engine,
  request: { readonly key: GroupKey; readonly container: string; readonly command: readonly string[] },
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const session = await engine.exec({ ...request, input: false }, signal);
    const parts: Uint8Array[] = [];
    for await (const { stream, bytes } of session.output) if (stream === 'stdout') parts.push(bytes);
    const exitCode = await session.exitCode;
    return { text: exitCode === 0 ? Buffer.concat(parts).toString('utf8') : '', exitCode };
  } catch (error) {
    if (error instanceof Failure) return { text: '', exitCode: SHELL_CODES[error.code] ?? 'gone' };
    if (signal.aborted) return { text: '', exitCode: undefined };
    throw error;
  }
}
