import type { Gpu } from '../engines/index.ts';
import { type GroupKey, partsOf } from '../event.ts';
import type { Caller } from '../policy/index.ts';
import { type GpuHolding, gpuClaims, type Wish, waitingAt } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { UsageSample } from './usage-sample.ts';
import { maySee } from './visible.ts';

/** A running container, and what its driver shows there. */
interface Reading {
  readonly key: GroupKey;
  readonly container: string;
  readonly gpus: readonly Gpu[];
}

/** What a look is about; everything without a word. */
interface Part {
  readonly key: GroupKey | undefined;
  readonly environment: string | undefined;
}

/** Every GPU of every host with its holder; of one group, or one environment and what is free, when that is named. */
export async function deviceViews(
  ground: Ground,
  caller: Caller,
  readings: readonly Reading[],
  part: Part,
): Promise<{ devices: say.DeviceView[]; waiting: say.WaitingView[] }> {
  const wishes = await ground.desired.list();
  const seen = new Set(
    wishes
      .filter(({ key, repository }) => maySee(ground, caller, { group: key, repository }))
      .map(({ key }) => key),
  );
  const parts = await Promise.all(
    Object.values(ground.hosts).map(async ({ name: host, location, gpus }) => {
      const held = await ground.gpus.held(host);
      const listed = gpus.map(({ id }) => id);
      const gone = held
        .filter(({ device }) => !listed.includes(device))
        .map(({ device: id }) => ({ id, sku: '', model: '' }));
      const devices = [...gpus, ...gone].flatMap((device): say.DeviceView[] => {
        const holding = held.find((each) => each.device === device.id);
        if (!isPart(part, holding)) return [];
        const shown = { location, host, ...device };
        const nobody = { ...shown, group: '', container: '', gpu: null, lastHour: [] };
        if (!holding) return [{ ...nobody, state: 'free' }];
        if (!seen.has(holding.key)) return [{ ...nobody, state: 'held' }];
        const { key, container } = holding;
        const gpu = readingOf(holding, held, readings);
        const lastHour = gpu ? hourOf(ground.lastHour(key), gpu.uuid) : [];
        return [{ ...shown, state: 'held', group: say.nameOf(key), container, gpu, lastHour }];
      });
      return { devices, waiting: lineOf({ location, host }, waitingAt(wishes, host, held), seen, part) };
    }),
  );
  return {
    devices: parts.flatMap(({ devices }) => devices),
    waiting: parts.flatMap(({ waiting }) => waiting),
  };
}

/** How busy one GPU was, as far as its driver gave a number. */
function hourOf(samples: readonly UsageSample[], device: string): say.LoadPoint[] {
  return samples.flatMap(({ atMs, gpus }) =>
    gpus.flatMap(({ uuid, percent }) => (uuid === device && percent !== null ? [{ atMs, percent }] : [])),
  );
}

/** A device that is free belongs to every look but that at one group. */
function isPart({ key, environment }: Part, holding: Pick<GpuHolding, 'key'> | undefined): boolean {
  if (!holding) return key === undefined;
  if (key !== undefined) return holding.key === key;
  return environment === undefined || partsOf(holding.key).environment === environment;
}

/** The driver's own name of a device, or its place among those that the container has. */
function readingOf(
  { device, key, container }: GpuHolding,
  held: readonly GpuHolding[],
  readings: readonly Reading[],
): Gpu | null {
  const gpus = readings.find((each) => each.key === key && each.container === container)?.gpus ?? [];
  const own = held.filter((each) => each.key === key && each.container === container);
  const known = gpus.find(({ uuid }) => uuid === device);
  if (known || /^(GPU|MIG)-/.test(device) || own.length !== gpus.length) return known ?? null;
  return gpus[own.findIndex((each) => each.device === device)] ?? null;
}

function lineOf(
  place: { readonly location: string; readonly host: string },
  line: readonly Wish[],
  seen: ReadonlySet<GroupKey>,
  part: Part,
): say.WaitingView[] {
  return line.flatMap((wish, index) => {
    if (!seen.has(wish.key) || !isPart(part, wish)) return [];
    const wants = gpuClaims(wish.revision.group).map(({ sku, count }) => ({ sku, count }));
    const before = line
      .slice(0, index)
      .filter(({ revision }) =>
        gpuClaims(revision.group).some(({ sku }) => wants.some((want) => want.sku === sku)),
      );
    return [{ ...place, group: say.nameOf(wish.key), wants, place: before.length + 1 }];
  });
}
